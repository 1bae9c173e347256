//! Starting, the first time and again.

use std::sync::Arc;

use mainstay_specs::{AlertsSpec, ChildId, ChildSpec};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started};

use super::cell::{Cell, Kept};
use super::handle::NAME;
use super::keeper::Keeper;
use crate::metrics::MetricsStore;
use crate::telemetry::{TelemetryService, TelemetryStartError};

#[track_caller]
pub(crate) fn child(spec: AlertsSpec) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(NAME).expect("a name");
    let spec = Arc::new(spec);
    Child::from_start(ChildSpec::new(id), move |cx| {
        let spec = Arc::clone(&spec);
        async move { start(spec, cx).await }
    })
}

async fn start(spec: Arc<AlertsSpec>, cx: StartContext) -> Result<Started, StartError> {
    let keeper = prepare(spec, cx.namespace()).await;
    let keeper = keeper.map_err(StartError::failed)?;
    let body = move |stop, ready| keeper.keep(stop, ready);
    cx.spawn_task_ready(body).await.map(Started::from)
}

async fn prepare(
    spec: Arc<AlertsSpec>,
    namespace: Option<Namespace>,
) -> Result<Keeper, TelemetryStartError> {
    let namespace = namespace.ok_or(TelemetryStartError::NoNamespace)?;
    spec.validate().map_err(TelemetryStartError::Spec)?;
    let taken = |error| TelemetryStartError::Register { name: NAME, error };
    namespace.until_free(NAME).await.map_err(taken)?;
    let metrics = MetricsStore::in_namespace(&namespace);
    let metrics = metrics.ok_or(TelemetryStartError::NoMetrics)?;
    let kept = namespace.cell(NAME, || Kept(Arc::new(Cell::new(Arc::clone(&spec)))));
    Ok(Keeper {
        cell: Arc::clone(&kept.0),
        telemetry: TelemetryService::in_namespace(&namespace),
        namespace,
        spec,
        metrics,
    })
}
