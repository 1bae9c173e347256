//! How far back is looked at metrics.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far back a view of metrics goes. There will be no others: the store keeps slots for these three.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)]
pub enum TimeWindow {
    /// 60 seconds, in slots of 10 seconds.
    #[default]
    Minute,
    /// 60 minutes, in slots of a minute.
    Hour,
    /// 24 hours, in slots of an hour.
    Day,
}

impl TimeWindow {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        })
    }
}
