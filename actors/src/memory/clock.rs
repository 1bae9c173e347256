//! Times, as how long after the manager was made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// By which clock samples are taken.
///
/// The sampler's thread goes by that of the system, whatever becomes of tokio's in a test. Samples that are only taken by hand go by
/// tokio's: then a test decides how time passes.
#[derive(Debug)]
pub(crate) struct Clock {
    system: std::time::Instant,
    tokio: Instant,
    by_hand: AtomicBool,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            system: std::time::Instant::now(),
            tokio: Instant::now(),
            by_hand: AtomicBool::new(false),
        }
    }

    /// Which of the two it is from now on.
    pub(crate) fn set_by_hand(&self, by_hand: bool) {
        self.by_hand.store(by_hand, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Duration {
        if self.by_hand.load(Ordering::Relaxed) {
            self.tokio.elapsed()
        } else {
            self.system.elapsed()
        }
    }
}

/// In nanoseconds; 584 years at most.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
