//! The guards of an operation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A guard, in the order in which they are asked: those that are cheap and take nothing come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Guard {
    /// The time that all of it may take.
    Deadline,
    /// The circuit breaker.
    Circuit,
    /// The memory manager.
    Memory,
    /// The rate limiter.
    RateLimit,
    /// The connection pool.
    Pool,
}

impl Guard {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [
        Self::Deadline,
        Self::Circuit,
        Self::Memory,
        Self::RateLimit,
        Self::Pool,
    ];

    /// One word, in lower case: `deadline`, `rate_limit`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Circuit => "circuit",
            Self::Memory => "memory",
            Self::RateLimit => "rate_limit",
            Self::Pool => "pool",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
