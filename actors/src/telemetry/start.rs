//! Starting, the first time and again.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, CircuitConfig, EventsSpec, ServiceName, Shutdown};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started};

use super::error::TelemetryStartError;
use super::handle::NAME;
use super::hub::{Hub, Kept};
use super::keeper::keep;
use crate::breaker::{CircuitBreaker, CircuitBreakerRegistry};

/// The id of the keeper's child.
const ID: &str = "events";

/// The keeper of a namespace's events.
#[track_caller]
pub(crate) fn child(spec: EventsSpec, breaker: Option<CircuitConfig>) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(ID).expect("a name");
    // It takes `drain_max` at most over its end, and then a moment.
    let limit = spec
        .drain_max
        .saturating_add(std::time::Duration::from_secs(5));
    let spec = Arc::new(spec);
    let breaker = Arc::new(breaker);
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let (spec, breaker) = (Arc::clone(&spec), Arc::clone(&breaker));
        async move { start(spec, &breaker, cx).await }
    });
    child.shutdown(Shutdown::Timeout(limit))
}

async fn start(
    spec: Arc<EventsSpec>,
    breaker: &Option<CircuitConfig>,
    cx: StartContext,
) -> Result<Started, StartError> {
    let namespace = cx.namespace().ok_or(TelemetryStartError::NoNamespace);
    let namespace = namespace.map_err(StartError::failed)?;
    let faults = spec.validate().map_err(TelemetryStartError::Spec);
    faults.map_err(StartError::failed)?;
    let taken = |error| StartError::failed(TelemetryStartError::Register { name: NAME, error });
    namespace.until_free(NAME).await.map_err(taken)?;
    let first = || Hub::new(namespace.name().clone(), Arc::clone(&spec));
    let kept = namespace.cell(NAME, || Kept(Arc::new(first())));
    let hub = Arc::clone(&kept.0);
    drop(kept);
    guard(&namespace, &hub, breaker.as_ref()).map_err(StartError::failed)?;
    let body = move |stop, ready| keep(namespace, hub, spec, stop, ready);
    cx.spawn_task_ready(body).await.map(Started::from)
}

/// The circuit breaker of those who wait for handlers is as the spec says from now on. It has the name of the service, and is not found any more
/// if there is to be none.
pub(super) fn guard(
    namespace: &Namespace,
    hub: &Hub,
    config: Option<&CircuitConfig>,
) -> Result<(), TelemetryStartError> {
    // Not empty, short, and without `/` and white space.
    let name = ServiceName::new(NAME).expect("a name");
    let breakers = CircuitBreakerRegistry::of(namespace);
    let made = config.map(|config| breakers.circuit_going_by(&name, config));
    let made: Option<CircuitBreaker> = made.transpose().map_err(TelemetryStartError::Breaker)?;
    let is_off = made.is_none();
    if hub.set_breaker(made).is_some() && is_off {
        breakers.unregister(NAME);
    }
    Ok(())
}
