//! A namespace with all services, and what they have measured.

use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::TotalValue;
use mainstay_supervisors::Namespace;

pub(super) use crate::bed::{Bed, name, simulated};

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
