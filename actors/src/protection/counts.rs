//! What has become of the calls of an operation.

use std::sync::atomic::{AtomicU64, Ordering};

use super::guard::Guard;
use super::stats::ProtectionCounts;
use crate::metrics::Outcome;

/// Over the life of a protection.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// By the place in [`Guard::ALL`].
    refused: [AtomicU64; Guard::ALL.len()],
    /// By the place in [`Outcome::ALL`].
    ended: [AtomicU64; Outcome::ALL.len()],
    begun: AtomicU64,
    /// Those that gave up while they were being let through.
    left: AtomicU64,
}

impl Counts {
    pub(crate) fn refused(&self, guard: Guard) {
        self.refused[guard as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn begun(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        // A call that is seen to have ended is seen to have begun.
        self.ended[outcome as usize].fetch_add(1, Ordering::Release);
    }

    pub(crate) fn read(&self) -> ProtectionCounts {
        let ended = |outcome: Outcome| self.ended[outcome as usize].load(Ordering::Acquire);
        let (successes, failures) = (ended(Outcome::Success), ended(Outcome::Error));
        let (panics, timeouts) = (ended(Outcome::Panic), ended(Outcome::Timeout));
        let cancelled = ended(Outcome::Cancelled);
        let refused = |guard: Guard| self.refused[guard as usize].load(Ordering::Relaxed);
        ProtectionCounts {
            late: refused(Guard::Deadline),
            circuit_open: refused(Guard::Circuit),
            memory_pressure: refused(Guard::Memory),
            rate_limited: refused(Guard::RateLimit),
            no_connection: refused(Guard::Pool),
            left: self.left.load(Ordering::Relaxed),
            begun: self.begun.load(Ordering::Relaxed),
            successes,
            failures,
            panics,
            timeouts,
            cancelled,
        }
    }
}
