//! Starting, the first time and again.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, Faults, ProcessMetricsSpec};
use mainstay_supervisors::{Child, Meter, Meters, Process, StartContext, StartError, Started};

use super::board::Board;
use super::keeper;
use super::meter::ProcessMeter;
use super::series::ProcessSeries;
use crate::MetricsStore;

/// The id of the child that measures processes.
pub const NAME: &str = "process_metrics";

/// Measures the processes of a namespace: see the [module](crate::instrument).
#[derive(Debug)]
pub struct ProcessMetrics(());

/// Why processes cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessMetricsError {
    /// The spec is wrong.
    #[error("{0}")]
    Spec(Faults),
    /// It was started outside of every namespace, or in one without a [`MetricsStore`].
    #[error("there is no metrics store to record to")]
    NoStore,
}

/// The board as the namespace keeps it.
struct Kept(Arc<Board>);

impl ProcessMetrics {
    /// What measures the processes of a namespace, as a child: to be started after the [`MetricsStore`] and before all that is to
    /// be measured.
    ///
    /// Those that run already are not measured: the root of the namespace, and what was started before. While this is down all
    /// goes on being measured but how many messages wait. A restart goes by what is there. Switched off in its spec it is not
    /// run, and what is started later is not measured. A wrong spec, or a namespace without a store, fails the start with a
    /// [`ProcessMetricsError`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mainstay_actors::MetricsStore;
    /// use mainstay_actors::instrument::ProcessMetrics;
    /// use mainstay_actors::metrics::TimeWindow;
    /// use mainstay_specs::{MetricsSpec, NamespaceName, ProcessMetricsSpec};
    /// use mainstay_supervisors::{Child, NamespacePlan, Runtime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let task = Child::task("task", |stop| async move { stop.stopped().await });
    /// let plan = NamespacePlan::new()
    ///     .service(MetricsStore::child(MetricsSpec::default()))
    ///     .service(ProcessMetrics::child(ProcessMetricsSpec::default()))
    ///     .child(task);
    /// let runtime = Runtime::new();
    /// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// tokio::task::yield_now().await;
    ///
    /// let metrics = MetricsStore::in_namespace(&app).expect("it was just started");
    /// let tags = [("process", "app/children/task")];
    /// let busy = metrics.view("process.busy", tags, TimeWindow::Minute).expect("it was polled");
    /// assert_eq!(busy.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn child(spec: ProcessMetricsSpec) -> Child {
        // A name is not empty, short, and without `/` and white space: this one is.
        let id = ChildId::new(NAME).expect("a name");
        let spec = Arc::new(spec);
        Child::from_start(ChildSpec::new(id), move |cx| {
            let spec = Arc::clone(&spec);
            async move { start(spec, cx) }
        })
    }
}

fn start(spec: Arc<ProcessMetricsSpec>, cx: StartContext) -> Result<Started, StartError> {
    let checked = spec.validate().map_err(ProcessMetricsError::Spec);
    checked.map_err(StartError::failed)?;
    let no_store = || StartError::failed(ProcessMetricsError::NoStore);
    let namespace = cx.namespace().ok_or_else(no_store)?;
    let store = MetricsStore::in_namespace(&namespace).ok_or_else(no_store)?;
    if !spec.enabled {
        namespace.set_meters(None);
        return Ok(Started::Ignore);
    }
    super::series::describe(&store);
    let kept = namespace.cell(NAME, || Kept(Arc::new(Board::new(store.clone()))));
    let board = Arc::clone(&kept.0);
    namespace.set_meters(Some(meters(spec, store, Arc::clone(&board))));
    Ok(cx.spawn_task(|stop| keeper::keep(board, stop)).into())
}

fn meters(
    spec: Arc<ProcessMetricsSpec>,
    store: MetricsStore,
    board: Arc<Board>,
) -> Arc<dyn Meters> {
    Arc::new(move |process: &Process| {
        let path = process.path();
        let series = spec
            .measures(&path)
            .then(|| ProcessSeries::new(store.clone(), &path))?;
        let board = Arc::clone(&board);
        let meter = ProcessMeter::new(board, path.into(), process.pid(), series);
        Some(Arc::new(meter) as Arc<dyn Meter>)
    })
}
