//! What time it is for what many callers use at a time.

use std::time::Duration;

use mainstay_supervisors::Tick;
use tokio::time::Instant;

/// Nanoseconds since it was started. It never goes back, whatever becomes of the time of day.
///
/// It is read for every call, of whose cost it may be half, and so is the counter of the processor where that runs evenly. Where the
/// clock of tokio stands still when this is started, as in tests, or with the feature `test-util`, it is that of tokio.
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
            Self::Tokio(start) => whole(start.elapsed()),
        }
    }
}

/// In nanoseconds: more than fit are 584 years.
pub(crate) fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A time to wait, for people: in milliseconds, and not too short.
pub(crate) fn in_milliseconds(time: Duration) -> humantime::FormattedDuration {
    let milliseconds = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(milliseconds))
}

/// Whether tokio's clock runs with the world's.
fn time_flows() -> bool {
    let (before, began) = (Instant::now(), std::time::Instant::now());
    while began.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
    Instant::now() > before
}
