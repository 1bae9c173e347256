//! When a node that stands still counts as dead.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;

/// When a node counts as dead: a thread outside of everything it watches sees to that.
///
/// It is about the node itself, and never about what that needs: a database that is down makes nothing dead, as a restart does not mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WatchdogSpec {
    /// Whether there is one. Without it a node that stands still is only found out by its not answering. Default: yes.
    pub enabled: bool,
    /// How long none of the executor's threads may get to anything new before the node counts as dead, and how long the root of a tree may be at one and
    /// the same step: 100 ms to 10 min. Default: 10 s, long enough for a machine that is very busy, and short enough that who restarts
    /// the node does so before its callers give up.
    #[serde(with = "crate::duration")]
    pub blocked_after: Duration,
}

impl Default for WatchdogSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            blocked_after: Duration::from_secs(10),
        }
    }
}

impl WatchdogSpec {
    /// One that calls a node dead that has stood still for this long.
    #[must_use]
    pub const fn new(blocked_after: Duration) -> Self {
        Self {
            enabled: true,
            blocked_after,
        }
    }

    /// None.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if !(SHORTEST..=LONGEST).contains(&self.blocked_after) {
            let found = humantime::format_duration(self.blocked_after);
            let message = format!("expected 100ms to 10m, found {found}");
            report.add(Finding::new(at.field("blocked_after"), message));
        }
    }
}

/// What is shorter, the scheduler of a busy machine takes now and then.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(600);
