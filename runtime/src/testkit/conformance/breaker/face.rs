//! What a breaker is, as far as the suite goes.

use std::time::Duration;

use mainstay_actors::CircuitBreaker;
use mainstay_actors::breaker::{Outcome, OwnedPermit};
use mainstay_specs::{CircuitConfig, HalfOpen};

/// A circuit breaker that is held against the suite.
pub trait Breaker: Sync {
    /// The right to make one call. Dropped without a word, the call was cancelled; dropped by a panic, it has panicked, which is
    /// a failure.
    type Permit: Send;

    /// Asks for the right to make a call.
    ///
    /// # Errors
    ///
    /// It is refused: until when, from now on, as far as that is known.
    fn try_acquire(&self) -> Result<Self::Permit, Option<Duration>>;

    /// Says what a call came to. The suite says success, failure and ignored.
    fn settle(&self, permit: Self::Permit, outcome: Outcome);
}

impl Breaker for CircuitBreaker {
    type Permit = OwnedPermit;

    fn try_acquire(&self) -> Result<OwnedPermit, Option<Duration>> {
        let permit = self.try_acquire_owned();
        permit.map_err(|refusal| refusal.retry_after())
    }

    fn settle(&self, permit: OwnedPermit, outcome: Outcome) {
        permit.settle(outcome);
    }
}

/// What a breaker is to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSetup {
    /// It opens when so many calls have failed within the window, whatever else there was.
    pub failures: u32,
    /// How long a failure counts.
    pub window: Duration,
    /// How long it is open each time, without jitter, before it is half open.
    pub open_for: Duration,
    /// How many calls it lets through when it is half open. It closes when all of them have succeeded, and opens again when one
    /// fails.
    pub probes: u32,
    /// When a probe that has not come back loses its permit: to another, or as a failure.
    pub probe_deadline: Duration,
}

impl BreakerSetup {
    /// The same for a [`CircuitBreaker`].
    #[must_use]
    pub fn config(&self) -> CircuitConfig {
        let half_open = HalfOpen::new(self.probes, self.probes);
        CircuitConfig::default()
            .failure_threshold(self.failures)
            .monitor_window(self.window)
            .reset_timeout(self.open_for)
            .half_open(half_open.probe_deadline(self.probe_deadline))
    }
}
