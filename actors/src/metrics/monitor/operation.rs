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

/// The latencies of one operation. To have it told by events, take [`telemetry::EventSpan`](crate::telemetry::EventSpan).
///
/// A histogram in nanoseconds for each way in which it can end, told apart by the tag
/// [`STATUS`]. From these come its latency, its throughput and its error rate. A handle, cheap to clone.
///
/// The series of an outcome is there from the first time that it comes; that of a success from the beginning. As long as the store has
/// no room for one, it is looked up each time, which takes a tenth of a microsecond, and goes to the series of its family that is tagged
/// [`OVERFLOW`](crate::metrics::OVERFLOW) and has the same status.
#[derive(Clone, Debug)]
pub struct Operation(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: MetricsStore,
    name: MetricName,
    tags: Tags,
    /// Holds the family, which another one could take the name of.
    _family: Histogram,
    /// The series that there was room for, in the order of [`Outcome::ALL`].
    held: [OnceLock<Histogram>; Outcome::ALL.len()],
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
        let success = tags.clone().with(STATUS, Outcome::Success.as_str());
        Ok(Operation(Arc::new(Inner {
            store: self.clone(),
            _family: self.histogram(&name, Unit::Nanoseconds, success)?,
            name,
            tags,
            held: [const { OnceLock::new() }; Outcome::ALL.len()],
        })))
    }
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
        match self.0.held[outcome as usize].get() {
            Some(latencies) => latencies.record_duration(latency),
            None => self.find_and_record(outcome, latency),
        }
    }

    #[cold]
    fn find_and_record(&self, outcome: Outcome, latency: Duration) {
        match self.find(outcome) {
            Ok(latencies) => latencies.record_duration(latency),
            // Its tags were fine with another status, and the family is held: it does not come to this.
            Err(_) => self.0.store.cell.budget.count_dropped(),
        }
    }

    /// The series of an outcome, which is held from then on if there is room for it.
    fn find(&self, outcome: Outcome) -> Result<Histogram, MetricsError> {
        let Inner {
            store,
            name,
            tags,
            held,
            ..
        } = &*self.0;
        let tags = tags.clone().with(STATUS, outcome.as_str());
        let found = store.histogram(name, Unit::Nanoseconds, &tags)?;
        if found.key().tags == tags {
            held[outcome as usize].get_or_init(|| found.clone());
        }
        Ok(found)
    }

    /// A future that comes to what `future` comes to, and records how long that took, from the first time it is polled: as a success or
    /// an error, by the `Result`; as a panic, which goes on; or as cancelled, if it is dropped after it was begun and before it is done.
    ///
    /// To have what takes too long as a timeout, measure the future that [`timeout`](tokio::time::timeout) gives: its error is one. A
    /// measured future within a timeout is dropped, and so cancelled.
    pub fn measure<F, T, E>(&self, future: F) -> Measured<F, ResultOf>
    where
        F: Future<Output = Result<T, E>>,
        E: 'static,
    {
        Measured::new(self.clone(), future)
    }

    /// As [`measure`](Self::measure), for futures of which every output is a success.
    pub fn time<F: Future>(&self, future: F) -> Measured<F, Succeeds> {
        Measured::new(self.clone(), future)
    }
}
