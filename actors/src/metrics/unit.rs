//! What a metric measures, and in what.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a family of series is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetricKind {
    /// Only ever counted up.
    Counter,
    /// Set to what is the case now.
    Gauge,
    /// Samples of which the distribution matters.
    Histogram,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// What the numbers of a family are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// Time: what durations are recorded in unless there is a reason not to.
    Nanoseconds,
    /// Time.
    Microseconds,
    /// Time.
    Milliseconds,
    /// Time.
    Seconds,
    /// Sizes.
    Bytes,
    /// How many.
    Count,
    /// A part of a whole, 0 to 1.
    Ratio,
    /// How many a second.
    PerSecond,
}

impl Unit {
    /// How many seconds one of it is; `None` if it does not measure time.
    #[must_use]
    pub const fn in_seconds(self) -> Option<f64> {
        match self {
            Self::Nanoseconds => Some(1e-9),
            Self::Microseconds => Some(1e-6),
            Self::Milliseconds => Some(1e-3),
            Self::Seconds => Some(1.0),
            Self::Bytes | Self::Count | Self::Ratio | Self::PerSecond => None,
        }
    }

    /// A duration in whole units of it, the rest cut off; nanoseconds if it does not measure time. Saturates at [`u64::MAX`].
    #[must_use]
    #[inline]
    pub fn count_of(self, duration: Duration) -> u64 {
        // Each divides by a constant, which takes no division.
        let (per_second, rest) = match self {
            Self::Seconds => (1, 0),
            Self::Milliseconds => (1_000, duration.subsec_millis()),
            Self::Microseconds => (1_000_000, duration.subsec_micros()),
            _ => (1_000_000_000, duration.subsec_nanos()),
        };
        let whole = duration.as_secs().saturating_mul(per_second);
        whole.saturating_add(u64::from(rest))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nanoseconds => "nanoseconds",
            Self::Microseconds => "microseconds",
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::PerSecond => "per second",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_cut_to_whole_units_and_saturate() {
        let duration = Duration::new(2, 3_456_789);
        assert_eq!(Unit::Nanoseconds.count_of(duration), 2_003_456_789);
        assert_eq!(Unit::Microseconds.count_of(duration), 2_003_456);
        assert_eq!(Unit::Milliseconds.count_of(duration), 2_003);
        assert_eq!(Unit::Seconds.count_of(duration), 2);
        assert_eq!(Unit::Nanoseconds.count_of(Duration::MAX), u64::MAX);
    }
}
