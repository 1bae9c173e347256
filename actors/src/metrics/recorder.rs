//! What is held to record: a series, resolved once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::key::SeriesKey;
use super::live::{LiveCounter, LiveGauge, LiveHistogram};
use super::series::Series;

/// A series that is counted up: a handle, cheap to clone.
///
/// A record is a few nanoseconds: no lock, no allocation but for the first record of a thread, and nothing that other threads wait
/// for. It goes on working, unread, when the store is gone. Destructors of a thread's own thread-locals must not record: the place of
/// the thread may be gone by then, and the attempt panics.
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
/// first records values of a magnitude; when the store may take no more, such values are dropped and counted.
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
