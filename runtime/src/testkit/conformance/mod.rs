//! What implementations have to do, as tests that anybody can run against their own.
//!
//! | for | run |
//! |---|---|
//! | [`LeaseBackend`](mainstay_supervisors::registry::LeaseBackend): where names are claimed and found | [`lease_backend`] |
//! | [`Breaker`]: a circuit breaker of any kind | [`circuit_breaker`] |
//! | [`Limits`]: a rate limiter of any kind | [`rate_limiter`] |
//! | [`EventBackend`](mainstay_actors::event_store::EventBackend): where an event store keeps its events | [`event_backend`] |
//! | [`Connections`]: a manager of connections, for pools | [`connection_pool`] |
//! | [`HealthCheckable`](mainstay_actors::HealthCheckable): what can be asked how it fares | [`health_checkable`] |

mod breaker;
mod event_backend;
mod health;
mod lease;
mod limiter;
mod pool;

use std::fmt;

pub use breaker::{Breaker, BreakerSetup, circuit_breaker};
pub use event_backend::event_backend;
pub use health::health_checkable;
pub use lease::lease_backend;
pub use limiter::{Held, LimiterSetup, Limits, TimedLimiter, rate_limiter};
pub use pool::{Connections, connection_pool};

/// An implementation breaks a rule. `Debug` shows it as `Display` does, for `unwrap`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("broken: {rule}; expected {expected}, found {found}")]
#[non_exhaustive]
pub struct Violation {
    /// The rule, as a sentence that should hold.
    pub rule: &'static str,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub found: String,
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Holds what came against what should have come.
fn same<T: PartialEq + fmt::Debug>(
    rule: &'static str,
    found: &T,
    expected: &T,
) -> Result<(), Violation> {
    if found == expected {
        return Ok(());
    }
    Err(Violation {
        rule,
        expected: format!("{expected:?}"),
        found: format!("{found:?}"),
    })
}
