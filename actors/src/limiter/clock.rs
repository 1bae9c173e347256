//! What time it is for a limiter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{self, whole};

/// Nanoseconds since the limiter was made, or as somebody says.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    Flowing(clock::Clock),
    Manual(ManualClock),
}

/// A clock that is put on by hand, for tests that need neither tokio nor its paused clock.
///
/// It may be put back, as clocks do: to a limiter, time stands still until it is on again.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{Limiter, ManualClock, RateKey};
/// use mainstay_specs::{RateLimitConfig, ServiceName};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = ManualClock::default();
/// let config = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
/// let limiter = Limiter::with_clock(ServiceName::new("login")?, config, &clock)?;
///
/// assert!(limiter.check(RateKey::user("ada")).is_ok());
/// assert!(limiter.check(RateKey::user("ada")).is_err());
/// clock.advance(Duration::from_secs(60));
/// assert!(limiter.check(RateKey::user("ada")).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Puts it on; no further than 584 years.
    pub fn advance(&self, time: Duration) {
        let time = whole(time);
        let on = |now: u64| Some(now.saturating_add(time));
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, on)
            .ok();
    }

    /// Sets it to a time since it was made, be it on or back.
    pub fn set(&self, time: Duration) {
        self.0.store(whole(time), Ordering::Release);
    }
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self::Flowing(clock::Clock::start())
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self {
            Self::Flowing(clock) => clock.now(),
            Self::Manual(clock) => clock.0.load(Ordering::Acquire),
        }
    }
}
