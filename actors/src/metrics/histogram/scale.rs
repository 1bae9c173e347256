//! Which value goes into which bucket.

use serde::{Deserialize, Serialize};

/// How many buckets there are to a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resolution {
    /// 16: values are off by at most 1/32.
    Coarse,
    /// 32: values are off by at most 1/64.
    Fine,
}

impl Resolution {
    /// The most that the middle of a bucket differs from a value in it, as a part of the value.
    #[must_use]
    pub const fn error_max(self) -> f64 {
        match self {
            Self::Coarse => 1.0 / 32.0,
            Self::Fine => 1.0 / 64.0,
        }
    }

    /// How many buckets all of `u64` takes.
    #[must_use]
    pub const fn buckets(self) -> usize {
        self.index(u64::MAX) + 1
    }

    #[inline]
    const fn bits(self) -> u32 {
        match self {
            Self::Coarse => 4,
            Self::Fine => 5,
        }
    }

    /// The bucket of a value. Greater values never have lower ones.
    #[must_use]
    #[inline]
    pub const fn index(self, value: u64) -> usize {
        let bits = self.bits();
        // Values below `1 << bits` share the row of the first power of two that is divided: there each has its own bucket.
        let exponent = 63 - (value | (1 << bits)).leading_zeros();
        let shift = exponent - bits;
        // At most 58 << 5 plus a number of 6 bits.
        ((shift << bits) as usize) + ((value >> shift) as usize)
    }

    /// The least value in a bucket.
    ///
    /// There is no bucket beyond [`buckets`](Self::buckets): the answer for one means nothing.
    #[must_use]
    pub const fn lower(self, index: usize) -> u64 {
        let row = index >> self.bits();
        if row == 0 {
            return index as u64;
        }
        let mantissa = index - ((row - 1) << self.bits());
        (mantissa as u64) << (row - 1)
    }

    /// The greatest value in a bucket.
    #[must_use]
    pub const fn upper(self, index: usize) -> u64 {
        let row = index >> self.bits();
        let width = 1_u64 << row.saturating_sub(1);
        self.lower(index) | (width - 1)
    }

    /// The value that stands for all in a bucket.
    #[must_use]
    pub fn middle(self, index: usize) -> f64 {
        let (lower, upper) = (self.lower(index), self.upper(index));
        lower as f64 + (upper - lower) as f64 / 2.0
    }

    /// The bucket of this resolution that holds the whole of a bucket of the finer `other`.
    pub(crate) const fn index_from(self, other: Self, index: usize) -> usize {
        self.index(other.lower(index))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Resolution; 2] = [Resolution::Coarse, Resolution::Fine];

    #[test]
    fn the_whole_of_u64_has_a_place() {
        assert_eq!(Resolution::Fine.buckets(), 1920);
        assert_eq!(Resolution::Coarse.buckets(), 976);
        for scale in BOTH {
            assert_eq!(scale.index(0), 0);
            assert_eq!(scale.upper(scale.buckets() - 1), u64::MAX);
        }
    }

    #[test]
    fn buckets_lie_side_by_side_without_a_gap() {
        for scale in BOTH {
            for index in 0..scale.buckets() {
                assert_eq!(scale.index(scale.lower(index)), index);
                assert_eq!(scale.index(scale.upper(index)), index);
                if index > 0 {
                    assert_eq!(scale.lower(index), scale.upper(index - 1) + 1);
                }
            }
        }
    }

    #[test]
    fn small_values_are_exact() {
        for (scale, exact) in [(Resolution::Coarse, 32), (Resolution::Fine, 64)] {
            for value in 0..exact {
                assert_eq!(scale.middle(scale.index(value)), value as f64);
            }
            let first_shared = scale.index(exact);
            assert_eq!(scale.upper(first_shared), scale.lower(first_shared) + 1);
        }
    }

    #[test]
    fn a_fine_bucket_lies_wholly_in_a_coarse_one() {
        for fine in 0..Resolution::Fine.buckets() {
            let coarse = Resolution::Coarse.index(Resolution::Fine.upper(fine));
            assert_eq!(
                Resolution::Coarse.index_from(Resolution::Fine, fine),
                coarse
            );
        }
    }

    proptest! {
        #[test]
        fn the_middle_is_within_the_stated_error(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            for scale in BOTH {
                let off = (scale.middle(scale.index(value)) - value as f64).abs();
                prop_assert!(off <= value as f64 * scale.error_max(), "{value} is off by {off}");
            }
        }

        #[test]
        fn greater_values_are_never_in_lower_buckets(one: u64, other: u64) {
            let (less, more) = (one.min(other), one.max(other));
            for scale in BOTH {
                prop_assert!(scale.index(less) <= scale.index(more));
            }
        }
    }
}
