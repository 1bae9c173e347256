//! How long memory has to be scarce.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Has a level reached only when the share was at its threshold for some time, and is not falling fast: so a short peak, and what is
/// being given back already, change nothing.
///
/// As `oomd` has it, which compares with the mean in the same way and takes 0.85.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Sustained {
    /// For how long the share has to have been at the threshold, up to 10 min. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub above_for: Duration,
    /// The share falls fast when it is less than so much of its mean over that time: 0, which is never, to 1. Default: 0.85.
    pub falling: f64,
}

impl Default for Sustained {
    fn default() -> Self {
        Self {
            above_for: Duration::from_secs(1),
            falling: 0.85,
        }
    }
}

impl Sustained {
    /// Sets for how long the share has to have been at the threshold.
    #[must_use]
    pub const fn above_for(mut self, time: Duration) -> Self {
        self.above_for = time;
        self
    }

    /// Sets from which part of the mean on the share falls fast.
    #[must_use]
    pub const fn falling(mut self, part: f64) -> Self {
        self.falling = part;
        self
    }
}
