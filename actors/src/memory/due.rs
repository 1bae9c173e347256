//! What falls due when nobody does anything: the end of a simulation, and of the time for which a sample counts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cell::{MemoryCell, lock};
use super::event::MemoryEvent;

impl MemoryCell {
    /// Lets a simulation end whose time has come, and says so if the last sample has become stale.
    pub(crate) fn mind_time(&self) {
        let now = self.clock.now();
        let ends = lock(&self.pressure).simulation().map(|one| one.until);
        if ends.is_some_and(|until| until <= now) {
            self.with(|pressure| pressure.expire(now));
        }
        let word = self.word();
        if !word.is_stale() && self.is_overdue() && self.set_stale(word.number()) {
            tracing::warn!(namespace = %self.namespace, "memory is not measured any more: the last sample is stale");
            self.tell(&MemoryEvent::Stale(true));
        }
    }

    /// Says that the sample of this number is stale, unless there is a newer one by now; says whether it did.
    fn set_stale(&self, number: u64) -> bool {
        let mut is_last = false;
        self.with(|pressure| {
            is_last = self.is_overdue() && pressure.set_stale(number);
            None
        });
        is_last
    }

    /// For how long nothing falls due.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        let now = self.clock.now();
        let ends = lock(&self.pressure).simulation().map(|one| one.until);
        let stale_at = self.stale_at.load(Ordering::Relaxed);
        let minds_age = stale_at > 0 && !self.word().is_stale();
        let stale_at = minds_age.then(|| Duration::from_nanos(stale_at));
        let next = ends.into_iter().chain(stale_at).min()?;
        Some(next.saturating_sub(now))
    }
}
