//! From a spec to children: pure, nothing runs yet.

use mainstay_actors::memory::MemorySetup;
use mainstay_actors::pool::PoolKinds;
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, HealthAggregator,
    MemoryManager, ProtectionRegistry, RateLimiterRegistry, TelemetryService,
};
use mainstay_specs::{MemoryManagerSpec, ServicesSpec};
use mainstay_supervisors::Child;

/// The services of a namespace, in the order in which they may use each other.
pub(crate) fn services(spec: &ServicesSpec, kinds: &PoolKinds) -> Vec<Child> {
    let telemetry = spec.telemetry.clone().map(TelemetryService::child);
    let config_server = spec.config_server.clone().map(ConfigServer::child);
    let event_store = spec.event_store.clone().map(EventStore::child);
    let memory = spec.memory_manager.clone().map(memory_manager);
    let breakers = spec.circuit_breakers.clone();
    let breakers = breakers.map(CircuitBreakerRegistry::child);
    let limiters = spec.rate_limiters.clone();
    let limiters = limiters.map(RateLimiterRegistry::child);
    let pools = spec.connection_pools.clone();
    let pools = pools.map(|spec| ConnectionPoolRegistry::child_with(spec, kinds.clone()));
    let protections = spec.protections.clone().map(ProtectionRegistry::child);
    let health = spec.health_aggregator.clone();
    let health = health.map(HealthAggregator::child);
    let services = telemetry.into_iter().chain(config_server);
    let services = services.chain(memory).chain(breakers).chain(limiters);
    // It may live on one of the pools.
    let services = services.chain(pools).chain(event_store);
    // It looks at all the others.
    services.chain(protections).chain(health).collect()
}

fn memory_manager(spec: MemoryManagerSpec) -> Child {
    let setup = MemorySetup::new(spec);
    #[cfg(feature = "memory-attribution")]
    let setup = setup.trim(crate::alloc::trim);
    MemoryManager::child_with(setup)
}
