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
    unplaced: Tally,
    expired: Tally,
    shed: Tally,
}

/// What people are told of them.
const DESCRIPTIONS: &[(&str, &str)] = &[
    (
        "mainstay.metrics.series",
        "How many series the metrics store has.",
    ),
    (
        "mainstay.metrics.bytes",
        "What the series of the metrics store take, about, as of its last tick.",
    ),
    (
        "mainstay.metrics.tick_lateness",
        "How late ticks of the metrics store were.",
    ),
    (
        "mainstay.metrics.overflowed",
        "How often a series was asked for that there was no room for.",
    ),
    (
        "mainstay.metrics.dropped",
        "Samples that were not recorded.",
    ),
    (
        "mainstay.metrics.unplaced",
        "Samples that were counted without a place among the others, for want of room.",
    ),
    (
        "mainstay.metrics.expired",
        "Series that were forgotten, as nobody used them.",
    ),
    (
        "mainstay.metrics.shed",
        "How often the past of a series was thrown away to make room.",
    ),
];

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
        for (name, help) in DESCRIPTIONS {
            // What the application has told of them before, stays.
            let _first_stays = store.describe(*name, None, help);
        }
        let gauge = |name: &str, unit| store.gauge(name, unit, Tags::new());
        let tally = |name: &str| store.counter(name, Tags::new()).map(Tally);
        let lateness = "mainstay.metrics.tick_lateness";
        Ok(Self {
            series: gauge("mainstay.metrics.series", Unit::Count)?,
            bytes: gauge("mainstay.metrics.bytes", Unit::Bytes)?,
            tick_lateness: store.histogram(lateness, Unit::Nanoseconds, Tags::new())?,
            overflowed: tally("mainstay.metrics.overflowed")?,
            dropped: tally("mainstay.metrics.dropped")?,
            unplaced: tally("mainstay.metrics.unplaced")?,
            expired: tally("mainstay.metrics.expired")?,
            shed: tally("mainstay.metrics.shed")?,
        })
    }

    /// Records what there is after a beat.
    pub(crate) fn note(&self, cell: &Cell, beat: Beat) {
        if let Some(late) = beat.tick {
            self.tick_lateness.record_duration(late);
        }
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let series = cell.table().len();
        self.series.set(series as f64);
        self.bytes.set(cell.budget.bytes() as f64);
        self.overflowed.follow(number(&cell.counts.overflowed));
        self.dropped.follow(cell.budget.dropped());
        self.unplaced.follow(cell.budget.unplaced());
        self.expired.follow(number(&cell.counts.expired));
        self.shed.follow(number(&cell.counts.shed));
    }
}
