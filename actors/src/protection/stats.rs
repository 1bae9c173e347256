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
    /// Refused as there was no connection.
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

    /// How many run now.
    #[must_use]
    pub const fn running(&self) -> u64 {
        let ended = self.successes + self.failures + self.panics + self.timeouts + self.cancelled;
        self.begun.saturating_sub(ended)
    }
}
