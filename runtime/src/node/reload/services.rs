//! The services that go by another spec in place.

use std::error::Error;

use mainstay_actors::pool::PoolKinds;
use mainstay_actors::{
    Alerts, CircuitBreakerRegistry, ConnectionPoolRegistry, ProtectionRegistry,
    RateLimiterRegistry, TelemetryService,
};
use mainstay_specs::{AlertsSpec, ServicePart, ServicesSpec};
use mainstay_supervisors::{Child, Namespace};

use super::error::ReloadFailure;

type Wrong = Box<dyn Error + Send + Sync>;

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
    let process = format!("{}/{}", namespace.name(), name(service));
    Err(ReloadFailure::new(process, error, put_back))
}

async fn apply(
    namespace: &Namespace,
    service: ServicePart,
    (old, new): (&ServicesSpec, &ServicesSpec),
    pools: &PoolKinds,
) -> Result<(), Wrong> {
    let successor = match service {
        ServicePart::CircuitBreakers => {
            let (old, new) = both(&old.circuit_breakers, &new.circuit_breakers)?;
            CircuitBreakerRegistry::of(namespace).renew(old, new)?;
            CircuitBreakerRegistry::child(new.clone())
        }
        ServicePart::RateLimiters => {
            let (old, new) = both(&old.rate_limiters, &new.rate_limiters)?;
            RateLimiterRegistry::of(namespace).renew(old, new)?;
            RateLimiterRegistry::child(new.clone())
        }
        ServicePart::ConnectionPools => {
            let (old, new) = both(&old.connection_pools, &new.connection_pools)?;
            let registry = ConnectionPoolRegistry::of(namespace);
            registry.renew(old, new, pools).await?;
            ConnectionPoolRegistry::child_with(new.clone(), pools.clone())
        }
        ServicePart::Protections => {
            let (old, new) = both(&old.protections, &new.protections)?;
            ProtectionRegistry::of(namespace).renew(old, new)?;
            ProtectionRegistry::child(new.clone())
        }
        ServicePart::Telemetry => {
            let (old, new) = both(&old.telemetry, &new.telemetry)?;
            alerts(namespace, &old.alerts, &new.alerts)?;
            TelemetryService::child(new.clone())
        }
        _ => return Err("this service cannot be changed in place".into()),
    };
    succeed_with(namespace, successor).await
}

/// Rules are put in the place of those of the same name, and so are in the order in which they came.
fn alerts(namespace: &Namespace, old: &AlertsSpec, new: &AlertsSpec) -> Result<(), Wrong> {
    let alerts = Alerts::in_namespace(namespace);
    let alerts = alerts.ok_or("no alerts were started in this namespace")?;
    for gone in &old.rules {
        if !new.rules.iter().any(|rule| rule.name == gone.name) {
            // Somebody may have taken it away before.
            let _was_there = alerts.remove_rule(&gone.name);
        }
    }
    for rule in &new.rules {
        if !old.rules.contains(rule) {
            alerts.put_rule(rule.clone())?;
        }
    }
    Ok(())
}

/// The keeper runs on; the one that succeeds it goes by the new spec.
async fn succeed_with(namespace: &Namespace, successor: Child) -> Result<(), Wrong> {
    let root = namespace.root().ok_or("the namespace has ended")?;
    Ok(root.change_child(successor).await?)
}

fn both<'a, T>(old: &'a Option<T>, new: &'a Option<T>) -> Result<(&'a T, &'a T), Wrong> {
    let both = old.as_ref().zip(new.as_ref());
    both.ok_or_else(|| "this service is not in both specs".into())
}

fn take_over(service: ServicePart, old: &mut ServicesSpec, new: &ServicesSpec) {
    match service {
        ServicePart::CircuitBreakers => old.circuit_breakers.clone_from(&new.circuit_breakers),
        ServicePart::RateLimiters => old.rate_limiters.clone_from(&new.rate_limiters),
        ServicePart::ConnectionPools => old.connection_pools.clone_from(&new.connection_pools),
        ServicePart::Protections => old.protections.clone_from(&new.protections),
        ServicePart::Telemetry => old.telemetry.clone_from(&new.telemetry),
        // They were refused above.
        _ => {}
    }
}

const fn name(service: ServicePart) -> &'static str {
    match service {
        ServicePart::CircuitBreakers => "circuit_breakers",
        ServicePart::RateLimiters => "rate_limiters",
        ServicePart::ConnectionPools => "connection_pools",
        ServicePart::Protections => "protections",
        ServicePart::Telemetry => "telemetry",
        _ => "services",
    }
}
