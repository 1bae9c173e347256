//! Samples of which the distribution matters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use thread_local::ThreadLocal;

use super::budget::Budget;
use super::bump;
use super::counter::SLOT_ENTRY_BYTES;
use crate::metrics::histogram::{Distribution, Resolution};

/// Buckets that many threads add to.
#[derive(Debug)]
pub(crate) struct LiveHistogram {
    /// Boxed: the list has places for as many threads again, which should be small.
    shards: ThreadLocal<Box<Shard>>,
    budget: Arc<Budget>,
}

/// What one thread has recorded.
#[derive(Debug)]
struct Shard {
    pages: [OnceLock<Box<Page>>; PAGES],
}

/// Buckets that lie side by side.
#[derive(Debug)]
#[repr(align(64))]
struct Page {
    /// Of all samples in these buckets, modulo 2^64. One for each page: a record waits for the one before it that added to the same word.
    sum: AtomicU64,
    counts: [AtomicU64; PAGE],
}

/// Buckets a page.
const PAGE: usize = 64;
const PAGES: usize = RESOLUTION.buckets().div_ceil(PAGE);
const RESOLUTION: Resolution = Resolution::Fine;
/// What a shard takes, without pages.
const SHARD_BYTES: usize = SLOT_ENTRY_BYTES + size_of::<Shard>();

impl Default for Shard {
    fn default() -> Self {
        Self {
            pages: [const { OnceLock::new() }; PAGES],
        }
    }
}

impl Shard {
    /// Adds to a bucket, if there is room for its page.
    #[inline]
    fn record(&self, value: u64, budget: &Budget) {
        let index = RESOLUTION.index(value);
        match self.pages[index / PAGE].get() {
            Some(page) => page.record(index % PAGE, value),
            None => self.record_on_new_page(value, budget),
        }
    }

    /// Drops the value if there is no room for its page.
    #[cold]
    fn record_on_new_page(&self, value: u64, budget: &Budget) {
        if !budget.take(size_of::<Page>()) {
            budget.count_dropped();
            return;
        }
        let index = RESOLUTION.index(value);
        let page = self.pages[index / PAGE].get_or_init(Box::default);
        page.record(index % PAGE, value);
    }

    /// Adds all counts to a distribution, and gives the sum modulo 2^64. What is recorded meanwhile may be in one and not in the other.
    fn add_to(&self, all: &mut Distribution) -> u64 {
        let mut sum: u64 = 0;
        for (nth, page) in self.pages.iter().enumerate() {
            let Some(page) = page.get() else { continue };
            sum = sum.wrapping_add(page.sum.load(Ordering::Relaxed));
            for (offset, count) in page.counts.iter().enumerate() {
                all.put(nth * PAGE + offset, count.load(Ordering::Relaxed));
            }
        }
        sum
    }

    fn heap_bytes(&self) -> usize {
        let pages = self
            .pages
            .iter()
            .filter(|page| page.get().is_some())
            .count();
        SHARD_BYTES + pages * size_of::<Page>()
    }
}

impl Page {
    #[inline]
    fn record(&self, bucket: usize, value: u64) {
        bump(&self.counts[bucket], 1);
        bump(&self.sum, value);
    }
}

impl Default for Page {
    fn default() -> Self {
        Self {
            sum: AtomicU64::new(0),
            counts: [const { AtomicU64::new(0) }; PAGE],
        }
    }
}

impl LiveHistogram {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        let shards = ThreadLocal::new();
        Self { shards, budget }
    }

    #[inline]
    pub(crate) fn record(&self, value: u64) {
        match self.shards.get() {
            Some(shard) => shard.record(value, &self.budget),
            None => self.record_first(value),
        }
    }

    /// Records the first sample of a thread, if there is room for its shard. Out of the way, so that what is done for every
    /// other record is all in the caller.
    #[cold]
    fn record_first(&self, value: u64) {
        if self.budget.take(SHARD_BYTES) {
            let shard = self.shards.get_or(Box::default);
            shard.record(value, &self.budget);
        } else {
            self.budget.count_dropped();
        }
    }

    /// All that was recorded. What is being recorded at the same time may be in it or not.
    pub(crate) fn total(&self) -> Distribution {
        let mut all = Distribution::new(RESOLUTION);
        let shards = self.shards.iter();
        let sum = shards.fold(0, |sum: u64, shard| {
            sum.wrapping_add(shard.add_to(&mut all))
        });
        all.set_wrapped_sum(sum);
        all
    }

    /// What it takes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.heap_bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

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
    fn samples_for_which_there_is_no_room_are_counted_as_dropped() {
        let room = SHARD_BYTES + size_of::<Page>();
        let histogram = histogram(room);
        histogram.record(1);
        histogram.record(u64::MAX);
        histogram.record(2);
        assert_eq!(histogram.total(), [1, 2].into_iter().collect());
        assert_eq!(histogram.budget.dropped(), 1);
        assert_eq!(histogram.budget.bytes(), room);
    }

    #[test]
    fn the_first_sample_of_a_thread_takes_room_too() {
        let histogram = histogram(SHARD_BYTES - 1);
        histogram.record(1);
        assert_eq!(histogram.total(), Distribution::default());
        assert_eq!(histogram.budget.dropped(), 1);
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
