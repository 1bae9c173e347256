//! The config server behind breakers.

use std::future::Future;

use mainstay_specs::{CircuitConfig, ServiceName};
use mainstay_supervisors::Namespace;
use serde::de::DeserializeOwned;

use super::error::{CircuitError, RegisterCircuitError};
use super::handle::CircuitBreaker;
use super::registry::CircuitBreakerRegistry;
use crate::config::{
    Change, ConfigError, ConfigServer, ConfigValue, IntoConfigPath, Reset, Snapshot, outcome,
};

/// The breaker of what reads the configuration.
pub const CONFIG_READS: &str = "config_server.reads";

/// The breaker of what changes the configuration.
pub const CONFIG_CHANGES: &str = "config_server.changes";

/// The config server of a namespace behind circuit breakers: a handle, cheap to clone.
///
/// Reads and changes have a breaker each, [`CONFIG_READS`] and [`CONFIG_CHANGES`], so that trouble with changes never shuts
/// off reads, which need no actor. What is counted is trouble of the server: that it is not there, does not answer, is overloaded,
/// or ended over a request. A caller's own mistakes, such as a path that leads nowhere or a value of the wrong kind, tell
/// nothing about it. While a breaker refuses, calls come to [`ConfigError::ServiceCircuitOpen`].
///
/// ```
/// use mainstay_actors::breaker::{CONFIG_CHANGES, CircuitBreakerRegistry, ProtectedConfigServer};
/// use mainstay_actors::config::{ConfigError, ConfigServer};
/// use mainstay_specs::{Args, CircuitConfig, ConfigServerSpec, NamespaceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let spec = ConfigServerSpec::default().initial(Args::from_ron("(size: 1)")?);
/// let plan = NamespacePlan::new().service(ConfigServer::child(spec));
/// let runtime = Runtime::new();
/// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
///
/// let config = ProtectedConfigServer::in_namespace(&app, CircuitConfig::default())?;
/// let config = config.expect("a config server was started");
/// config.update("size", 2).await?;
///
/// let breakers = CircuitBreakerRegistry::of(&app);
/// breakers.circuit(CONFIG_CHANGES).expect("it is there").force_open();
/// let refused = config.update("size", 3).await;
/// assert!(matches!(refused, Err(ConfigError::ServiceCircuitOpen(_))));
/// assert_eq!(config.get_as::<u8>("size")?, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProtectedConfigServer {
    server: ConfigServer,
    reads: CircuitBreaker,
    changes: CircuitBreaker,
}

impl ProtectedConfigServer {
    /// The config server of a namespace; `None` if none has been started in it. Its breakers are made with this configuration,
    /// unless they are there already: then they stay as they are.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::Config`], [`RegisterCircuitError::TooMany`].
    pub fn in_namespace(
        namespace: &Namespace,
        config: CircuitConfig,
    ) -> Result<Option<Self>, RegisterCircuitError> {
        let Some(server) = ConfigServer::in_namespace(namespace) else {
            return Ok(None);
        };
        let breakers = CircuitBreakerRegistry::of(namespace);
        Ok(Some(Self {
            server,
            reads: breakers.circuit_or_register(&name(CONFIG_READS), config.clone())?,
            changes: breakers.circuit_or_register(&name(CONFIG_CHANGES), config)?,
        }))
    }

    /// The config server itself, behind nothing.
    #[must_use]
    pub const fn unprotected(&self) -> &ConfigServer {
        &self.server
    }

    /// As [`ConfigServer::get`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::get`]; [`ConfigError::ServiceCircuitOpen`].
    pub fn get(&self, path: impl IntoConfigPath) -> Result<ConfigValue, ConfigError> {
        self.read(|server| server.get(path))
    }

    /// As [`ConfigServer::get_as`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::get_as`]; [`ConfigError::ServiceCircuitOpen`].
    pub fn get_as<T: DeserializeOwned>(&self, path: impl IntoConfigPath) -> Result<T, ConfigError> {
        self.read(|server| server.get_as(path))
    }

    /// As [`ConfigServer::get_with_default`]: also while the breaker refuses, as that is no reason for the default.
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::get_with_default`]; [`ConfigError::ServiceCircuitOpen`].
    pub fn get_with_default<T: DeserializeOwned>(
        &self,
        path: impl IntoConfigPath,
        default: T,
    ) -> Result<T, ConfigError> {
        self.read(|server| server.get_with_default(path, default))
    }

    /// As [`ConfigServer::snapshot`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::ServiceCircuitOpen`].
    pub fn snapshot(&self) -> Result<std::sync::Arc<Snapshot>, ConfigError> {
        self.read(|server| Ok(server.snapshot()))
    }

    /// As [`ConfigServer::update`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::update`]; [`ConfigError::ServiceCircuitOpen`].
    ///
    /// Cancel safety: as that of [`ConfigServer::update`]; to the breaker it was cancelled.
    pub async fn update(
        &self,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.change(|| self.server.update(path, value)).await
    }

    /// As [`ConfigServer::update_if`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::update_if`]; [`ConfigError::ServiceCircuitOpen`].
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn update_if(
        &self,
        version: u64,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.change(|| self.server.update_if(version, path, value))
            .await
    }

    /// As [`ConfigServer::force_update`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::force_update`]; [`ConfigError::ServiceCircuitOpen`].
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn force_update(
        &self,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.change(|| self.server.force_update(path, value)).await
    }

    /// As [`ConfigServer::reset`].
    ///
    /// # Errors
    ///
    /// Those of [`ConfigServer::reset`]; [`ConfigError::ServiceCircuitOpen`].
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn reset(&self) -> Result<Reset, ConfigError> {
        self.change(|| self.server.reset()).await
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ConfigServer) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let permit = self.reads.try_acquire();
        let permit =
            permit.map_err(|refusal| ConfigError::ServiceCircuitOpen(Box::new(refusal)))?;
        let result = read(&self.server);
        permit.settle(outcome(&result));
        result
    }

    async fn change<T, F>(&self, change: impl FnOnce() -> F) -> Result<T, ConfigError>
    where
        F: Future<Output = Result<T, ConfigError>>,
    {
        let changed = self.changes.execute_with(outcome, change).await;
        changed.map_err(|error| match error {
            CircuitError::Failed(error) => error,
            CircuitError::Open(refusal) => ConfigError::ServiceCircuitOpen(Box::new(refusal)),
            CircuitError::Timeout(limit) => ConfigError::Timeout(limit),
            CircuitError::Missing(_) | CircuitError::Register(_) => {
                unreachable!("the breaker is at hand")
            }
        })
    }
}

fn name(text: &str) -> ServiceName {
    // Not empty, short, and without `/` and white space.
    ServiceName::new(text).expect("a name")
}
