//! Starting, the first time and again.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, EventsSpec, Shutdown};
use mainstay_supervisors::{Child, RegisterError, StartContext, StartError, Started};

use super::error::TelemetryStartError;
use super::handle::NAME;
use super::hub::{Hub, Kept};
use super::keeper::keep;

/// The id of the keeper's child.
const ID: &str = "events";

/// The keeper of a namespace's events.
#[track_caller]
pub(crate) fn child(spec: EventsSpec) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(ID).expect("a name");
    // It takes `drain_max` at most over its end, and then a moment.
    let limit = spec
        .drain_max
        .saturating_add(std::time::Duration::from_secs(5));
    let spec = Arc::new(spec);
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let spec = Arc::clone(&spec);
        async move { start(spec, cx).await }
    });
    child.shutdown(Shutdown::Timeout(limit))
}

async fn start(spec: Arc<EventsSpec>, cx: StartContext) -> Result<Started, StartError> {
    let namespace = cx.namespace().ok_or(TelemetryStartError::NoNamespace);
    let namespace = namespace.map_err(StartError::failed)?;
    let faults = spec.validate().map_err(TelemetryStartError::Spec);
    faults.map_err(StartError::failed)?;
    if let Some(owner) = namespace.whereis(NAME) {
        let error = RegisterError::AlreadyRegistered(owner);
        return Err(StartError::failed(TelemetryStartError::Register {
            name: NAME,
            error,
        }));
    }
    let first = || Hub::new(namespace.name().clone(), Arc::clone(&spec));
    let kept = namespace.cell(NAME, || Kept(Arc::new(first())));
    let hub = Arc::clone(&kept.0);
    drop(kept);
    let body = move |stop, ready| keep(namespace, hub, spec, stop, ready);
    cx.spawn_task_ready(body).await.map(Started::from)
}
