//! What the store records of itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::beat::Beat;
use super::cell::Cell;
use super::error::MetricsError;
use super::handle::MetricsStore;
use super::recorder::{Counter, Gauge, Histogram};
use super::tags::Tags;
use super::unit::Unit;

/// The store's own series, so that what it does is seen wherever its series are.
#[derive(Debug)]
pub(crate) struct Own {
    series: Gauge,
    bytes: Gauge,
    tick_lateness: Histogram,
    overflowed: Tally,
    dropped: Tally,
    expired: Tally,
    shed: Tally,
}

/// A counter that follows a number.
#[derive(Debug)]
struct Tally(Counter);

impl Tally {
    fn follow(&self, number: u64) {
        self.0.increment(number.saturating_sub(self.0.total()));
    }
}

impl Own {
    pub(crate) fn of(store: &MetricsStore) -> Result<Self, MetricsError> {
        let gauge = |name: &str, unit| store.gauge(name, unit, Tags::new());
        let tally = |name: &str| store.counter(name, Tags::new()).map(Tally);
        let lateness = "mainstay.metrics.tick_lateness";
        Ok(Self {
            series: gauge("mainstay.metrics.series", Unit::Count)?,
            bytes: gauge("mainstay.metrics.bytes", Unit::Bytes)?,
            tick_lateness: store.histogram(lateness, Unit::Nanoseconds, Tags::new())?,
            overflowed: tally("mainstay.metrics.overflowed")?,
            dropped: tally("mainstay.metrics.dropped")?,
            expired: tally("mainstay.metrics.expired")?,
            shed: tally("mainstay.metrics.shed")?,
        })
    }

    /// Records what there is after a beat.
    pub(crate) fn note(&self, cell: &Cell, beat: Beat) {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let series = cell.table().len();
        self.series.set(series as f64);
        self.bytes.set(cell.budget.bytes() as f64);
        self.overflowed.follow(number(&cell.counts.overflowed));
        self.dropped.follow(cell.budget.dropped());
        self.expired.follow(number(&cell.counts.expired));
        self.shed.follow(number(&cell.counts.shed));
        if let Some(late) = beat.tick {
            self.tick_lateness.record_duration(late);
        }
    }
}
