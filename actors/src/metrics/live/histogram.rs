//! Samples of which the distribution matters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use thread_local::ThreadLocal;

use super::budget::Budget;
use super::desk::{Desks, Lent};
use super::place::in_own_place;
use super::shard::{RESOLUTION, SHARD_BYTES, Shard};
use crate::metrics::histogram::{Distribution, Unplaced};

/// Buckets that many threads add to.
#[derive(Debug)]
pub(crate) struct LiveHistogram {
    /// Boxed: the list has places for as many threads again, which should be small.
    shards: ThreadLocal<Box<Shard>>,
    /// Of those that have no place of their own: threads that are ending, and those that came when there was no room.
    shared: OnceLock<Box<Shard>>,
    desks: Desks,
    spare: Spare,
    budget: Arc<Budget>,
}

/// Where samples are counted that there is no room for in any bucket.
#[derive(Debug, Default)]
struct Spare {
    count: AtomicU64,
    /// Stops at the end of `u64`.
    sum: AtomicU64,
}

impl Spare {
    fn record(&self, value: u64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let add = |sum: u64| Some(sum.saturating_add(value));
        // The closure always gives a value, so this cannot fail.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    fn samples(&self) -> Unplaced {
        Unplaced {
            count: self.count.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

impl LiveHistogram {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            shards: ThreadLocal::new(),
            shared: OnceLock::new(),
            desks: Desks::default(),
            spare: Spare::default(),
            budget,
        }
    }

    #[inline]
    pub(crate) fn record(&self, value: u64) {
        match self.shards.get() {
            Some(shard) if shard.record(value, &self.budget) => {}
            Some(_) => self.record_elsewhere(value),
            None => self.record_first(value),
        }
    }

    /// Records the first sample of a thread, if there is room for its shard. Out of the way, so that what is done for every
    /// other record is all in the caller.
    #[cold]
    fn record_first(&self, value: u64) {
        let is_placed = self.budget.take(SHARD_BYTES) && self.record_in_new_shard(value);
        if !is_placed {
            self.record_elsewhere(value);
        }
    }

    fn record_in_new_shard(&self, value: u64) -> bool {
        let Some(shard) = in_own_place(|| self.shards.get_or(Box::default)) else {
            self.budget.give_back(SHARD_BYTES);
            return false;
        };
        shard.record(value, &self.budget)
    }

    /// Records a sample of who has no place for it: with others of this kind, or as one that has no place at all.
    #[cold]
    fn record_elsewhere(&self, value: u64) {
        let has_room = self.shared.get().is_some() || self.budget.take(SHARD_BYTES);
        let is_placed = has_room && {
            let shared = self.shared.get_or_init(Box::default);
            shared.record_with_others(value, &self.budget)
        };
        if !is_placed {
            self.spare.record(value);
            self.budget.count_unplaced();
        }
    }

    /// Buckets to write to alone; `None` if there is no room for them.
    pub(crate) fn lend(&self) -> Option<Lent> {
        self.desks.lend(&self.budget)
    }

    /// Takes back what was lent.
    pub(crate) fn take_back(&self, lent: &Lent) {
        self.desks.take_back(lent);
    }

    /// All that was recorded. What is being recorded at the same time may be in it or not.
    pub(crate) fn total(&self) -> Distribution {
        let mut all = Distribution::new(RESOLUTION);
        let mut sum = self.desks.add_to(&mut all);
        let shared = self.shared.get().into_iter();
        for shard in self.shards.iter().chain(shared) {
            sum = sum.wrapping_add(shard.add_to(&mut all));
        }
        all.set_wrapped_sum(sum);
        all.put_unplaced(self.spare.samples());
        all
    }

    /// What it takes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        let shards = self.shards.iter().chain(self.shared.get());
        let shards: usize = shards.map(|shard| shard.heap_bytes()).sum();
        shards + self.desks.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::thread;

    use super::super::desk::DESK_BYTES;
    use super::super::shard::Page;
    use super::*;

    fn histogram(bytes_max: usize) -> LiveHistogram {
        LiveHistogram::new(Arc::new(Budget::new(bytes_max)))
    }

    #[test]
    fn what_is_recorded_by_many_threads_is_what_one_would_have_recorded() {
        let histogram = histogram(usize::MAX);
        let values = |thread: u64| (0..20_000).map(move |nth| (nth * 7_919 + thread) << (nth % 40));
        thread::scope(|scope| {
            for nth in 0..4 {
                let histogram = &histogram;
                scope.spawn(move || values(nth).for_each(|value| histogram.record(value)));
            }
        });
        let expected: Distribution = (0..4).flat_map(values).collect();
        assert_eq!(histogram.total(), expected);
    }

    #[test]
    fn the_extremes_are_recorded_and_summed() {
        let histogram = histogram(usize::MAX);
        let values = [0, 1, u64::MAX, u64::MAX, u64::MAX];
        values.into_iter().for_each(|value| histogram.record(value));
        assert_eq!(histogram.total(), values.into_iter().collect());
    }

    #[test]
    fn samples_for_which_there_is_no_room_are_counted_without_a_place() {
        let room = SHARD_BYTES + size_of::<Page>();
        let histogram = histogram(room);
        histogram.record(1);
        histogram.record(5_000);
        histogram.record(2);
        let total = histogram.total();
        assert_eq!(
            (total.count(), total.sum(), total.unplaced()),
            (3, 5_003, 1)
        );
        assert_eq!((total.quantile(0.5), total.max()), (Some(1.0), Some(2.0)));
        assert_eq!(histogram.budget.unplaced(), 1);
        assert_eq!(histogram.budget.bytes(), room);
    }

    #[test]
    fn a_sample_that_has_no_place_finds_one_again_once_there_is_room() {
        let histogram = histogram(SHARD_BYTES + size_of::<Page>());
        histogram.record(1);
        histogram.record(5_000);
        histogram.budget.set_bytes_max(usize::MAX);
        histogram.record(5_000);
        let total = histogram.total();
        assert_eq!((total.count(), total.unplaced()), (3, 1));
        assert_eq!(total.count_up_to(8_191), 2);
    }

    #[test]
    fn the_sum_of_what_has_no_place_stops_at_the_end_of_a_word() {
        let histogram = histogram(0);
        (0..3).for_each(|_| histogram.record(u64::MAX));
        let total = histogram.total();
        assert_eq!((total.count(), total.sum()), (3, u128::from(u64::MAX)));
    }

    #[test]
    fn buckets_of_ones_own_go_from_hand_to_hand_with_what_they_hold() {
        let histogram = histogram(usize::MAX);
        let values = [0, 1, 70, 1_000_000, u64::MAX];
        for value in values {
            let mut lent = histogram.lend().unwrap();
            lent.record(value);
            histogram.take_back(&lent);
        }
        assert_eq!(histogram.total(), values.into_iter().collect());
        assert_eq!(histogram.heap_bytes(), DESK_BYTES);
        let two = [histogram.lend().unwrap(), histogram.lend().unwrap()];
        assert_eq!(histogram.heap_bytes(), 2 * DESK_BYTES);
        two.iter().for_each(|lent| histogram.take_back(lent));
        assert_eq!(histogram.budget.bytes(), 2 * DESK_BYTES);
        histogram.budget.set_bytes_max(0);
        let all = [histogram.lend(), histogram.lend(), histogram.lend()];
        assert_eq!(all.map(|lent| lent.is_some()), [true, true, false]);
    }

    /// Records when it is destroyed with the other thread-locals of its thread.
    struct AtTheEnd(Arc<LiveHistogram>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            self.0.record(7);
        }
    }

