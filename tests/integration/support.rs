//! A namespace with all services.

use std::time::Duration;

use mainstay::infrastructure::{self, InfraConfig, Infrastructure};
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::TotalValue;
use mainstay_supervisors::specs::{MemoryManagerSpec, ServiceName};
use mainstay_supervisors::{Namespace, Runtime};

/// A runtime of a test's own with one namespace, in which everything runs.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) infra: Infrastructure,
}

impl Bed {
    pub(super) async fn new(config: InfraConfig) -> Self {
        let runtime = Runtime::new();
        let namespace = runtime.namespace("bed").await.unwrap();
        let infra = infrastructure::start(&namespace, config).await.unwrap();
        Self {
            runtime,
            namespace,
            infra,
        }
    }

    /// Stops all, which must leave nothing to be killed and nothing held.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let runtime = self.runtime.clone();
        drop(self);
        let report = runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

/// With pressure on memory that may be made up, and none that is measured and matters.
pub(super) fn simulated(config: InfraConfig) -> InfraConfig {
    config.memory_manager(
        MemoryManagerSpec::default()
            .simulation(true)
            .psi(false)
            .budget(1 << 50),
    )
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

/// The ids of what runs under the root of a namespace, in order.
pub(super) fn ids(namespace: &Namespace) -> Vec<String> {
    let tree = namespace.tree().unwrap();
    let children = tree.children.iter();
    children.map(|child| child.id.to_string()).collect()
}

/// How many samples this histogram has, over all its series.
pub(super) fn samples(namespace: &Namespace, metric: &str) -> u64 {
    let store = MetricsStore::in_namespace(namespace).unwrap();
    let series = store.snapshot().series;
    let of = series.iter().filter(|one| one.key.name.as_str() == metric);
    of.map(|one| match &one.value {
        TotalValue::Samples(samples) => samples.count(),
        other => panic!("{metric}: {other:?}"),
    })
    .sum()
}
