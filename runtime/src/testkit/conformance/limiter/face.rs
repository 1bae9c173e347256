//! What a limiter is, as far as the suite goes.

use std::time::Duration;

use mainstay_actors::limiter::{Limiter, ManualClock, RateKey, RateLimitError, Reservation};
use mainstay_specs::{Algorithm, RateLimitConfig, ServiceName, WindowStart};

/// A rate limiter that is held against the suite.
pub trait Limits: Sync {
    /// What was taken. Dropped, it stays taken.
    type Taken: Send;

    /// Takes so much of a key.
    ///
    /// # Errors
    ///
    /// It is refused: in how long it would not be, or `None` if it always would.
    fn take(&self, key: &str, cost: u32) -> Result<Self::Taken, Option<Duration>>;

    /// Gives back what was taken.
    fn give_back(&self, taken: Self::Taken);

    /// Lets a key begin anew.
    fn reset(&self, key: &str);

    /// How much can be had of a key at once.
    fn remaining(&self, key: &str) -> u32;

    /// Sets the clock to a time since the limiter was made, which may be an earlier one.
    fn set_time(&self, time: Duration);
}

/// What a limiter is to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimiterSetup {
    /// How it counts. Fixed windows follow each other from the time 0 on, those of all keys alike.
    pub algorithm: Algorithm,
    /// How much it lets through in each window.
    pub limit: u32,
    /// The window.
    pub window: Duration,
    /// How much a token bucket holds, if not as much as the limit. It begins with the lesser of both.
    pub burst_limit: Option<u32>,
}

impl LimiterSetup {
    /// The same for a [`Limiter`].
    #[must_use]
    pub fn config(&self) -> RateLimitConfig {
        let config = RateLimitConfig::new(self.algorithm, self.limit, self.window);
        let config = config.window_start(WindowStart::Aligned);
        match self.burst_limit {
            Some(tokens) => config.burst_limit(tokens),
            None => config,
        }
    }

    /// The most that can be had at once.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        match self.burst_limit {
            Some(tokens) => tokens,
            None => self.limit,
        }
    }
}

/// A [`Limiter`] with a clock that is set by hand.
#[derive(Clone, Debug)]
pub struct TimedLimiter {
    limiter: Limiter,
    clock: ManualClock,
}

impl TimedLimiter {
    /// A limiter that stands alone, at the time 0.
    ///
    /// # Panics
    ///
    /// If the configuration is not valid.
    #[must_use]
    #[track_caller]
    pub fn new(config: RateLimitConfig) -> Self {
        let clock = ManualClock::default();
        let name = ServiceName::new("timed").expect("a name");
        let limiter = Limiter::with_clock(name, config, &clock);
        let limiter = limiter.unwrap_or_else(|error| panic!("{error}"));
        Self { limiter, clock }
    }

    /// The limiter.
    #[must_use]
    pub const fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

/// What was taken of a [`TimedLimiter`].
#[derive(Debug)]
pub struct Held(Option<Reservation>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(reservation) = self.0.take() {
            reservation.keep();
        }
    }
}

impl Limits for TimedLimiter {
    type Taken = Held;

    fn take(&self, key: &str, cost: u32) -> Result<Held, Option<Duration>> {
        let taken = self.limiter.reserve(RateKey::from(key), cost);
        let taken = taken.map(|reservation| Held(Some(reservation)));
        taken.map_err(|error: RateLimitError| error.retry_after())
    }

    fn give_back(&self, mut taken: Held) {
        drop(taken.0.take());
    }

    fn reset(&self, key: &str) {
        // It is refused to those without a key only.
        self.limiter.reset(RateKey::from(key)).ok();
    }

    fn remaining(&self, key: &str) -> u32 {
        let status = self.limiter.status(RateKey::from(key));
        let status = status.ok().flatten();
        status.map_or(0, |status| status.remaining)
    }

    fn set_time(&self, time: Duration) {
        self.clock.set(time);
    }
}
