//! From a spec to what is started: pure, nothing runs yet.

use mainstay_actors::memory::MemorySetup;
use mainstay_actors::pool::PoolKinds;
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, HealthAggregator,
    MemoryManager, ProtectionRegistry, RateLimiterRegistry, TelemetryService,
};
use mainstay_specs::{
    MemoryManagerSpec, NamespaceName, NamespaceSpec, NodeChild, NodeSpec, ServicesSpec,
};
use mainstay_supervisors::{CHILDREN, Child, NamespacePlan, Supervisor};

use super::error::BootError;
use super::kinds::Factories;

/// What each namespace is to hold, in start order.
pub(super) fn plans(
    spec: &NodeSpec,
    kinds: &Factories,
    pools: &PoolKinds,
) -> Result<Vec<(NamespaceName, NamespacePlan)>, BootError> {
    let namespaces = spec.namespaces.iter();
    namespaces
        .map(|namespace| Ok((namespace.name.clone(), plan(namespace, kinds, pools)?)))
        .collect()
}

pub(super) fn plan(
    namespace: &NamespaceSpec,
    kinds: &Factories,
    pools: &PoolKinds,
) -> Result<NamespacePlan, BootError> {
    let path = format!("{}/{CHILDREN}", namespace.name);
    let children = children(&namespace.children, kinds, &path)?;
    let services = services(&namespace.services, pools).into_iter();
    let plan = NamespacePlan::new().children_flags(namespace.supervisor.clone());
    let plan = services.fold(plan, NamespacePlan::service);
    let plan = children.into_iter().fold(plan, NamespacePlan::child);
    Ok(plan)
}

/// In the order in which they may use each other.
fn services(spec: &ServicesSpec, kinds: &PoolKinds) -> Vec<Child> {
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

fn children(list: &[NodeChild], kinds: &Factories, path: &str) -> Result<Vec<Child>, BootError> {
    let made = list.iter().map(|node| {
        let path = format!("{path}/{}", node.spec.id);
        child(node, kinds, &path)
    });
    made.collect()
}

pub(super) fn child(node: &NodeChild, kinds: &Factories, path: &str) -> Result<Child, BootError> {
    if let Some(kind) = &node.kind {
        let made = kinds.child(kind, node);
        let made = made.ok_or_else(|| BootError::unknown_kind(path, kind))?;
        return made.map_err(|faults| BootError::refused(path, &faults));
    }
    let flags = node.supervisor.clone().unwrap_or_default();
    let supervisor = Supervisor::new(flags).children(children(&node.children, kinds, path)?);
    let made = Child::supervisor(&node.spec.id, supervisor);
    Ok(made.with_spec(|spec| *spec = node.spec.clone()))
}