    thread_local! {
        static FIRST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    }

    fn end(before: bool, recorded: bool, after: bool) -> Distribution {
        let histogram = Arc::new(histogram(usize::MAX));
        let told = Arc::clone(&histogram);
        let thread = thread::spawn(move || {
            let at_the_end = || Some(AtTheEnd(Arc::clone(&told)));
            // Destroyed after what finds the places of the thread.
            FIRST.with(|first| *first.borrow_mut() = before.then(at_the_end).flatten());
            if recorded {
                told.record(7);
            }
            // Destroyed before.
            LAST.with(|last| *last.borrow_mut() = after.then(at_the_end).flatten());
        });
        thread.join().unwrap();
        histogram.total()
    }

    /// What finds the places of a thread is gone before the thread records for the first time: it was made for something else.
    #[test]
    fn a_first_record_at_the_very_end_of_a_thread_is_recorded() {
        let histogram = Arc::new(histogram(usize::MAX));
        let told = Arc::clone(&histogram);
        let thread = thread::spawn(move || {
            FIRST.with(|first| *first.borrow_mut() = Some(AtTheEnd(told)));
            ThreadLocal::new().get_or(|| 1);
        });
        thread.join().unwrap();
        assert_eq!(histogram.total(), [7].into_iter().collect());
    }

    #[test]
    fn what_is_recorded_while_a_thread_ends_is_recorded() {
        for (before, recorded, after) in [
            (true, true, true),
            (true, false, false),
            (true, true, false),
            (false, false, true),
            (true, false, true),
        ] {
            let expected = usize::from(before) + usize::from(recorded) + usize::from(after);
            let expected: Distribution = std::iter::repeat_n(7, expected).collect();
            assert_eq!(end(before, recorded, after), expected);
        }
    }

    #[test]
    fn the_first_sample_of_a_thread_takes_room_too() {
        let histogram = histogram(SHARD_BYTES - 1);
        histogram.record(1);
        let total = histogram.total();
        assert_eq!(
            (total.count(), total.sum(), total.quantile(0.5)),
            (1, 1, None)
        );
        assert_eq!(histogram.budget.unplaced(), 1);
        assert_eq!((histogram.budget.bytes(), histogram.heap_bytes()), (0, 0));
    }

    #[test]
    fn pages_are_made_when_they_are_first_touched() {
        let histogram = histogram(usize::MAX);
        let empty = histogram.heap_bytes();
        histogram.record(1_000);
        let one = histogram.heap_bytes();
        histogram.record(1_001);
        assert_eq!(histogram.heap_bytes(), one);
        assert_eq!((empty, one), (0, SHARD_BYTES + size_of::<Page>()));
    }
}
