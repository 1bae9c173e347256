//! A bound over all shards.

use std::sync::atomic::{AtomicU64, Ordering};

/// How much there is of something, and how much there may be. On lines of memory of its own: it is written for each new key, and
/// what lies beside it in a limiter is read for each call.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Bound {
    used: AtomicU64,
    max: AtomicU64,
}

impl Bound {
    pub(super) const fn new(max: u64) -> Self {
        Self {
            used: AtomicU64::new(0),
            max: AtomicU64::new(max),
        }
    }

    /// Takes so much more, if there may be so much.
    pub(super) fn take(&self, amount: u64) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        let more = |used: u64| used.checked_add(amount).filter(|&sum| sum <= max);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }

    /// As [`take`](Self::take), whether there may be so much or not.
    pub(super) fn add(&self, amount: u64) {
        self.used.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn give(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }

    /// Whether there may be so much more.
    pub(super) fn has(&self, amount: u64) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        self.used()
            .checked_add(amount)
            .is_some_and(|sum| sum <= max)
    }

    pub(super) fn set_max(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}
