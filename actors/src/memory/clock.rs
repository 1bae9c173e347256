//! Times, as how long after the manager was made.

use std::time::Duration;

use tokio::time::Instant;

/// By which clock samples are taken.
///
/// The sampler's thread goes by that of the system, whatever becomes of tokio's in a test. Samples that are only taken by hand go by
/// tokio's: then a test decides how time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    System(std::time::Instant),
    Tokio(Instant),
}

impl Clock {
    pub(crate) fn new(by_hand: bool) -> Self {
        if by_hand {
            Self::Tokio(Instant::now())
        } else {
            Self::System(std::time::Instant::now())
        }
    }

    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::System(epoch) => epoch.elapsed(),
            Self::Tokio(epoch) => epoch.elapsed(),
        }
    }
}

/// In nanoseconds; 584 years at most.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
