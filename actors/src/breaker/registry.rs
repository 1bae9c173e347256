//! The breakers of a namespace by name.

use std::future::Future;
use std::sync::Arc;

use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, ServiceName};
use mainstay_supervisors::{Child, Namespace};

use super::circuits::Circuits;
use super::error::{CircuitError, Refusal, RegisterCircuitError};
use super::handle::CircuitBreaker;
use super::keyed::KeyedBreakers;
use super::queue::CircuitEvents;
use super::start;
use super::stats::CircuitStats;

/// The id of the child that keeps the breakers of a namespace, and the name it is registered under.
pub const NAME: &str = "circuit_breakers";

/// The circuit breakers of a namespace: a handle, cheap to clone.
///
/// They can be made and used whether the service [`child`](Self::child) runs or not. It minds their times, tells of what falls
/// due when nobody asks, and lets them follow processes; it may crash at any moment, which no caller notices.
///
/// To find a breaker takes a lock for the time of one lookup: keep the handle where calls are many.
///
/// ```
/// use mainstay_actors::breaker::{CircuitBreakerRegistry, execute_in};
/// use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, NamespaceName, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = ServiceName::new("db")?;
/// let spec = CircuitBreakersSpec::default().breaker(db.clone());
/// let plan = NamespacePlan::new().service(CircuitBreakerRegistry::child(spec));
/// let runtime = Runtime::new();
/// let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
///
/// let answer = execute_in(&production, &db, || async { Ok::<_, std::io::Error>(42) }).await?;
/// assert_eq!(answer, 42);
///
/// let breakers = CircuitBreakerRegistry::of(&production);
/// breakers.circuit("db").expect("it is there").force_open();
/// assert!(breakers.check_circuit("db").is_err());
/// assert!(breakers.check_circuit("nobody").is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CircuitBreakerRegistry {
    circuits: Arc<Circuits>,
}

/// What becomes of a call through a breaker that is not there.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
// There is one for a moment; a box would be in everybody's way.
#[allow(clippy::large_enum_variant)]
pub enum OnMissing {
    /// It is refused with [`CircuitError::Missing`]: a misspelt name is no protection.
    #[default]
    Error,
    /// It is made without protection.
    Allow,
    /// The breaker is made with this configuration, for this call and those to come.
    Create(CircuitConfig),
}

impl CircuitBreakerRegistry {
    /// The keeper of the breakers as a child, to be started in a namespace.
    ///
    /// The breakers and families of the spec are made at its first start; it fails if there is no room for one. Those that are there already, also
    /// at a restart, keep their state, their configuration and what they were told, and those that were
    /// [forgotten](Self::unregister) since stay so.
    #[must_use]
    #[track_caller]
    pub fn child(spec: CircuitBreakersSpec) -> Child {
        start::child(spec)
    }

