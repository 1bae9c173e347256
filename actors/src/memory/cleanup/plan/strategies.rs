//! Which strategies there are, and when each may run.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};

use super::super::event::CleanupResult;
use super::Rules;
use super::pace::{REST, doubled};

/// Which strategy, in the order in which they came.
pub(crate) type Key = u64;

/// A strategy, and what it has come to so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) service: ServiceName,
    pub(crate) class: CleanupClass,
    /// How long it rests at least, by its own account.
    pub(crate) min_interval: Duration,
    /// How long a run may take, by its own account.
    pub(crate) time_limit: Option<Duration>,
    pub(crate) tally: Tally,
    is_running: bool,
    rests_until: Duration,
    failures_in_a_row: u32,
}

/// What the runs of a strategy have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) failed: u64,
    pub(crate) panicked: u64,
    pub(crate) timed_out: u64,
    pub(crate) lost: u64,
    /// By what the allocator says.
    pub(crate) freed: u64,
    /// By what it says itself.
    pub(crate) told: u64,
    pub(crate) entries: u64,
    /// When the last run was over.
    pub(crate) last: Option<Duration>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunEnd {
    pub(crate) result: CleanupResult,
    pub(crate) took: Duration,
    /// By how much less of the heap is in use, if that is measured.
    pub(crate) freed: Option<u64>,
    /// By what it says itself.
    pub(crate) told: Option<u64>,
    pub(crate) entries: u64,
}

impl RunEnd {
    pub(crate) const fn lost() -> Self {
        Self {
            result: CleanupResult::Lost,
            took: Duration::ZERO,
            freed: None,
            told: None,
            entries: 0,
        }
    }
}

impl Known {
    pub(crate) fn new(
        service: ServiceName,
        class: CleanupClass,
        min_interval: Duration,
        time_limit: Option<Duration>,
    ) -> Self {
        Self {
            service,
            class,
            min_interval,
            time_limit,
            tally: Tally::default(),
            is_running: false,
            rests_until: Duration::ZERO,
            failures_in_a_row: 0,
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.is_running
    }

    pub(crate) const fn rests_until(&self) -> Duration {
        self.rests_until
    }

    fn is_of(&self, service: Option<&ServiceName>) -> bool {
        service.is_none_or(|service| *service == self.service)
    }

    fn note(&mut self, now: Duration, end: &RunEnd, rules: &Rules) {
        let tally = &mut self.tally;
        tally.runs += 1;
        tally.freed += end.freed.unwrap_or(0);
        tally.told = tally.told.saturating_add(end.told.unwrap_or(0));
        tally.entries = tally.entries.saturating_add(end.entries);
        tally.last = Some(now);
        match end.result {
            CleanupResult::Done => {}
            CleanupResult::Failed => tally.failed += 1,
            CleanupResult::Panicked => tally.panicked += 1,
            CleanupResult::TimedOut => tally.timed_out += 1,
            CleanupResult::Lost => tally.lost += 1,
        }
        self.failures_in_a_row = match end.result {
            CleanupResult::Done | CleanupResult::Lost => 0,
            _ => self.failures_in_a_row.saturating_add(1),
        };
        let least = self.min_interval.max(rules.min_interval);
        // One that says itself that it rests for longer than all others do keeps to that.
        let most = rules.pause_max.max(least);
        let rest = doubled(least, self.failures_in_a_row, most).max(end.took * REST);
        self.rests_until = now + rest;
    }
}

/// All strategies.
#[derive(Debug, Default)]
pub(super) struct Strategies {
    known: BTreeMap<Key, Known>,
    next: Key,
}

impl Strategies {
    pub(super) fn add(&mut self, known: Known) -> Key {
        let key = self.next;
        self.next += 1;
        self.known.insert(key, known);
        key
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Known> {
        self.known.remove(&key)
    }

    pub(super) fn get(&self, key: Key) -> Option<&Known> {
        self.known.get(&key)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Key, &Known)> {
        self.known.iter().map(|(key, known)| (*key, known))
    }

    pub(super) fn is_running(&self, key: Key) -> bool {
        self.known.get(&key).is_some_and(Known::is_running)
    }

    pub(super) fn set_running(&mut self, key: Key, is_running: bool) {
        if let Some(known) = self.known.get_mut(&key) {
            known.is_running = is_running;
        }
    }

    pub(super) fn finished(&mut self, key: Key, now: Duration, end: &RunEnd, rules: &Rules) {
        if let Some(known) = self.known.get_mut(&key) {
            known.note(now, end, rules);
        }
    }

    /// The mildest class that a service has.
    pub(super) fn lowest(&self, service: Option<&ServiceName>) -> Option<CleanupClass> {
        let of = self.known.values().filter(|known| known.is_of(service));
        of.map(|known| known.class).min()
    }

    /// Those of a service that may be carried out, the mildest first, and those that came first before others.
    pub(super) fn allowed(
        &self,
        service: Option<&ServiceName>,
        class_max: CleanupClass,
    ) -> impl Iterator<Item = (Key, &Known)> {
        let is_allowed = move |known: &Known| known.is_of(service) && known.class <= class_max;
        self.all().filter(move |(_, known)| is_allowed(known))
    }

    /// One of a service that may run now.
    pub(super) fn ready(
        &self,
        service: Option<&ServiceName>,
        class_max: CleanupClass,
        now: Duration,
    ) -> Option<Key> {
        let mut allowed = self.allowed(service, class_max);
        let ready = allowed.find(|(_, known)| !known.is_running && known.rests_until <= now);
        ready.map(|(key, _)| key)
    }

    /// When one of a service may run, not before `due`; none while all of them run.
    pub(super) fn ready_at(
        &self,
        service: Option<&ServiceName>,
        class_max: CleanupClass,
        due: Duration,
    ) -> Option<Duration> {
        let idle = self
            .allowed(service, class_max)
            .filter(|(_, known)| !known.is_running);
        let first = idle.map(|(_, known)| known.rests_until).min()?;
        Some(first.max(due))
    }
}
