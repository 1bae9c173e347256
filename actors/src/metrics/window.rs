//! Over which time is looked, and for what.

use std::fmt;

pub use mainstay_specs::TimeWindow;
use serde::{Deserialize, Serialize};

/// Which one number stands for a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aggregation {
    /// The mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The median.
    P50,
    /// What 95 of 100 do not exceed.
    P95,
    /// What 99 of 100 do not exceed.
    P99,
}

impl Aggregation {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::P50,
        Self::P95,
        Self::P99,
    ];
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        })
    }
}
