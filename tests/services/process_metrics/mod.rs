//! What is measured of processes.

mod mailboxes;
mod switching;
mod what_ends;

use std::time::Duration;

use mainstay_actors::metrics::{MetricsStore, TimeWindow, View};
use mainstay_actors::{ProcessMetrics, instrument};
use mainstay_supervisors::specs::{
    MetricsSpec, NamespaceName, ProcessMetricsSpec, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime, ServiceRef};
use mainstay_tests::probe::{Order, Probe, runtime};
use tokio::time::sleep;

/// A namespace `app` whose processes are measured, with a probe `worker` that has this name and may fail as often as it likes.
struct Bed {
    runtime: Runtime,
    namespace: Namespace,
    worker: ServiceRef<Order>,
}

impl Bed {
    async fn new() -> Self {
        Self::with(ProcessMetricsSpec::default(), |child| child).await
    }

    async fn with(spec: ProcessMetricsSpec, change: impl FnOnce(Child) -> Child) -> Self {
        let runtime = runtime(1 << 12);
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let name = ServiceName::new("worker").expect("a name");
        let worker = Probe::new().child("worker").name(name.clone());
        let plan = NamespacePlan::new()
            .service(MetricsStore::child(MetricsSpec::default()))
            .service(ProcessMetrics::child(spec))
            .children_flags(flags.intensity(u32::MAX, Duration::from_secs(1)))
            .child(change(worker));
        let app = NamespaceName::new("app").expect("a name");
        let namespace = runtime.start_namespace(app, plan).await;
        let namespace = namespace.expect("it starts");
        let worker = namespace.service(name);
        Self {
            runtime,
            namespace,
            worker,
        }
    }

    fn store(&self) -> MetricsStore {
        MetricsStore::in_namespace(&self.namespace).expect("it was started")
    }

    fn process(&self) -> Process {
        self.worker.process().expect("it runs")
    }

    fn cast(&self, order: Order) {
        self.worker.cast(order).expect("it runs");
    }

    /// What is seen of this series of the worker, with another tag or none.
    fn view(&self, name: &str, tag: Option<(&str, &str)>) -> Option<View> {
        let tags = [Some(("process", "app/children/worker")), tag];
        let tags = tags
            .into_iter()
            .flatten()
            .collect::<mainstay_actors::metrics::Tags>();
        self.store().view(name, tags, TimeWindow::Minute)
    }

    fn count(&self, name: &str, tag: Option<(&str, &str)>) -> u64 {
        self.view(name, tag).map_or(0, |view| view.count())
    }

    fn last(&self, name: &str) -> Option<f64> {
        self.view(name, None)?.last()
    }

    /// The process that looks at the mailboxes.
    fn keeper(&self) -> Process {
        let processes = self.namespace.processes().into_iter();
        let mut keepers = processes.filter(|process| process.id().as_str() == instrument::NAME);
        keepers.next().expect("it runs")
    }

    async fn end(self) {
        drop(self.namespace);
        let report = self.runtime.stop(secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.processes().is_empty());
    }
}

fn taking(time: Duration) -> Order {
    Order::run(move |_| async move {
        sleep(time).await;
        Ok(())
    })
}

/// Within the bound of the histogram.
#[track_caller]
fn assert_about(value: Option<f64>, expected: Duration) {
    let (value, expected) = (value.expect("a value"), expected.as_nanos() as f64);
    assert!(
        (value - expected).abs() <= expected / 64.0,
        "{value} is not {expected}"
    );
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
