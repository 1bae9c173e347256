//! The state of a metrics store, which outlives its keeper.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::error::MetricsError;
use super::key::SeriesKey;
use super::limits::Limits;
use super::live::Budget;
use super::series::{AnySeries, Moment};
use super::table::Table;
use super::windows::Timeline;
use crate::instrument::call::Sites;

/// What those who record and ask, and all incarnations of the keeper, share.
#[derive(Debug)]
pub(crate) struct Cell {
    /// The first moment, to which all times are relative.
    epoch: Instant,
    began: SystemTime,
    limits: ArcSwap<Limits>,
    pub(super) table: RwLock<Table>,
    pub(super) timeline: ArcSwap<Timeline>,
    pub(crate) budget: Arc<Budget>,
    pub(super) counts: Counts,
    /// Held by whoever ticks, so that two keepers that overlap do not tick at the same time.
    pub(super) ticking: Mutex<()>,
    /// What instrumented functions record to.
    pub(super) sites: Sites,
}

/// What has happened to the store itself.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) generation: AtomicU64,
    pub(crate) overflowed: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) shed: AtomicU64,
    /// How late the last tick was, in nanoseconds.
    pub(crate) lateness: AtomicU64,
}

/// The cell as the namespace keeps it.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Cell>);

impl Cell {
    pub(crate) fn new(limits: Limits, now: Instant, wall: SystemTime) -> Self {
        let budget = Arc::new(Budget::new(limits.bytes_max));
        Self {
            epoch: now,
            began: wall,
            limits: ArcSwap::from_pointee(limits),
            table: RwLock::default(),
            timeline: ArcSwap::default(),
            budget,
            counts: Counts::default(),
            ticking: Mutex::default(),
            sites: Sites::default(),
        }
    }

    /// Takes over what a keeper, just started, goes by. Gives which keeper it is.
    pub(crate) fn adopt(&self, limits: &Limits) -> u64 {
        self.set_limits(limits);
        self.counts.generation.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Goes by these from now on: what is there already stays.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.budget.set_bytes_max(limits.bytes_max);
        self.limits.store(Arc::new(*limits));
    }

    pub(crate) fn limits(&self) -> Limits {
        **self.limits.load()
    }

    /// How long it is since the first moment.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The moment that is so long after the first one.
    pub(crate) fn at(&self, time: Duration) -> Instant {
        self.epoch + time
    }

    /// When the first moment was, by the wall clock of then.
    pub(crate) const fn began(&self) -> SystemTime {
        self.began
    }

    /// A poisoned lock is taken all the same: an entry is put in whole or not at all.
    pub(crate) fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn table_to_change(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ticking(&self) -> MutexGuard<'_, ()> {
        self.ticking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at something as it is at one moment.
    pub(crate) fn look<T>(&self, look: impl FnOnce(Moment<'_>) -> T) -> T {
        let timeline = self.timeline.load();
        look(Moment {
            timeline: &timeline,
            now: self.now(),
        })
    }

    /// Whether there may be one more series.
    fn has_room(&self, table: &Table) -> bool {
        table.len() < self.limits().series_max && self.budget.bytes() < self.budget.bytes_max()
    }

    fn count_overflowed(&self) {
        self.counts.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// The series, if it is there, or the one that stands for it if there is no room. Nobody waits for this but who makes a series.
    fn find(&self, key: &SeriesKey) -> Result<Option<AnySeries>, MetricsError> {
        let table = self.table();
        if let Some(series) = table.get(key)? {
            series.touch(self.now());
            return Ok(Some(series));
        }
        if self.has_room(&table) {
            return Ok(None);
        }
        let found = table.get_overflow(key);
        if found.is_some() {
            self.count_overflowed();
        }
        Ok(found)
    }

    /// The series, made if it is not there.
    pub(crate) fn series(
        &self,
        key: SeriesKey,
        make: impl FnOnce(SeriesKey, Moment<'_>) -> AnySeries,
    ) -> Result<AnySeries, MetricsError> {
        key.tags.check()?;
        if let Some(series) = self.find(&key)? {
            return Ok(series);
        }
        let mut table = self.table_to_change();
        let timeline = self.timeline.load();
        let moment = Moment {
            timeline: &timeline,
            now: self.now(),
        };
        let has_room = self.has_room(&table);
        let found = table.get_or_make(key, has_room, |key| {
            let series = make(key, moment);
            self.budget.add(series.bytes());
            series
        })?;
        if found.overflowed {
            self.count_overflowed();
        }
        Ok(found.series)
    }
}

#[cfg(test)]
mod tests {
    use super::super::live::LiveCounter;
    use super::super::series::Series;
    use super::super::tags::Tags;
    use super::super::unit::{MetricKind, Unit};
    use super::*;

    #[test]
    fn who_asks_a_full_store_does_not_wait_for_who_looks_at_it() {
        let limits = Limits {
            series_max: 1,
            bytes_max: usize::MAX,
            expire_after: Duration::MAX,
        };
        let cell = Cell::new(limits, Instant::now(), SystemTime::UNIX_EPOCH);
        let ask = |nth: u32| {
            let key = SeriesKey {
                name: "a".parse().unwrap(),
                tags: Tags::from([("nth", nth.to_string())]),
                kind: MetricKind::Counter,
                unit: Unit::Count,
            };
            let made = cell.series(key, |key, moment| {
                AnySeries::Counter(Arc::new(Series::new(key, LiveCounter::default(), moment)))
            });
            made.unwrap().key().tags.to_string()
        };
        assert_eq!(ask(1), r#"{nth="1"}"#);
        assert_eq!(ask(2), r#"{overflow="true"}"#);
        let looking = cell.table();
        let found = std::thread::scope(|scope| scope.spawn(|| ask(3)).join());
        assert_eq!(found.unwrap(), r#"{overflow="true"}"#);
        drop(looking);
        assert_eq!(cell.counts.overflowed.load(Ordering::Relaxed), 2);
    }
}
