//! What time it is for a limiter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_supervisors::Tick;
use tokio::time::Instant;

/// Nanoseconds since the limiter was made.
///
/// The clock is read for every call and is half of what one costs, so that it is the counter of the processor where that runs
/// evenly. Where the clock of tokio stands still when the limiter is made, as in tests, or with the feature `test-util`, it is
/// that of tokio, which is put on by hand.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    Counter(mainstay_supervisors::Clock, Tick),
    Tokio(Instant),
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

/// More nanoseconds than that are 584 years.
fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock {
    pub(crate) fn start() -> Self {
        if time_flows() {
            let clock = mainstay_supervisors::Clock::new();
            let now = clock.now();
            Self::Counter(clock, now)
        } else {
            Self::Tokio(Instant::now())
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self {
            Self::Counter(clock, start) => clock.nanos_between(*start, clock.now()),
            Self::Tokio(start) => whole(start.elapsed()),
            Self::Manual(clock) => clock.0.load(Ordering::Acquire),
        }
    }
}

/// Whether tokio's clock runs with the world's.
fn time_flows() -> bool {
    let (before, began) = (Instant::now(), std::time::Instant::now());
    while began.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
    Instant::now() > before
}
