//! A task that beats.

use std::num::NonZeroU64;
use std::time::Duration;

use mainstay_supervisors::{Child, StopToken};
use serde::{Deserialize, Serialize};

/// A task that beats at an interval, each beat a line of the log at level `debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Ticker {
    /// The time between two beats; not zero. Default: 1 s.
    #[serde(with = "mainstay_specs::duration")]
    pub every: Duration,
    /// After how many beats it fails, so that its supervisor can be watched at work. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_after: Option<NonZeroU64>,
    /// Whether it does not hear that it should stop, and so has to be killed. Default: no.
    #[serde(skip_serializing_if = "is_false")]
    pub ignore_stop: bool,
}

// By reference, as serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

impl Default for Ticker {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            fail_after: None,
            ignore_stop: false,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("every: expected a time longer than zero")]
pub(super) struct ZeroInterval;

#[derive(Debug, thiserror::Error)]
#[error("gave out after {0} beats, as it was told to")]
struct AsTold(NonZeroU64);

impl Ticker {
    pub(super) fn child(self) -> Result<Child, ZeroInterval> {
        if self.every.is_zero() {
            return Err(ZeroInterval);
        }
        Ok(Child::task("ticker", move |stop| self.run(stop)))
    }

    async fn run(self, stop: StopToken) -> Result<(), AsTold> {
        let mut beats = 0;
        loop {
            tokio::select! {
                biased;
                () = stop.stopped(), if !self.ignore_stop => return Ok(()),
                () = tokio::time::sleep(self.every) => {}
            }
            beats += 1;
            tracing::debug!(beats, "tick");
            if let Some(limit) = self.fail_after.filter(|limit| limit.get() == beats) {
                return Err(AsTold(limit));
            }
        }
    }
}
