//! What a rule looks at, and how it judges.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EventPath;

/// What of a metric a rule looks at, over its window.
///
/// There is *no data* when the metric is not there, when nothing of the window is known yet, or for counts, rates and ratios less of it
/// than [`AlertRule::min_coverage`](crate::AlertRule::min_coverage) says, and for all but `count`, `rate` and
/// `last` when the window holds no sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aspect {
    /// How much was counted: of a counter the sum of its increments, of a histogram how many samples there are.
    Count,
    /// The count a second.
    Rate,
    /// The mean of the samples.
    Avg,
    /// The least sample.
    Min,
    /// The greatest sample.
    Max,
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// Any quantile, 0 to 1.
    Quantile(f64),
    /// What a gauge was set to last, be it in the window or before. No data of several series together: judge
    /// [`Each::Series`] then.
    Last,
    /// Which share of the calls failed, 0 to 1: of a metric whose samples have the tag `status`, those that are errors, panics and
    /// timeouts among these and the successes; cancelled calls are on neither side. No data when there were none.
    ErrorRate,
    /// The count of the metric as a share of the count of another one: errors of calls. No data when the other one counted nothing.
    /// Both are one metric each, without `*`. In files: `ratio_to("app.calls")`.
    RatioTo(EventPath),
}

impl Aspect {
    /// Whether it is a whole number, which can be compared for equality.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Count | Self::Last)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Rate => f.write_str("rate"),
            Self::Avg => f.write_str("avg"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::P50 => f.write_str("p50"),
            Self::P95 => f.write_str("p95"),
            Self::P99 => f.write_str("p99"),
            Self::Quantile(quantile) => write!(f, "quantile {quantile}"),
            Self::Last => f.write_str("last"),
            Self::ErrorRate => f.write_str("error rate"),
            Self::RatioTo(whole) => write!(f, "ratio to {whole}"),
        }
    }
}

/// Which values a rule judges each by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Each {
    /// Each metric, over all its tags.
    #[default]
    Metric,
    /// Each series of each metric: each combination of tags, such as one for each process.
    Series,
}

/// How a value is compared with the threshold of a rule. A value that is no number (NaN) is never a match. There
/// will be no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)]
pub enum Comparison {
    /// The value is greater than the threshold.
    Gt,
    /// The value is less than the threshold.
    Lt,
    /// The value is the threshold, exactly: only for counts and for what a gauge was set to, which are not calculated.
    Eq,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gt => ">",
            Self::Lt => "<",
            Self::Eq => "=",
        })
    }
}

/// How bad it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Somebody should look at it.
    #[default]
    Warning,
    /// Somebody has to look at it now.
    Critical,
}

impl Severity {
    /// As text: `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a rule makes of no data: of a metric that is there and of which there is no value now.
///
/// A metric that the store has forgotten is another thing: what it has firing is resolved, whatever the rule says; but if it is named,
/// without `*`, and is to fire without data, it goes on firing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoData {
    /// All stays as it is: a firing alert goes on, a pending one waits, and fires with the next value that is bad.
    #[default]
    Keep,
    /// No data is as bad as a bad value.
    Fire,
    /// No data is as good as a good value.
    Resolve,
}