    /// The breakers of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            circuits: Circuits::of(namespace),
        }
    }

    /// Makes a breaker.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::AlreadyRegistered`], [`RegisterCircuitError::TooMany`], [`RegisterCircuitError::Config`].
    pub fn register_circuit(
        &self,
        name: ServiceName,
        config: CircuitConfig,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        config.validate().map_err(RegisterCircuitError::from)?;
        self.circuits.insert(name, &Arc::new(config))
    }

    /// Makes a breaker that goes by the default of the namespace.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::AlreadyRegistered`], [`RegisterCircuitError::TooMany`].
    pub fn register_default(
        &self,
        name: ServiceName,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        let config = self.circuits.limits().default;
        self.circuits.insert(name, &config)
    }

    /// Forgets a breaker, and hands it out. It goes on working for whoever holds it, and its name is free.
    pub fn unregister(&self, name: &str) -> Option<CircuitBreaker> {
        self.circuits.remove(name)
    }

    /// The breaker of this name.
    #[must_use]
    pub fn circuit(&self, name: &str) -> Option<CircuitBreaker> {
        self.circuits.find(name)
    }

    /// Whether a call through the breaker of this name would be let through now, as
    /// [`CircuitBreaker::check_state`] has it. If there is none of this name: yes.
    ///
    /// # Errors
    ///
    /// The refusal that the call would get.
    pub fn check_circuit(&self, name: &str) -> Result<(), Refusal> {
        let breaker = self.circuits.find(name);
        breaker.map_or(Ok(()), |breaker| breaker.check_state())
    }

    /// A family of breakers by key, at most as many as `keys_max` of the namespace says. One that is there already is handed
    /// out as it is, with the configuration it has: [`KeyedBreakers::reconfigure`] changes it.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::Config`], [`RegisterCircuitError::TooManyFamilies`].
    pub fn keyed(
        &self,
        name: ServiceName,
        config: CircuitConfig,
    ) -> Result<KeyedBreakers, RegisterCircuitError> {
        config.validate().map_err(RegisterCircuitError::from)?;
        let family = self.circuits.family(name, config)?;
        Ok(KeyedBreakers::of_family(family))
    }

    /// Forgets a family, and hands it out. It goes on working for whoever holds it, and its name is free.
    pub fn unregister_keyed(&self, name: &str) -> Option<KeyedBreakers> {
        let family = self.circuits.families().remove(name);
        family.map(KeyedBreakers::of_family)
    }

    /// Runs an operation through the breaker of this name, as [`CircuitBreaker::execute`] does.
    ///
    /// # Errors
    ///
    /// Those of [`CircuitBreaker::execute`]; [`CircuitError::Missing`] and [`CircuitError::Register`] if there is no such breaker
    /// and none could be made.
    ///
    /// # Panics
    ///
    /// As [`CircuitBreaker::execute`].
    ///
    /// Cancel safety: as that of [`CircuitBreaker::execute`].
    pub async fn execute<T, E, F>(
        &self,
        name: &ServiceName,
        on_missing: OnMissing,
        operation: impl FnOnce() -> F,
    ) -> Result<T, CircuitError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let breaker = match (self.circuits.find(name.as_str()), on_missing) {
            (Some(breaker), _) => breaker,
            (None, OnMissing::Error) => return Err(CircuitError::Missing(name.clone())),
            (None, OnMissing::Allow) => return operation().await.map_err(CircuitError::Failed),
            (None, OnMissing::Create(config)) => {
                let made = self.circuit_or_register(name, config);
                made.map_err(CircuitError::Register)?
            }
        };
        breaker.execute(operation).await
    }

    /// The breaker of this name, made with this configuration if it is not there.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::TooMany`], [`RegisterCircuitError::Config`].
    pub fn circuit_or_register(
        &self,
        name: &ServiceName,
        config: CircuitConfig,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        if let Some(breaker) = self.circuit(name.as_str()) {
            return Ok(breaker);
        }
        match self.register_circuit(name.clone(), config) {
            // Somebody else was faster.
            Err(RegisterCircuitError::AlreadyRegistered(name)) => self
                .circuit(name.as_str())
                .ok_or(RegisterCircuitError::NotFound(name)),
            made => made,
        }
    }

    /// The breaker of this name, which goes by this configuration from now on, whether it is there already or not.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::TooMany`], [`RegisterCircuitError::Config`].
    pub fn circuit_going_by(
        &self,
        name: &ServiceName,
        config: &CircuitConfig,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        let breaker = self.circuit_or_register(name, config.clone())?;
        if *breaker.config() != *config {
            breaker.reconfigure(config.clone())?;
        }
        Ok(breaker)
    }

    /// The breaker of this name, made by the default of the namespace if it is not there.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::TooMany`].
    pub fn circuit_or_default(
        &self,
        name: &ServiceName,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        let config = self.circuits.limits().default;
        self.circuit_or_register(name, CircuitConfig::clone(&config))
    }

    /// All breakers with a name of their own, by name.
    #[must_use]
    pub fn circuits(&self) -> Vec<CircuitBreaker> {
        self.circuits.named()
    }

    /// All families of breakers by key, by name.
    #[must_use]
    pub fn families(&self) -> Vec<KeyedBreakers> {
        let families = self.circuits.families();
        let handles = families.values().cloned().map(KeyedBreakers::of_family);
        handles.collect()
    }

    /// Everything there is to know about the breakers with a name of their own, by name. About those of
    /// [`families`](Self::families), each of them knows: there may be many.
    #[must_use]
    pub fn stats(&self) -> Vec<CircuitStats> {
        let breakers = self.circuits();
        breakers.iter().map(CircuitBreaker::stats).collect()
    }

    /// A stream of the events of all breakers of the namespace, from now on.
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> CircuitEvents {
        self.circuits.post.subscribe()
    }
}

/// Runs an operation through a breaker of a namespace, which has to be there.
///
/// # Errors
///
/// As [`CircuitBreakerRegistry::execute`] with [`OnMissing::Error`].
///
/// # Panics
///
/// As [`CircuitBreaker::execute`].
///
/// Cancel safety: as that of [`CircuitBreaker::execute`].
pub async fn execute_in<T, E, F>(
    namespace: &Namespace,
    name: &ServiceName,
    operation: impl FnOnce() -> F,
) -> Result<T, CircuitError<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let breakers = CircuitBreakerRegistry::of(namespace);
    breakers.execute(name, OnMissing::Error, operation).await
}
