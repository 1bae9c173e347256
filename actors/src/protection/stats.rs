//! What operators see.

use mainstay_specs::{ProtectionConfig, ServiceName};
use serde::Serialize;

use super::guard::Guard;

/// An operation, what it goes through, and what has become of its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProtectionStats {
    /// The operation.
    pub name: ServiceName,
    /// What it goes through; of one that was made in code, guards that were given as such are not in it.
    pub config: ProtectionConfig,
    /// What has become of its calls.
    pub counts: ProtectionCounts,
}

/// What has become of calls, over the life of a protection. Each call is counted once among those that were refused, left or begun, and
/// each that was begun, once it has ended, by how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProtectionCounts {
    /// Refused, as their time was up before they were begun.
    pub late: u64,
    /// Refused by the circuit breaker, or as there was none of its name.
    pub circuit_open: u64,
    /// Refused by the memory manager.
    pub memory_pressure: u64,
    /// Refused by the rate limiter, or as there was none of its name.
    pub rate_limited: u64,
    /// Refused as there was no connection, or as they were to take one and were run without.
    pub no_connection: u64,
    /// Given up by their callers while a guard was asked or waited for.
    pub left: u64,
    /// Begun: the operation itself was run.
    pub begun: u64,
    /// Of those: successful.
    pub successes: u64,
    /// Of those: failed.
    pub failures: u64,
    /// Of those: panicked.
    pub panics: u64,
    /// Of those: not done in time, and dropped.
    pub timeouts: u64,
    /// Of those: given up by their callers.
    pub cancelled: u64,
    /// Of those: refused by a guard further in, by what says what a result means. They are no failures, and are not measured.
    pub refused_within: u64,
    /// Those again, by the guard, where that is known.
    pub within: WithinCounts,
}

/// What was refused by guards further in: of the service that an operation asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WithinCounts {
    /// Their time was up.
    pub deadline: u64,
    /// By a circuit breaker.
    pub circuit: u64,
    /// By a memory manager.
    pub memory: u64,
    /// By a rate limiter.
    pub rate_limit: u64,
    /// By a pool, or another bound of what is done at a time.
    pub pool: u64,
}

impl ProtectionCounts {
    /// How many this guard has refused.
    #[must_use]
    pub const fn refused(&self, guard: Guard) -> u64 {
        match guard {
            Guard::Deadline => self.late,
            Guard::Circuit => self.circuit_open,
            Guard::Memory => self.memory_pressure,
            Guard::RateLimit => self.rate_limited,
            Guard::Pool => self.no_connection,
        }
    }

    /// How many were begun, and refused by a guard of this kind further in.
    #[must_use]
    pub const fn refused_within(&self, guard: Guard) -> u64 {
        match guard {
            Guard::Deadline => self.within.deadline,
            Guard::Circuit => self.within.circuit,
            Guard::Memory => self.within.memory,
            Guard::RateLimit => self.within.rate_limit,
            Guard::Pool => self.within.pool,
        }
    }

    /// How many run now.
    #[must_use]
    pub const fn running(&self) -> u64 {
        let ended = self.successes + self.failures + self.panics + self.timeouts + self.cancelled;
        self.begun.saturating_sub(ended + self.refused_within)
    }
}
