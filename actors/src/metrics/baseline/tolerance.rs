//! What is no change.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::BaselineError;
use super::profile::Measure;
use crate::metrics::unit::Unit;

/// How much an operation may differ and count as the same. A change must be beyond what chance explains (see
/// [`Estimate`](super::Estimate)) *and* beyond what is given here.
///
/// ```
/// use mainstay_actors::metrics::Tolerance;
///
/// let tolerance = Tolerance::default().relative(0.25).rate(Some(0.5));
/// assert_eq!(tolerance.samples_min, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Tolerance {
    /// The fewest samples of an operation, on either side, that anything is told by. Default: 100, below which a mean is hardly one.
    pub samples_min: u64,
    /// By which part of what it was the mean or a quantile may change. Default: 0.1: what differs from run to run on a quiet machine
    /// is a few percent. What the buckets of a histogram blur comes on top, for quantiles.
    pub relative: f64,
    /// By how much time the mean or a quantile of times may change at least, however small they are. Default: 1 µs, a
    /// few misses of the cache. It says nothing of what is not measured in time.
    #[serde(with = "mainstay_specs::duration")]
    pub absolute: Duration,
    /// By how much the error rate may change, a part of all operations. Default: 0.01.
    pub error_rate: f64,
    /// By which part of what it was the rate may change: less is worse. Default: `None`, as in most programs it is not theirs to say
    /// how much is asked of them.
    pub rate: Option<f64>,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            samples_min: 100,
            relative: 0.1,
            absolute: Duration::from_micros(1),
            error_rate: 0.01,
            rate: None,
        }
    }
}

impl Tolerance {
    /// Sets the fewest samples.
    #[must_use]
    pub const fn samples_min(mut self, samples: u64) -> Self {
        self.samples_min = samples;
        self
    }

    /// Sets by which part the mean or a quantile may change.
    #[must_use]
    pub const fn relative(mut self, part: f64) -> Self {
        self.relative = part;
        self
    }

    /// Sets by how much time the mean or a quantile may change at least.
    #[must_use]
    pub const fn absolute(mut self, time: Duration) -> Self {
        self.absolute = time;
        self
    }

    /// Sets by how much the error rate may change.
    #[must_use]
    pub const fn error_rate(mut self, part: f64) -> Self {
        self.error_rate = part;
        self
    }

    /// Sets by which part the rate may change; `None`: as much as it likes.
    #[must_use]
    pub const fn rate(mut self, part: Option<f64>) -> Self {
        self.rate = part;
        self
    }

    /// Checks that the numbers can be.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Tolerance`] for the first that is less than nothing or not a number.
    pub fn validate(&self) -> Result<(), BaselineError> {
        let numbers = [
            ("relative", Some(self.relative)),
            ("error_rate", Some(self.error_rate)),
            ("rate", self.rate),
        ];
        for (field, found) in numbers {
            if let Some(found) = found.filter(|number| !(number.is_finite() && *number >= 0.0)) {
                return Err(BaselineError::Tolerance { field, found });
            }
        }
        Ok(())
    }

    /// By how much a number that was `before` may change; `None` if by as much as it likes. That of a quantile is known by its bucket
    /// only, which comes on top elsewhere.
    pub(super) fn margin(&self, measure: Measure, before: f64, unit: Unit) -> Option<f64> {
        match measure {
            Measure::Mean | Measure::P50 | Measure::P95 | Measure::P99 => {
                let absolute = unit.in_seconds();
                let absolute = absolute.map_or(0.0, |one| self.absolute.as_secs_f64() / one);
                Some((before * self.relative).max(absolute))
            }
            Measure::ErrorRate => Some(self.error_rate),
            Measure::Rate => self.rate.map(|part| before * part),
        }
    }
}
