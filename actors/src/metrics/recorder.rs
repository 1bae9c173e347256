//! What is held to record: a series, resolved once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::key::SeriesKey;
use super::live::{Lent, LiveCounter, LiveGauge, LiveHistogram};
use super::series::Series;

/// A series that is counted up: a handle, cheap to clone.
///
/// A record is a few nanoseconds: no lock, no allocation but for the first record of a thread, and nothing that other threads wait
/// for. It goes on working, unread, when the store is gone. What is recorded while the thread-locals of a thread are being destroyed goes
/// to a place that all such threads share, by an atomic addition.
#[derive(Clone)]
pub struct Counter(pub(crate) Arc<Series<LiveCounter>>);

impl Counter {
    /// Counts up. The total wraps at 2^64, and what is seen over a window stays right when it does.
    #[inline]
    pub fn increment(&self, by: u64) {
        self.0.live.add(by);
    }

    /// How much it was counted up since the series began, by all threads.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.live.total()
    }

    /// The series. It may be another than was asked for: see [`OVERFLOW`](super::OVERFLOW).
    #[must_use]
    pub fn key(&self) -> &SeriesKey {
        &self.0.key
    }
}

/// A series that is set to what is the case now: a handle, cheap to clone.
///
/// All threads share one word: the last one to set it counts.
#[derive(Clone)]
pub struct Gauge(pub(crate) Arc<Series<LiveGauge>>);

impl Gauge {
    /// Sets it. Not a number says that there is no value now.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.live.set(value);
    }

    /// Adds to it, or to 0 if there is no value. Additions of several threads are all there; one that meets another is tried again,
    /// so this may take longer than [`set`](Self::set) under contention.
    #[inline]
    pub fn add(&self, by: f64) {
        self.0.live.add(by);
    }

    /// What it was last set to; `None` if it was not set, or to not a number.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.0.live.value()
    }

    /// The series. It may be another than was asked for: see [`OVERFLOW`](super::OVERFLOW).
    #[must_use]
    pub fn key(&self) -> &SeriesKey {
        &self.0.key
    }
}

/// A series of samples of which the distribution matters: a handle, cheap to clone.
///
/// A record costs about what that of a [`Counter`] does, and the same holds for it. A thread makes room, half a KiB at a time, when it
/// first records values of a magnitude; when the store may take no more, such values share the room of others, or are in the count and the
/// sum only: see [`Distribution::unplaced`](super::Distribution::unplaced). Whoever records alone, and much, is better off with
/// [`local`](Self::local).
#[derive(Clone)]
pub struct Histogram(pub(crate) Arc<Series<LiveHistogram>>);

impl Histogram {
    /// Records a sample, in the unit of the family.
    #[inline]
    pub fn record(&self, value: u64) {
        self.0.live.record(value);
    }

    /// Records a duration as [`Unit::count_of`](super::Unit::count_of) counts it in the unit of the family.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(self.0.key.unit.count_of(duration));
    }

    /// A recorder for one owner, and the fastest way to record: it has buckets of its own, of 15 KiB, and looks for no thread. To be kept
    /// by a loop, a thread or an actor that records to the series often.
    ///
    /// What it records is seen at once, as by the handle. Dropping it gives its buckets to the next recorder of the series. Without room
    /// for them in the store, when it is made, it records as the handle does.
    ///
    /// ```
    /// # use mainstay_actors::metrics::{MetricsStore, Tags, Unit};
    /// # use mainstay_specs::{MetricsSpec, NamespaceName};
    /// # use mainstay_supervisors::{NamespacePlan, Runtime};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
    /// # let runtime = Runtime::new();
    /// # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// # let store = MetricsStore::in_namespace(&namespace).expect("it was started");
    /// let sizes = store.histogram("shop.packet", Unit::Bytes, Tags::new())?;
    /// let mut recorder = sizes.local();
    /// (0..1_000).for_each(|size| recorder.record(size));
    /// assert_eq!(sizes.count(), 1_000);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn local(&self) -> LocalHistogram {
        LocalHistogram {
            lent: self.0.live.lend(),
            histogram: self.clone(),
        }
    }

    /// How many samples were recorded since the series began, by all threads. Reads all buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.live.total().count()
    }

    /// The series. It may be another than was asked for: see [`OVERFLOW`](super::OVERFLOW).
    #[must_use]
    pub fn key(&self) -> &SeriesKey {
        &self.0.key
    }
}

/// A [`Histogram`] for one owner: see [`Histogram::local`].
///
/// It may go from thread to thread, one at a time.
pub struct LocalHistogram {
    /// `None` if there was no room.
    lent: Option<Lent>,
    histogram: Histogram,
}

impl LocalHistogram {
    /// Records a sample, in the unit of the family.
    #[inline]
    pub fn record(&mut self, value: u64) {
        match &mut self.lent {
            Some(lent) => lent.record(value),
            None => self.histogram.record(value),
        }
    }

    /// Records a duration as [`Unit::count_of`](super::Unit::count_of) counts it in the unit of the family.
    #[inline]
    pub fn record_duration(&mut self, duration: Duration) {
        self.record(self.histogram.0.key.unit.count_of(duration));
    }

    /// The series.
    #[must_use]
    pub fn key(&self) -> &SeriesKey {
        self.histogram.key()
    }
}

impl Drop for LocalHistogram {
    fn drop(&mut self) {
        if let Some(lent) = &self.lent {
            self.histogram.0.live.take_back(lent);
        }
    }
}

impl fmt::Debug for LocalHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series("LocalHistogram", self.key(), f)
    }
}

fn series(name: &str, key: &SeriesKey, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{name}({}{})", key.name, key.tags)
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series("Counter", self.key(), f)
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series("Gauge", self.key(), f)
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series("Histogram", self.key(), f)
    }
}
