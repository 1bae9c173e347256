//! What time it is for a pool.

use std::time::Duration;

use mainstay_supervisors::Tick;
use tokio::time::Instant;

use super::core::nanos;

/// Nanoseconds since the pool was made.
///
/// It is read for every lease, and so is the counter of the processor where that runs evenly. Where the clock of tokio stands still
/// when the pool is made, as in tests, or with the feature `test-util`, it is that of tokio.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    Counter(mainstay_supervisors::Clock, Tick),
    Tokio(Instant),
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
            Self::Tokio(start) => nanos(start.elapsed()),
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
