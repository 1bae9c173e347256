//! Numbers that are known up to a point.

use serde::{Deserialize, Serialize};

use crate::metrics::histogram::Distribution;

/// A number, and between which numbers the true one lies: with 99 of 100, if the samples do not depend on each other.
///
/// Two estimates are only told apart if these ranges do not meet; that happens by chance to fewer than one in a thousand pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The least it may truly be.
    pub low: f64,
    /// The most it may truly be.
    pub high: f64,
}

/// How many standard deviations to each side hold 99 of 100 of a normal distribution.
const Z: f64 = 2.575_829;

impl Estimate {
    /// Of what nothing is by chance.
    #[cfg(test)]
    pub(super) const fn exact(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
        }
    }

    /// The quantile `q`, 0 to 1, between the samples that are so many ranks before and after it (the distribution-free interval of
    /// order statistics), each to the outer end of its bucket: that the samples are only known by their buckets is within. `None`
    /// if there are too few samples for there to be such ranks: of the 99th percentile 846 are needed, of the 95th 164, of the median 11.
    pub(super) fn quantile(samples: &Distribution, q: f64) -> Option<Self> {
        let (count, unplaced) = (samples.count(), samples.unplaced() as f64);
        let (middle, reach) = (q * count as f64, Z * (q * (1.0 - q) * count as f64).sqrt());
        // What is in no bucket may be less than all others, or more.
        let (first, last) = (
            (middle - reach).floor() - unplaced,
            (middle + reach).ceil() + 1.0,
        );
        if first < 1.0 || last > samples.placed() as f64 {
            return None;
        }
        let at = |rank: f64| samples.at_rank(rank as u64);
        Some(Self {
            value: samples.quantile(q)?,
            low: at(first)?.lower as f64,
            high: at(last)?.upper as f64,
        })
    }

    /// The mean, give or take its standard error, by the normal approximation. The mean is exact, the error as far as samples are
    /// told by their buckets. `None` for fewer than two samples, and if any is in no bucket.
    pub(super) fn mean(samples: &Distribution) -> Option<Self> {
        let value = samples.mean()?;
        let count = samples.count();
        if count < 2 || samples.unplaced() > 0 {
            return None;
        }
        let squares: f64 = samples
            .buckets()
            .map(|bucket| {
                let middle = bucket.lower as f64 + (bucket.upper - bucket.lower) as f64 / 2.0;
                (middle - value).powi(2) * bucket.count as f64
            })
            .sum();
        let error = (squares / (count - 1) as f64 / count as f64).sqrt();
        Some(Self::around(value, Z * error))
    }

    /// Which part of so many failed: the score interval of Wilson, which holds where few or none did.
    pub(super) fn part(failed: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let (count, value) = (all as f64, failed as f64 / all as f64);
        let z2 = Z * Z;
        let scale = 1.0 + z2 / count;
        let middle = (value + z2 / (2.0 * count)) / scale;
        let reach = Z / scale * (value * (1.0 - value) / count + z2 / (4.0 * count * count)).sqrt();
        Some(Self {
            value,
            // By rounding it may be a little beyond.
            low: (middle - reach).clamp(0.0, value),
            high: (middle + reach).clamp(value, 1.0),
        })
    }

    /// How many a second: as what comes independently of what came before (a Poisson process).
    pub(super) fn rate(count: u64, seconds: f64) -> Self {
        let count = count as f64;
        Self::around(count / seconds, Z * count.sqrt() / seconds)
    }

    fn around(value: f64, reach: f64) -> Self {
        Self {
            value,
            low: (value - reach).max(0.0),
            high: value + reach,
        }
    }

    /// Whether this can be: what is not can only come from a file.
    pub(super) fn is_sound(&self) -> bool {
        let all = [self.low, self.value, self.high];
        all.iter()
            .all(|number| number.is_finite() && *number >= 0.0)
            && all.is_sorted()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quantile_lies_between_samples_so_many_ranks_away() {
        // Below 64 every value has a bucket of its own.
        let samples: Distribution = (0..1_000).map(|nth| nth / 20).collect();
        // 500 give or take 40.7: the samples of rank 459 and 542.
        let median = Estimate::quantile(&samples, 0.5).unwrap();
        assert_eq!((median.low, median.value, median.high), (22.0, 24.0, 27.0));
    }

    #[test]
    fn there_is_no_quantile_of_too_few_samples() {
        let known = |q: f64, count: u64| {
            let samples: Distribution = (0..count).collect();
            Estimate::quantile(&samples, q).is_some()
        };
        for (q, least) in [(0.5, 11), (0.95, 164), (0.99, 846)] {
            assert!(known(q, least), "{q} of {least}");
            assert!(!known(q, least - 1), "{q} of {}", least - 1);
        }
        assert!(!known(0.5, 0));
    }

    #[test]
    fn the_ends_of_a_quantile_are_those_of_its_buckets() {
        let samples: Distribution = (0..1_000).map(|_| 1_000).collect();
        let p50 = Estimate::quantile(&samples, 0.5).unwrap();
        // 992 to 1,007 share a bucket.
        assert_eq!((p50.low, p50.high), (992.0, 1_007.0));
    }

    #[test]
    fn the_mean_of_equal_samples_is_sure_and_that_of_others_less_so() {
        let equal: Distribution = (0..100).map(|_| 50).collect();
        assert_eq!(Estimate::mean(&equal), Some(Estimate::exact(50.0)));
        // Of 50 at 10 and 50 at 30: deviation 10 (by n - 1: 10.0504), error 1.00504.
        let two: Distribution = (0..100).map(|nth| 10 + 20 * (nth % 2)).collect();
        let mean = Estimate::mean(&two).unwrap();
        assert_eq!(mean.value, 20.0);
        assert!((mean.high - 20.0 - Z * 1.005_038).abs() < 1e-5);
        assert_eq!(Estimate::mean(&[1].into_iter().collect()), None);
    }

    #[test]
    fn none_of_a_hundred_may_still_be_some() {
        let none = Estimate::part(0, 100).unwrap();
        assert_eq!((none.low, none.value), (0.0, 0.0));
        // z² / (n + z²)
        assert!((none.high - Z * Z / (100.0 + Z * Z)).abs() < 1e-12);
        let all = Estimate::part(100, 100).unwrap();
        assert_eq!((all.value, all.high), (1.0, 1.0));
        assert_eq!(Estimate::part(0, 0), None);
    }

    proptest! {
        #[test]
        fn what_is_estimated_lies_within_its_limits(
            values in prop::collection::vec(any::<u64>(), 2..2_000),
            shift in 0_u32..60,
            failed in 0_u64..50,
        ) {
            let samples: Distribution = values.iter().map(|value| value >> shift).collect();
            let quantiles = [0.5, 0.95, 0.99].map(|q| Estimate::quantile(&samples, q));
            let all = values.len() as u64;
            let others = [
                Estimate::mean(&samples),
                Estimate::part(failed.min(all), all),
                Some(Estimate::rate(all, 60.0)),
            ];
            for estimate in quantiles.into_iter().chain(others).flatten() {
                prop_assert!(estimate.is_sound(), "{estimate:?}");
            }
        }
    }
}
