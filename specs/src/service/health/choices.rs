//! What there is to choose from.

use serde::{Deserialize, Serialize};

/// What it means for the whole that a check is not healthy.
///
/// | | down | degraded | unknown after its grace |
/// |---|---|---|---|
/// | required | the whole is down | the whole is degraded | the whole is degraded |
/// | important | the whole is degraded | nothing | nothing |
/// | optional | nothing | nothing | nothing |
///
/// The score of the whole tells of all of them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Importance {
    /// Only the score tells.
    Optional,
    /// Without it, the whole is degraded.
    Important,
    /// Without it, the whole is down.
    #[default]
    Required,
}

/// What a check is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckKind {
    /// Whether work can be given to it.
    #[default]
    Readiness,
    /// Whether it lives: if it does not, a restart may help. It depends on nothing, as a restart of this mends no other. `/livez` does not
    /// ask for it, as that is about the node alone; it counts for the whole as readiness does, and can be asked for by its kind.
    Liveness,
    /// Whether it has come up. Once it was healthy it is not run again. Until then the whole is not ready, and `/startupz` says that the
    /// node is starting.
    Startup,
    /// It is shown, and counts for nothing.
    Diagnostic,
}

/// From which score on, 0 to 1, the whole may be called healthy or degraded. The worse of that and of what the importance of checks gives
/// is the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HealthThresholds {
    /// Below that score the whole is degraded at best, 0 to 1. Default: 0.
    pub healthy: f64,
    /// Below that score the whole is down, 0 to `healthy`. Default: 0.
    pub degraded: f64,
}

impl HealthThresholds {
    /// Healthy from one score on, degraded from another.
    #[must_use]
    pub const fn new(healthy: f64, degraded: f64) -> Self {
        Self { healthy, degraded }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
