//! Protections by name.

use std::sync::Arc;

use mainstay_specs::{ProtectionConfig, ProtectionsSpec, ServiceName};
use mainstay_supervisors::{Child, Namespace};

use super::error::{ConfigureProtectionError, ProtectionError};
use super::handle::Protection;
use super::protections::Protections;
use super::start;
use super::stats::ProtectionStats;
use crate::limiter::RateKey;

/// The name under which the keeper of the protections is registered in its namespace, and the id of its child.
pub const NAME: &str = "protections";

/// The protected operations of a namespace, by name: a handle, cheap to clone.
///
/// They are there with or without the keeper, which only makes those of the spec, and tells telemetry once a second how many calls were
/// refused: an attack makes no more events than a single call.
///
/// ```
/// use mainstay_actors::protection::{ProtectionRegistry, execute_protected};
/// use mainstay_actors::breaker::CircuitBreakerRegistry;
/// use mainstay_specs::{CircuitBreakersSpec, NamespaceName, ProtectionConfig, ProtectionsSpec, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (orders, db) = (ServiceName::new("orders")?, ServiceName::new("db")?);
/// let config = ProtectionConfig::default().circuit(db.clone());
/// let plan = NamespacePlan::new()
///     .service(CircuitBreakerRegistry::child(CircuitBreakersSpec::default().breaker(db.clone())))
///     .service(ProtectionRegistry::child(ProtectionsSpec::default().operation(orders.clone(), config)));
/// let runtime = Runtime::new();
/// let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
///
/// let find = || async { Ok::<_, std::io::Error>("an order") };
/// assert_eq!(execute_protected(&production, &orders, None, find).await?, "an order");
///
/// CircuitBreakerRegistry::of(&production).circuit("db").expect("it is there").force_open();
/// let refused = execute_protected(&production, &orders, None, find).await.unwrap_err();
/// assert_eq!(refused.to_string(), "the circuit db is forced_open");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProtectionRegistry {
    protections: Arc<Protections>,
}

impl ProtectionRegistry {
    /// The keeper of the protections as a child, to be started in a namespace.
    ///
    /// The operations of the spec are configured at its first start, which fails if others have taken their room. Those that are there
    /// already, also at a restart, go on as they are, and those that were removed stay away. Another keeper, started later in the same
    /// namespace, configures what its spec names and the one before did not.
    #[must_use]
    #[track_caller]
    pub fn child(spec: ProtectionsSpec) -> Child {
        start::child(spec)
    }

    /// The protections of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            protections: Protections::of(namespace),
        }
    }

    /// Says what an operation goes through: makes its protection, or has the one that is there go by this from now on.
    ///
    /// # Errors
    ///
    /// [`ConfigureProtectionError::Config`], [`ConfigureProtectionError::TooMany`]; nothing has changed then.
    /// [`ConfigureProtectionError::NotInNamespace`] after the namespace has ended.
    pub fn configure_protection(
        &self,
        name: ServiceName,
        config: &ProtectionConfig,
    ) -> Result<Protection, ConfigureProtectionError> {
        config
            .validate()
            .map_err(ConfigureProtectionError::Config)?;
        let namespace = self.protections.namespace();
        let namespace = namespace.filter(|namespace| !namespace.has_ended());
        let namespace = namespace.ok_or(ConfigureProtectionError::NotInNamespace)?;
        self.protections.configure(&namespace, name, config)
    }

    /// Goes by `new` where it differs from `old`, by which they have been until now: what it does not name any more is removed, others go by their new configuration, and what comes is made.
    ///
    /// # Errors
    ///
    /// [`ConfigureProtectionError::Config`] before anything has changed; [`ConfigureProtectionError::TooMany`] after what comes before;
    /// [`ConfigureProtectionError::NotInNamespace`] after the namespace has ended.
    pub fn renew(
        &self,
        old: &ProtectionsSpec,
        new: &ProtectionsSpec,
    ) -> Result<(), ConfigureProtectionError> {
        new.validate().map_err(ConfigureProtectionError::Config)?;
        let namespace = self.protections.namespace();
        let namespace = namespace.filter(|namespace| !namespace.has_ended());
        let namespace = namespace.ok_or(ConfigureProtectionError::NotInNamespace)?;
        self.protections.renew(&namespace, old, new)
    }

    /// The protection of this operation.
    #[must_use]
    pub fn protection(&self, name: &str) -> Option<Protection> {
        self.protections.find(name)
    }

    /// Forgets the protection of an operation, and hands it out. It goes on working for whoever holds it.
    pub fn remove(&self, name: &str) -> Option<Protection> {
        self.protections.remove(name)
    }

    /// All protections, by name.
    #[must_use]
    pub fn protections(&self) -> Vec<Protection> {
        self.protections.all()
    }

    /// Everything there is to know about them, by name.
    #[must_use]
    pub fn stats(&self) -> Vec<ProtectionStats> {
        let all = self.protections.all();
        all.iter().map(Protection::stats).collect()
    }

    /// Runs an operation by the configuration of its name, unless a guard refuses it: see [`Call::run`](super::Call::run).
    ///
    /// # Errors
    ///
    /// [`ProtectionError`]; [`ProtectionError::Unconfigured`] if nothing is configured for this name.
    ///
    /// # Panics
    ///
    /// As [`Call::run`](super::Call::run).
    ///
    /// Cancel safety: as that of [`Call::run`](super::Call::run).
    pub async fn execute_protected<'a, T, E, F>(
        &self,
        name: &ServiceName,
        key: impl Into<Option<RateKey<'a>>>,
        operation: impl FnOnce() -> F,
    ) -> Result<T, ProtectionError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let key: Option<RateKey<'_>> = key.into();
        match self.protections.find(name.as_str()) {
            Some(protection) => protection.call().key(key).run(operation).await,
            None => Err(ProtectionError::Unconfigured(name.clone())),
        }
    }
}

/// Runs an operation by the configuration of its name in a namespace, unless a guard refuses it.
///
/// # Errors
///
/// As [`ProtectionRegistry::execute_protected`].
///
/// # Panics
///
/// As [`Call::run`](super::Call::run).
///
/// Cancel safety: as that of [`Call::run`](super::Call::run).
pub async fn execute_protected<'a, T, E, F>(
    namespace: &Namespace,
    name: &ServiceName,
    key: impl Into<Option<RateKey<'a>>>,
    operation: impl FnOnce() -> F,
) -> Result<T, ProtectionError<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let protections = ProtectionRegistry::of(namespace);
    protections.execute_protected(name, key, operation).await
}
