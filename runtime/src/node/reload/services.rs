//! The services that go by another spec in place.

use std::error::Error;

use mainstay_actors::pool::PoolKinds;
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, HealthAggregator, MemoryManager,
    ProtectionRegistry, RateLimiterRegistry, TelemetryService,
};
use mainstay_specs::{ConnectionPoolsSpec, ServicePart, ServicesSpec};
use mainstay_supervisors::{Child, Namespace};

use super::error::ReloadFailure;
use crate::infrastructure;

pub(super) type Wrong = Box<dyn Error + Send + Sync>;

/// Has a service go by its new spec, and its successors too. If it cannot, what it could do of it is taken back.
pub(super) async fn renew(
    namespace: &Namespace,
    service: ServicePart,
    (old, new): (&mut ServicesSpec, &ServicesSpec),
    pools: &PoolKinds,
) -> Result<(), ReloadFailure> {
    let done = apply(namespace, service, (old, new), pools).await;
    let Err(error) = done else {
        take_over(service, old, new);
        return Ok(());
    };
    // Whatever of it was done is different from what it was: it goes back the same way.
    let put_back = apply(namespace, service, (new, old), pools).await.is_ok();
    let process = format!("{}/{}", namespace.name(), service.name());
    Err(ReloadFailure::new(process, error, put_back))
}

/// First whoever succeeds it, then what runs: so that it goes by the new spec also if it is restarted in between.
async fn apply(
    namespace: &Namespace,
    service: ServicePart,
    specs: (&ServicesSpec, &ServicesSpec),
    pools: &PoolKinds,
) -> Result<(), Wrong> {
    let root = namespace.root().ok_or("the namespace has ended")?;
    let successor = child(specs.1, service, pools).ok_or("this service is not in both specs")?;
    root.change_child(successor).await?;
    tell(namespace, service, specs, pools).await
}

/// The child that a service is; none if the spec has it not.
pub(super) fn child(spec: &ServicesSpec, service: ServicePart, pools: &PoolKinds) -> Option<Child> {
    let mut all = infrastructure::services(spec, pools).into_iter();
    all.find(|child| child.spec().id.as_str() == service.name())
}

/// Has what runs go by the new spec, where it differs from the old one. A service that is in one of them only is taken for one that is in the
/// other as it is without being told anything.
pub(super) async fn tell(
    namespace: &Namespace,
    service: ServicePart,
    (old, new): (&ServicesSpec, &ServicesSpec),
    pools: &PoolKinds,
) -> Result<(), Wrong> {
    macro_rules! both {
        ($field:ident) => {
            (
                &old.$field.clone().unwrap_or_default(),
                &new.$field.clone().unwrap_or_default(),
            )
        };
    }
    match service {
        ServicePart::CircuitBreakers => {
            let (old, new) = both!(circuit_breakers);
            CircuitBreakerRegistry::of(namespace).renew(old, new)?;
        }
        ServicePart::RateLimiters => {
            let (old, new) = both!(rate_limiters);
            RateLimiterRegistry::of(namespace).renew(old, new)?;
        }
        ServicePart::Protections => {
            let (old, new) = both!(protections);
            ProtectionRegistry::of(namespace).renew(old, new)?;
        }
        ServicePart::ConnectionPools => {
            let (old, new) = both!(connection_pools);
            let registry = ConnectionPoolRegistry::of(namespace);
            registry.renew(&same_source(old, new), new, pools).await?;
        }
        ServicePart::Telemetry => {
            if let Some(new) = &new.telemetry {
                TelemetryService::renew(namespace, new).await?;
            }
        }
        ServicePart::ConfigServer => {
            if let Some(new) = &new.config_server {
                ConfigServer::renew(namespace, new).await?;
            }
        }
        ServicePart::MemoryManager => {
            if let Some(new) = &new.memory_manager {
                MemoryManager::renew(namespace, new).await?;
            }
        }
        ServicePart::HealthAggregator => {
            if let Some(new) = &new.health_aggregator {
                HealthAggregator::renew(namespace, new)?;
            }
        }
        // It goes by what it was started with.
        _ => {}
    }
    Ok(())
}

/// What of the old pools goes on as one in the new spec: those that connect to the same.
pub(super) fn same_source(
    old: &ConnectionPoolsSpec,
    new: &ConnectionPoolsSpec,
) -> ConnectionPoolsSpec {
    let mut same = old.clone();
    same.pools.retain(|before| {
        let mut after = new.pools.iter().filter(|after| after.name == before.name);
        after.all(|after| after.source == before.source)
    });
    same
}

/// Whether a service is the same in both.
pub(super) fn is_same(service: ServicePart, old: &ServicesSpec, new: &ServicesSpec) -> bool {
    let mut as_new = old.clone();
    take_over(service, &mut as_new, new);
    as_new == *old
}

pub(super) fn take_over(service: ServicePart, old: &mut ServicesSpec, new: &ServicesSpec) {
    match service {
        ServicePart::Telemetry => old.telemetry.clone_from(&new.telemetry),
        ServicePart::ConfigServer => old.config_server.clone_from(&new.config_server),
        ServicePart::MemoryManager => old.memory_manager.clone_from(&new.memory_manager),
        ServicePart::CircuitBreakers => old.circuit_breakers.clone_from(&new.circuit_breakers),
        ServicePart::RateLimiters => old.rate_limiters.clone_from(&new.rate_limiters),
        ServicePart::ConnectionPools => old.connection_pools.clone_from(&new.connection_pools),
        ServicePart::EventStore => old.event_store.clone_from(&new.event_store),
        ServicePart::Protections => old.protections.clone_from(&new.protections),
        ServicePart::HealthAggregator => old.health_aggregator.clone_from(&new.health_aggregator),
        // There are no more.
        _ => {}
    }
}
