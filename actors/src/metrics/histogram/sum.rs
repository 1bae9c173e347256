//! Sums from words that wrap.

/// The sum of samples of which the word `wrapped` is known, the sum modulo 2^64, and between which bounds it lies by their buckets.
///
/// It is the number nearest to the middle of the bounds that the word can stand for: the exact sum, if the bounds are less than 2^64
/// apart, which they are for any sum below 2^69. A word that is ahead of the buckets or behind them, as one that is read while
/// others record, gives the bound it is beyond.
pub(crate) fn unwrap(wrapped: u64, lower: u128, upper: u128) -> u128 {
    let middle = lower.midpoint(upper);
    let ahead = wrapped.wrapping_sub(middle as u64).cast_signed();
    let nearest = middle.checked_add_signed(ahead.into());
    nearest.map_or(lower, |sum| sum.clamp(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_has_not_wrapped_is_the_sum() {
        assert_eq!(unwrap(1_000, 990, 1_010), 1_000);
        assert_eq!(unwrap(0, 0, 0), 0);
    }

    #[test]
    fn a_word_that_has_wrapped_is_told_by_the_buckets() {
        let sum = 3 * u128::from(u64::MAX);
        assert_eq!(unwrap(sum as u64, sum - 1_000_000, sum + 500), sum);
    }

    #[test]
    fn a_word_that_is_ahead_or_behind_gives_the_bound() {
        assert_eq!(unwrap(2_000, 990, 1_010), 1_010);
        assert_eq!(unwrap(5, 990, 1_010), 990);
        assert_eq!(unwrap(u64::MAX, 0, 10), 0);
        let sum = u128::from(u64::MAX) + 1;
        assert_eq!(unwrap(u64::MAX, sum, sum + 10), sum);
    }
}
