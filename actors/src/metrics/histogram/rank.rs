//! Which sample a quantile is.

/// The rank, from 1, of the sample that is the quantile `q` of `count` samples: the nearest rank, that is the least one that at
/// least the part `q` of all samples does not exceed. 0 is the least sample and 1 the greatest.
///
/// `None` if there are no samples, or `q` is not from 0 to 1.
pub(crate) fn nearest(q: f64, count: u64) -> Option<u64> {
    if count == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let exact = q * count as f64;
    // A tenth is no binary fraction: 0.07 * 100 is a little more than 7. What differs from a whole number by no more than such an
    // error is that number.
    let whole = exact.round();
    let is_whole = (exact - whole).abs() <= exact * (2.0 * f64::EPSILON);
    let rank = if is_whole { whole } else { exact.ceil() };
    Some((rank as u64).clamp(1, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_is_the_least_that_the_part_does_not_exceed() {
        assert_eq!(nearest(0.5, 4), Some(2));
        assert_eq!(nearest(0.5, 5), Some(3));
        assert_eq!(nearest(0.95, 100), Some(95));
        assert_eq!(nearest(0.99, 1), Some(1));
    }

    #[test]
    fn every_hundredth_of_a_hundred_is_a_whole_rank() {
        for hundredth in 1..=100_u64 {
            assert_eq!(nearest(hundredth as f64 / 100.0, 100), Some(hundredth));
        }
    }

    #[test]
    fn the_ends_are_the_least_and_the_greatest() {
        for count in [1, 2, 1000, u64::MAX] {
            assert_eq!(nearest(0.0, count), Some(1));
            assert_eq!(nearest(1.0, count), Some(count));
        }
    }

    #[test]
    fn there_is_no_quantile_of_nothing_nor_beyond_the_whole() {
        assert_eq!(nearest(0.5, 0), None);
        for q in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(nearest(q, 10), None, "{q}");
        }
    }
}
