//! What is to run.

use mainstay_actors::pool::{IntoConnectionSpec, PoolKinds};
use mainstay_specs::{
    CircuitBreakersSpec, ConfigServerSpec, ConnectionPoolsSpec, EventBackendSpec, EventStoreSpec,
    Faults, HealthAggregatorSpec, MemoryManagerSpec, ProtectionsSpec, RateLimitersSpec,
    ServicesSpec, TelemetrySpec,
};
use serde::de::DeserializeOwned;

use super::check::{Brought, beside, faults};

/// What [`start`](super::start) is to run in a namespace: telemetry, the memory manager, circuit breakers, rate limiters, connection pools,
/// protections and the health aggregator in any case, and the Foundation services, unless they are left out.
///
/// The default is all of them, each by the default of its spec, but for the event store, which keeps its events in memory, as a program
/// that says nothing has named no file for them.
///
/// In RON it is what stands at `services` in a node file; services that are not given are by the default:
///
/// ```
/// use mainstay::infrastructure::InfraConfig;
///
/// let config = InfraConfig::from_ron(r#"(config_server: (initial: (size: 1)), memory_manager: (warning_threshold: 0.6))"#)?;
/// assert_eq!(config.services().memory_manager.as_ref().map(|memory| memory.warning_threshold), Some(0.6));
/// assert!(config.services().event_store.is_some());
///
/// let faults = InfraConfig::from_ron("(memory_manager: (warning_threshold: 6.0))")?.validate().unwrap_err();
/// assert!(faults.to_string().starts_with("memory_manager.warning_threshold: "), "{faults}");
/// # Ok::<_, mainstay::specs::Faults>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration starts nothing by itself"]
pub struct InfraConfig {
    services: ServicesSpec,
    pools: PoolKinds,
}

impl Default for InfraConfig {
    fn default() -> Self {
        Self::from(ServicesSpec::default())
    }
}

impl From<ServicesSpec> for InfraConfig {
    /// Services that are not given are by the default.
    fn from(given: ServicesSpec) -> Self {
        let mut services = given;
        services.telemetry.get_or_insert_default();
        services.config_server.get_or_insert_default();
        services.event_store.get_or_insert_with(in_memory);
        services.memory_manager.get_or_insert_default();
        services.circuit_breakers.get_or_insert_default();
        services.rate_limiters.get_or_insert_default();
        services.connection_pools.get_or_insert_default();
        services.protections.get_or_insert_default();
        services.health_aggregator.get_or_insert_default();
        Self {
            services,
            pools: PoolKinds::new(),
        }
    }
}

fn in_memory() -> EventStoreSpec {
    EventStoreSpec::default().backend(EventBackendSpec::Memory)
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $spec:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $field(mut self, spec: $spec) -> Self {
            self.services.$field = Some(spec);
            self
        }
    )*};
}

impl InfraConfig {
    /// Everything, by the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// From RON, as it stands at `services` in a node file. Relative paths are taken from the folder that the process runs in.
    ///
    /// # Errors
    ///
    /// Everything that cannot be read, with its place in the text. What is read may still be wrong: [`validate`](Self::validate).
    pub fn from_ron(text: &str) -> Result<Self, Faults> {
        ServicesSpec::from_ron(text).map(Self::from)
    }

    setters! {
        /// Sets telemetry: events, metrics, alerts.
        telemetry: TelemetrySpec,
        /// Sets the configuration server.
        config_server: ConfigServerSpec,
        /// Sets the event store.
        event_store: EventStoreSpec,
        /// Sets the memory manager.
        memory_manager: MemoryManagerSpec,
        /// Sets the circuit breakers.
        circuit_breakers: CircuitBreakersSpec,
        /// Sets the rate limiters.
        rate_limiters: RateLimitersSpec,
        /// Sets the connection pools.
        connection_pools: ConnectionPoolsSpec,
        /// Sets the protected operations.
        protections: ProtectionsSpec,
        /// Sets the health aggregator.
        health_aggregator: HealthAggregatorSpec,
    }

    /// Leaves the configuration server out.
    pub fn without_config_server(mut self) -> Self {
        self.services.config_server = None;
        self
    }

    /// Leaves the event store out.
    pub fn without_event_store(mut self) -> Self {
        self.services.event_store = None;
        self
    }

    /// Adds a kind of connection that pools of the spec may name: see [`NodeBuilder::pool_kind`](crate::NodeBuilder::pool_kind).
    pub fn pool_kind<A, R, F>(mut self, name: impl Into<String>, factory: F) -> Self
    where
        A: DeserializeOwned,
        R: IntoConnectionSpec,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        self.pools = self.pools.kind(name, factory);
        self
    }

    /// What it comes to: the specs of all that is to run.
    #[must_use]
    pub const fn services(&self) -> &ServicesSpec {
        &self.services
    }

    pub(super) const fn pools(&self) -> &PoolKinds {
        &self.pools
    }

    /// Checks it as a whole, as [`start`](super::start) does.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let own = self.services.validate_with(&Brought(&self.pools));
        beside(own, faults(&self.services, &self.pools))
    }
}
