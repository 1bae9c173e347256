//! Buckets, made page by page when they are first written to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::budget::Budget;
use super::bump;
use super::counter::SLOT_ENTRY_BYTES;
use crate::metrics::histogram::{Distribution, Resolution};

/// Buckets for all values: those of one thread, or those of all that have none of their own.
#[derive(Debug)]
pub(super) struct Shard {
    pages: [OnceLock<Box<Page>>; PAGES],
}

/// Buckets that lie side by side.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Page {
    /// Of all samples in these buckets, modulo 2^64. One for each page: a record waits for the one before it that added to the same word.
    sum: AtomicU64,
    counts: [AtomicU64; PAGE],
}

/// Buckets a page.
const PAGE: usize = 64;
const PAGES: usize = RESOLUTION.buckets().div_ceil(PAGE);
pub(super) const RESOLUTION: Resolution = Resolution::Fine;
/// What a shard takes, without pages.
pub(super) const SHARD_BYTES: usize = SLOT_ENTRY_BYTES + size_of::<Shard>();

impl Default for Shard {
    fn default() -> Self {
        Self {
            pages: [const { OnceLock::new() }; PAGES],
        }
    }
}

impl Shard {
    /// Adds to a bucket as the only one who writes here; false if there is no room for its page.
    #[inline]
    pub(super) fn record(&self, value: u64, budget: &Budget) -> bool {
        let index = RESOLUTION.index(value);
        match self.pages[index / PAGE].get() {
            Some(page) => {
                page.record(index % PAGE, value);
                true
            }
            None => self.record_on_new_page(value, budget),
        }
    }

    #[cold]
    fn record_on_new_page(&self, value: u64, budget: &Budget) -> bool {
        let index = RESOLUTION.index(value);
        let page = self.page(index, budget);
        page.map(|page| page.record(index % PAGE, value)).is_some()
    }

    /// Adds to a bucket that others may add to at the same time; false if there is no room for its page.
    pub(super) fn record_with_others(&self, value: u64, budget: &Budget) -> bool {
        let index = RESOLUTION.index(value);
        let page = self.page(index, budget);
        page.map(|page| page.record_with_others(index % PAGE, value))
            .is_some()
    }

    /// The page of a bucket, made if there is room. Two who make it at the same time both take room for it, until all is weighed next.
    fn page(&self, index: usize, budget: &Budget) -> Option<&Page> {
        let place = &self.pages[index / PAGE];
        if place.get().is_none() && !budget.take(size_of::<Page>()) {
            return None;
        }
        Some(place.get_or_init(Box::default))
    }

    /// Adds all counts to a distribution, and gives the sum modulo 2^64. What is recorded meanwhile may be in one and not in the other.
    pub(super) fn add_to(&self, all: &mut Distribution) -> u64 {
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

    pub(super) fn heap_bytes(&self) -> usize {
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

    fn record_with_others(&self, bucket: usize, value: u64) {
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
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
