//! A namespace with all services.

use std::time::Duration;

use mainstay::infrastructure::{self, InfraConfig, Infrastructure};
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::TotalValue;
use mainstay_supervisors::specs::{MemoryManagerSpec, ServiceName};
use mainstay_supervisors::{Namespace, Runtime};

/// A runtime of a test's own with one namespace, in which everything runs; pressure on memory is made up.
pub(super) struct Bed {
    runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) infra: Infrastructure,
}

impl Bed {
    pub(super) async fn new(config: InfraConfig) -> Self {
        let memory = MemoryManagerSpec::default();
        let config = config.memory_manager(memory.simulation(true).psi(false).budget(1 << 50));
        let runtime = Runtime::new();
        let namespace = runtime.namespace("bed").await.unwrap();
        let infra = infrastructure::start(&namespace, config).await.unwrap();
        Self {
            runtime,
            namespace,
            infra,
        }
    }

    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let runtime = self.runtime.clone();
        drop(self);
        let report = runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

/// How many samples this histogram has, over all its series.
pub(super) fn samples(namespace: &Namespace, metric: &str) -> u64 {
    let store = MetricsStore::in_namespace(namespace).unwrap();
    let series = store.snapshot().series;
    let of = series.iter().filter(|one| one.key.name.as_str() == metric);
    of.map(|one| match &one.value {
        TotalValue::Samples(samples) => samples.count,
        other => panic!("{metric}: {other:?}"),
    })
    .sum()
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}
