//! What has become of the calls of an operation.

use std::sync::atomic::{AtomicU64, Ordering};

use super::guard::Guard;
use super::stats::{ProtectionCounts, WithinCounts};
use crate::metrics::Outcome;

/// Over the life of a protection.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// By the place in [`Guard::ALL`].
    refused: [AtomicU64; Guard::ALL.len()],
    /// By the place in [`Outcome::ALL`].
    ended: [AtomicU64; Outcome::ALL.len()],
    /// Those that were begun and refused further in.
    refused_within: AtomicU64,
    /// Of those, by the place in [`Guard::ALL`].
    within: [AtomicU64; Guard::ALL.len()],
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

    pub(crate) fn refused_within(&self, guard: Option<Guard>) {
        if let Some(guard) = guard {
            self.within[guard as usize].fetch_add(1, Ordering::Relaxed);
        }
        self.refused_within.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn read(&self) -> ProtectionCounts {
        let ended = |outcome: Outcome| self.ended[outcome as usize].load(Ordering::Acquire);
        let (successes, failures) = (ended(Outcome::Success), ended(Outcome::Error));
        let (panics, timeouts) = (ended(Outcome::Panic), ended(Outcome::Timeout));
        let cancelled = ended(Outcome::Cancelled);
        let refused_within = self.refused_within.load(Ordering::Acquire);
        let within = |guard: Guard| self.within[guard as usize].load(Ordering::Relaxed);
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
            refused_within,
            within: WithinCounts {
                deadline: within(Guard::Deadline),
                circuit: within(Guard::Circuit),
                memory: within(Guard::Memory),
                rate_limit: within(Guard::RateLimit),
                pool: within(Guard::Pool),
            },
        }
    }
}
