//! How scarce memory is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How scarce memory is, in four levels, which are in order: `Low < Medium < High < Critical`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PressureLevel {
    /// There is enough.
    #[default]
    Low,
    /// From `warning_threshold` on: what is cheap to give back is given back.
    Medium,
    /// From `high_threshold` on: caches shrink, and what can wait waits.
    High,
    /// From `critical_threshold` on: only what frees memory or is under control of the operator is sure to pass.
    Critical,
}

impl PressureLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The level in one word, as in RON and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for PressureLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
