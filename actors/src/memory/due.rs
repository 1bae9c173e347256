//! What falls due when nobody does anything: the end of a simulation, of the time for which a sample counts, and another try to take one.

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
        if !self.word().is_stale() && self.is_overdue() && self.set_stale(|| self.is_overdue()) {
            tracing::warn!(namespace = %self.namespace, "memory is not measured any more: the last sample is stale");
        }
    }

    /// Says that the last sample is stale, whatever its age: nobody takes a further one.
    pub(super) fn end_freshness(&self) {
        self.set_stale(|| true);
    }

    /// Says that the last sample is stale, if it still is when no other can come; says whether it did.
    fn set_stale(&self, is_so: impl FnOnce() -> bool) -> bool {
        let mut is_told = false;
        self.with(|pressure| {
            is_told = is_so() && pressure.set_stale();
            None
        });
        if is_told {
            self.tell(&MemoryEvent::Stale(true));
        }
        is_told
    }

    /// For how long nothing falls due.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        let now = self.clock.now();
        let ends = lock(&self.pressure).simulation().map(|one| one.until);
        let stale_at = self.stale_at.load(Ordering::Relaxed);
        let minds_age = stale_at > 0 && !self.word().is_stale();
        let stale_at = minds_age.then(|| Duration::from_nanos(stale_at));
        let next = ends.into_iter().chain(stale_at).chain(self.next_try(now));
        Some(next.min()?.saturating_sub(now))
    }

    /// When to look again whether the thread is there that takes samples: as long as there is none that counts, as it may not have been
    /// started, for want of memory, say, or have gone before it has taken one.
    fn next_try(&self, now: Duration) -> Option<Duration> {
        let terms = self.terms.load();
        let is_wanting = !terms.setup.by_hand && self.word().is_stale();
        let patience = terms.spec().check_interval * terms.spec().stale_after;
        is_wanting.then(|| now.saturating_add(patience))
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use mainstay_specs::MemoryManagerSpec;
    use mainstay_supervisors::Runtime;

    use crate::memory::sampler::Sampler;
    use crate::memory::signals::Signals;
    use crate::memory::terms::{MemorySetup, Terms};

    use super::*;

    async fn cell(runtime: &Runtime, setup: MemorySetup) -> std::sync::Arc<MemoryCell> {
        let namespace = runtime.namespace("app").await.expect("it starts");
        let cell = MemoryCell::new(&namespace);
        let signals = Signals::none(&namespace);
        cell.adopt(Terms { setup, signals });
        std::sync::Arc::new(cell)
    }

    #[tokio::test]
    async fn a_thread_that_has_gone_before_it_has_taken_a_sample_is_tried_again() {
        let runtime = Runtime::new();
        let spec = MemoryManagerSpec::default();
        let cell = cell(&runtime, MemorySetup::new(spec)).await;
        *lock(&cell.sampler) = Some(Sampler::gone());
        let patience = Duration::from_millis(1250);
        assert!(cell.next_time().is_some_and(|next| next <= patience));
        cell.mind_sampler().expect("there is a thread");
        let (is_running, restarts, _) = cell.sampler();
        assert_eq!((is_running, restarts), (true, 1));
        cell.stop_sampler();
        runtime.stop(Duration::from_secs(60)).await;
    }

    #[tokio::test]
    async fn where_samples_are_taken_by_hand_nobody_looks_for_a_thread() {
        let runtime = Runtime::new();
        let setup = MemorySetup::new(MemoryManagerSpec::default()).by_hand();
        let cell = cell(&runtime, setup).await;
        assert_eq!(cell.next_time(), None);
        runtime.stop(Duration::from_secs(60)).await;
    }
}
