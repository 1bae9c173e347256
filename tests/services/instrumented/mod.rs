//! `#[instrumented]`.

mod outcomes;
mod signatures;
mod totals;

use std::time::Duration;

use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Outcome, Tags, TimeWindow};
use mainstay_supervisors::specs::{MetricsSpec, NamespaceName};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime, StopToken};

/// A namespace with a metrics store, and a process that acts for tests.
struct Bed {
    runtime: Runtime,
    namespace: Namespace,
    store: MetricsStore,
    process: Process,
}

impl Bed {
    async fn new() -> Self {
        let runtime = Runtime::new();
        let task = Child::task(
            "actor",
            |stop: StopToken| async move { stop.stopped().await },
        );
        let store = MetricsStore::child(MetricsSpec::default());
        let plan = NamespacePlan::new().service(store).child(task);
        let name = NamespaceName::new("app").expect("a name");
        let namespace = runtime
            .start_namespace(name, plan)
            .await
            .expect("it starts");
        let process = namespace.processes().pop().expect("the last one started");
        assert_eq!(process.path(), "app/children/actor");
        Self {
            store: MetricsStore::in_namespace(&namespace).expect("it was started"),
            runtime,
            namespace,
            process,
        }
    }

    /// How often something was recorded with this tag.
    fn count(&self, name: &str, tag: (&str, &str)) -> u64 {
        let view = self.store.view(name, Tags::from([tag]), TimeWindow::Minute);
        view.map_or(0, |view| view.count())
    }

    fn latencies(&self, name: &str, outcome: Outcome) -> u64 {
        self.count(name, ("status", outcome.as_str()))
    }

    async fn end(self) {
        drop(self.namespace);
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    }
}
