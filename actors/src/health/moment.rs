//! What time it is, by both clocks.

use std::time::{Duration, SystemTime};

/// A moment: what is decided goes by `at`, what is shown by `wall`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Since the health of the namespace was first asked for, by a clock that never goes back.
    pub(crate) at: Duration,
    /// By the clock on the wall.
    pub(crate) wall: SystemTime,
}
