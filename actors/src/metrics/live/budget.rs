//! Whether there is room for more.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How much memory all series of a store take, how much they may take, and what was turned away for it.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: AtomicUsize,
    bytes_max: AtomicUsize,
    /// Samples that were not recorded.
    dropped: AtomicU64,
    /// Samples that were counted, and no more.
    unplaced: AtomicU64,
}

impl Budget {
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            bytes_max: AtomicUsize::new(bytes_max),
            dropped: AtomicU64::new(0),
            unplaced: AtomicU64::new(0),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max.load(Ordering::Relaxed)
    }

    pub(crate) fn set_bytes_max(&self, bytes: usize) {
        self.bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// They were found to take so much when this said that they took `told`. What was taken in between is not forgotten.
    pub(crate) fn correct(&self, told: usize, found: usize) {
        let correct = |bytes: usize| Some(bytes.saturating_sub(told).saturating_add(found));
        // The closure always gives a value, so this cannot fail.
        let _ = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, correct);
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Takes room, if there is so much.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let taken = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = taken.saturating_add(bytes) <= self.bytes_max();
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    /// Gives back room that was taken.
    pub(crate) fn give_back(&self, bytes: usize) {
        let less = |there: usize| Some(there.saturating_sub(bytes));
        // As above.
        let _ = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_unplaced(&self) {
        self.unplaced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unplaced(&self) -> u64 {
        self.unplaced.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_while_all_is_weighed_stays_taken() {
        let budget = Budget::new(1_000);
        budget.add(500);
        let told = budget.bytes();
        assert!(budget.take(100));
        budget.correct(told, 400);
        assert_eq!(budget.bytes(), 500);
        // As after something was given back meanwhile that was not found any more.
        budget.give_back(200);
        budget.correct(500, 0);
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn there_is_never_more_taken_than_there_may_be() {
        let budget = Budget::new(1_000);
        assert!(budget.take(1_000));
        assert!(!budget.take(1));
        assert_eq!(budget.bytes(), 1_000);
        budget.give_back(1);
        assert!(budget.take(1));
    }
}
