//! Namespaces with a metrics store, and ways to end its keeper.

use std::time::Duration;

use mainstay_actors::metrics::{MetricsStore, NAME, PerformanceMonitor};
use mainstay_supervisors::specs::{MetricsSpec, ServiceName, Strategy, SupervisorFlags};
use mainstay_supervisors::{Namespace, NamespacePlan, Process, Runtime};

/// A runtime of a test's own with one namespace.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) store: MetricsStore,
}

impl Bed {
    pub(super) async fn new() -> Self {
        Self::with(MetricsSpec::default()).await
    }

    /// With a store whose keeper may crash as often as it likes.
    pub(super) async fn with(spec: MetricsSpec) -> Self {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new()
            .children_flags(flags)
            .child(MetricsStore::child(spec));
        let runtime = Runtime::new();
        let name = "bed".parse().expect("a name");
        let started = runtime.start_namespace(name, plan).await;
        let namespace = started.expect("it starts");
        let store = MetricsStore::in_namespace(&namespace).expect("it was started");
        Self {
            runtime,
            namespace,
            store,
        }
    }

    pub(super) fn monitor(&self) -> PerformanceMonitor {
        PerformanceMonitor::new(self.store.clone())
    }

    /// The keeper as it runs now.
    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the keeper runs")
    }

    /// Waits until `old` has ended and another one runs in its place.
    pub(super) async fn successor(&self, old: &Process) -> Process {
        old.ended().await;
        let name = ServiceName::new(NAME).expect("a name");
        let next = self.namespace.registry().wait_for(&name).await;
        assert_ne!(&next, old);
        next
    }

    /// Stops all, which must leave nothing to be killed.
    pub(super) async fn end(self) {
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.roots().is_empty());
    }
}

/// Lets time pass, the keeper included, and ends a little after a beat.
pub(super) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    // The keeper may have been woken at the same moment, and after this.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
