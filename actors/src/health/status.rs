//! What something can be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How something fares, from good to bad: the worst of several is the greatest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// It does what it should.
    Healthy,
    /// It does what it should, but not as well, or not all of it.
    Degraded,
    /// Nobody knows: it was not looked at yet, or for too long, or the answer is still out. That is not healthy.
    #[default]
    Unknown,
    /// It does not do what it should.
    Unhealthy,
}

impl HealthStatus {
    /// What it counts for in a score: 1 if healthy, 0.5 if degraded, 0.25 if unknown, 0 if unhealthy.
    #[must_use]
    pub const fn score(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Degraded => 0.5,
            Self::Unknown => 0.25,
            Self::Unhealthy => 0.0,
        }
    }

    /// As in JSON: `healthy`, `degraded`, `unknown`, `unhealthy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether it is not as it should be, and that is known.
    #[must_use]
    pub const fn is_failing(self) -> bool {
        matches!(self, Self::Degraded | Self::Unhealthy)
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
