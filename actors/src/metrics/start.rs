//! Starting, the first time and again.

use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::{MetricsSpec, ServiceName};
use mainstay_supervisors::{Child, Namespace, RegisterError, StartContext, StartError, Started};
use tokio::time::Instant;

use super::cell::{Cell, Kept};
use super::error::MetricsStartError;
use super::handle::{MetricsStore, NAME};
use super::keeper;
use super::limits::Limits;
use super::own::Own;
use crate::start::named;

#[track_caller]
pub(crate) fn child(spec: MetricsSpec) -> Child {
    named(NAME, spec, start)
}

fn start(spec: &MetricsSpec, cx: StartContext) -> Result<Started, StartError> {
    let namespace = cx.namespace().ok_or(MetricsStartError::NoNamespace);
    let namespace = namespace.map_err(StartError::failed)?;
    if let Some(owner) = namespace.whereis(NAME) {
        let taken = RegisterError::AlreadyRegistered(owner);
        return Err(StartError::failed(MetricsStartError::Register(taken)));
    }
    let limits = Limits::of(spec).map_err(MetricsStartError::Spec);
    let limits = limits.map_err(StartError::failed)?;
    let cell = adopt(&namespace, limits);
    let store = MetricsStore::in_namespace(&namespace);
    let store = store.ok_or_else(|| StartError::failed(MetricsStartError::NoNamespace))?;
    let own = Own::of(&store).map_err(StartError::failed)?;
    let name = namespace.name().clone();
    let process = cx.spawn_task(|stop| keeper::keep(cell, own, name, stop));
    Ok(process.into())
}

/// The cell of the namespace, made if it is not there.
fn adopt(namespace: &Namespace, limits: Limits) -> Arc<Cell> {
    let first = || {
        Kept(Arc::new(Cell::new(
            limits,
            Instant::now(),
            SystemTime::now(),
        )))
    };
    let kept = namespace.cell(NAME, first);
    kept.0.adopt(&limits);
    Arc::clone(&kept.0)
}

pub(crate) fn service_name() -> ServiceName {
    // As above.
    ServiceName::new(NAME).expect("a name")
}
