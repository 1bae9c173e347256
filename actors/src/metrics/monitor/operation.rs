//! The latencies of one operation, by how it ended.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::measured::{Measured, ResultOf, Succeeds};
use crate::metrics::error::MetricsError;
use crate::metrics::handle::MetricsStore;
use crate::metrics::name::{IntoMetricName, MetricName};
use crate::metrics::outcome::{Outcome, STATUS};
use crate::metrics::recorder::Histogram;
use crate::metrics::tags::Tags;
use crate::metrics::unit::Unit;

/// The latencies of one operation: a histogram in nanoseconds for each way in which it can end, told apart by the tag
/// [`STATUS`]. From these come its latency, its throughput and its error rate. A handle, cheap to clone.
///
/// The series of an outcome is there from the first time that it comes; that of a success from the beginning.
#[derive(Clone, Debug)]
pub struct Operation(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: MetricsStore,
    name: MetricName,
    tags: Tags,
    success: Histogram,
    /// Those of the others, in the order of [`Outcome::ALL`].
    others: [OnceLock<Histogram>; Outcome::ALL.len()],
}

impl MetricsStore {
    /// An operation, to record how long it took and how it ended.
    ///
    /// # Errors
    ///
    /// Those of [`counter`](Self::counter).
    pub fn operation(
        &self,
        name: impl IntoMetricName,
        tags: impl Into<Tags>,
    ) -> Result<Operation, MetricsError> {
        let (name, tags) = (name.into_metric_name()?, tags.into());
        let success = latencies(self, &name, &tags, Outcome::Success)?;
        Ok(Operation(Arc::new(Inner {
            store: self.clone(),
            name,
            tags,
            success,
            others: [const { OnceLock::new() }; Outcome::ALL.len()],
        })))
    }
}

fn latencies(
    store: &MetricsStore,
    name: &MetricName,
    tags: &Tags,
    outcome: Outcome,
) -> Result<Histogram, MetricsError> {
    let tags = tags.clone().with(STATUS, outcome.as_str());
    store.histogram(name, Unit::Nanoseconds, tags)
}

impl Operation {
    /// The family it is recorded to.
    #[must_use]
    pub fn name(&self) -> &MetricName {
        &self.0.name
    }

    /// Records that it ended, how, and after how long.
    #[inline]
    pub fn record(&self, outcome: Outcome, latency: Duration) {
        self.latencies(outcome).record_duration(latency);
    }

    fn latencies(&self, outcome: Outcome) -> &Histogram {
        let Inner {
            store,
            name,
            tags,
            success,
            others,
        } = &*self.0;
        if outcome == Outcome::Success {
            return success;
        }
        others[outcome as usize].get_or_init(|| {
            // The family is there, as its successes are held, and the tags differ from theirs in a value that is short.
            let made = latencies(store, name, tags, outcome);
            made.unwrap_or_else(|_| success.clone())
        })
    }

    /// A future that comes to what `future` comes to, and records how long that took, from the first time it is polled: as a success or
    /// an error, by the `Result`; as a panic, which goes on; or as cancelled, if it is dropped after it was begun and before it is done.
    pub fn measure<F, T, E>(&self, future: F) -> Measured<F, ResultOf>
    where
        F: Future<Output = Result<T, E>>,
    {
        Measured::new(self.clone(), future)
    }

    /// As [`measure`](Self::measure), for futures of which every output is a success.
    pub fn time<F: Future>(&self, future: F) -> Measured<F, Succeeds> {
        Measured::new(self.clone(), future)
    }
}
