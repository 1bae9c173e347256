//! From when on something in the supervision tree is not as it should be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::setters;

/// From when on something in the supervision tree is not as it should be. It is looked at every second or so, and what is told is never too early.
///
/// A process that is busy is not stuck, however long its queue is: it ends one step after the other. One that is stuck is at the very same step all
/// the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TreeLimits {
    /// How long a process may keep its thread without an await before it counts as stuck, 100 ms to 1 h. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub poll: Duration,
    /// How long an actor may be at one message, awaits included, while others wait before it counts as stuck, 100 ms to 1 h. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub message: Duration,
    /// How old the oldest message of a busy process may be before the process counts as degraded, 100 ms to 1 h. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub wait: Duration,
    /// How long a supervisor may wait for the start of one child before it counts as degraded, 100 ms to 1 h: nothing else is done for its
    /// children meanwhile. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub start: Duration,
    /// The most processes that are looked at, 1 to 1,000,000; of more, it is said that some were left out. Default: 10,000.
    pub processes_max: u32,
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(5),
            message: Duration::from_secs(60),
            wait: Duration::from_secs(60),
            start: Duration::from_secs(60),
            processes_max: 10_000,
        }
    }
}

impl TreeLimits {
    setters! {
        /// Sets how long a process may keep its thread.
        poll: Duration,
        /// Sets how long an actor may be at one message while others wait.
        message: Duration,
        /// Sets how old the oldest message of a busy process may be.
        wait: Duration,
        /// Sets how long a supervisor may wait for the start of one child.
        start: Duration,
        /// Sets the most processes that are looked at.
        processes_max: u32,
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
