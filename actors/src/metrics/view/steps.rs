//! Values that held for a time each.

use std::time::Duration;

/// Values, each with for how long it held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Steps(Vec<(f64, Duration)>);

impl Steps {
    pub(crate) fn min(&self) -> Option<f64> {
        self.0.iter().map(|(value, _)| *value).reduce(f64::min)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.0.iter().map(|(value, _)| *value).reduce(f64::max)
    }

    /// The least value that was not exceeded for at least the part `q` of the time.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let mut sorted = self.0.clone();
        sorted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let whole: Duration = sorted.iter().map(|(_, time)| *time).sum();
        let needed = whole.mul_f64(q);
        let mut below = Duration::ZERO;
        let reached = sorted.iter().find(|(_, time)| {
            below += *time;
            below >= needed
        });
        reached.or_else(|| sorted.last()).map(|(value, _)| *value)
    }
}

impl FromIterator<(f64, Duration)> for Steps {
    fn from_iter<I: IntoIterator<Item = (f64, Duration)>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(steps: &[(f64, u64)]) -> Steps {
        let steps = steps.iter();
        steps
            .map(|(value, secs)| (*value, Duration::from_secs(*secs)))
            .collect()
    }

    #[test]
    fn a_quantile_is_by_time_and_not_by_number() {
        let uneven = steps(&[(5.0, 60), (1.0, 30), (9.0, 10)]);
        assert_eq!(uneven.quantile(0.0), Some(1.0));
        assert_eq!(uneven.quantile(0.3), Some(1.0));
        assert_eq!(uneven.quantile(0.31), Some(5.0));
        assert_eq!(uneven.quantile(0.9), Some(5.0));
        assert_eq!(uneven.quantile(0.91), Some(9.0));
        assert_eq!(uneven.quantile(1.0), Some(9.0));
        assert_eq!((uneven.min(), uneven.max()), (Some(1.0), Some(9.0)));
    }

    #[test]
    fn nothing_is_told_of_nothing_nor_of_a_part_beyond_the_whole() {
        let none = steps(&[]);
        assert_eq!(
            (none.min(), none.max(), none.quantile(0.5)),
            (None, None, None)
        );
        let one = steps(&[(1.0, 1)]);
        assert_eq!((one.quantile(-0.1), one.quantile(f64::NAN)), (None, None));
    }
}
