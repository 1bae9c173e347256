//! How one operation fares.

use std::cmp::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use crate::metrics::histogram::Distribution;
use crate::metrics::name::MetricName;
use crate::metrics::tags::Tags;
use crate::metrics::unit::Unit;

/// How one operation fares over a window. Numbers are in its unit; what too little is known of is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// The family.
    pub name: MetricName,
    /// The tags that its series have in common, their [`STATUS`](crate::metrics::STATUS) left out.
    pub tags: Tags,
    /// What its numbers are in.
    pub unit: Unit,
    /// How much time it is of.
    #[serde(with = "mainstay_specs::duration")]
    pub span: Duration,
    /// How many samples there are, at least one. What was cancelled is left out.
    pub count: u64,
    /// The most by which a quantile differs from the sample it is, as a part of it: see
    /// [`Resolution::error_max`](crate::metrics::Resolution::error_max).
    pub blur: f64,
    /// How many a second there were: over ten seconds, if it is of less.
    pub rate: Estimate,
    /// The mean.
    pub mean: Option<Estimate>,
    /// The median.
    pub p50: Option<Estimate>,
    /// What 95 of 100 do not exceed.
    pub p95: Option<Estimate>,
    /// What 99 of 100 do not exceed.
    pub p99: Option<Estimate>,
    /// Which part failed, if the series tell how it ended.
    pub error_rate: Option<Estimate>,
}

/// What is told of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// The mean.
    Mean,
    /// The median.
    P50,
    /// What 95 of 100 do not exceed.
    P95,
    /// What 99 of 100 do not exceed.
    P99,
    /// Which part failed.
    ErrorRate,
    /// How many a second.
    Rate,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Mean,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::ErrorRate,
        Self::Rate,
    ];

    /// The word for it, as in a table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::ErrorRate => "errors",
            Self::Rate => "rate",
        }
    }
}

impl Profile {
    /// What is told of an operation, if enough is known.
    #[must_use]
    pub const fn measure(&self, measure: Measure) -> Option<Estimate> {
        match measure {
            Measure::Mean => self.mean,
            Measure::P50 => self.p50,
            Measure::P95 => self.p95,
            Measure::P99 => self.p99,
            Measure::ErrorRate => self.error_rate,
            Measure::Rate => Some(self.rate),
        }
    }

    pub(super) fn of(
        (name, tags, unit): (MetricName, Tags, Unit),
        samples: &Distribution,
        span: Duration,
        error_rate: Option<Estimate>,
    ) -> Self {
        // A moment is too short to speak of a rate, as in views.
        let seconds = span.max(crate::metrics::windows::TICK).as_secs_f64();
        Self {
            name,
            tags,
            unit,
            span,
            count: samples.count(),
            blur: samples.resolution().error_max(),
            rate: Estimate::rate(samples.count(), seconds),
            mean: Estimate::mean(samples),
            p50: Estimate::quantile(samples, 0.5),
            p95: Estimate::quantile(samples, 0.95),
            p99: Estimate::quantile(samples, 0.99),
            error_rate,
        }
    }

    /// What it is of. An operation that is recorded in another unit is another one.
    pub(super) const fn key(&self) -> (&MetricName, &Tags, Unit) {
        (&self.name, &self.tags, self.unit)
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
