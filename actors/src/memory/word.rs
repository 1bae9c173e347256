//! What readers load: level, share and number of the sample, in one word.

use mainstay_specs::PressureLevel;

/// ```text
///  63        24 23      4    3          2       1   0
/// [  number    |  share  | simulated | stale |  level ]
/// ```
///
/// The share is in millionths, up to a bit more than 1; numbers of samples wrap after 8,700 years of four a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

const LEVEL: u64 = 0b11;
const STALE: u64 = 1 << 2;
const SIMULATED: u64 = 1 << 3;
const RATIO_AT: u32 = 4;
const RATIO_BITS: u64 = (1 << 20) - 1;
const NUMBER_AT: u32 = 24;
const PARTS: f64 = 1_000_000.0;

impl Word {
    /// Nothing was measured yet.
    pub(crate) const FIRST: Self = Self(STALE);

    pub(crate) fn new(level: PressureLevel, ratio: f64, number: u64) -> Self {
        // A share is not negative, and what is no number is taken for the whole: never silently low.
        let share = if ratio.is_nan() { 1.0 } else { ratio.max(0.0) };
        let parts = ((share * PARTS).round() as u64).min(RATIO_BITS);
        Self(level as u64 | parts << RATIO_AT | number << NUMBER_AT)
    }

    pub(crate) const fn with_stale(self, stale: bool) -> Self {
        Self(if stale {
            self.0 | STALE
        } else {
            self.0 & !STALE
        })
    }

    pub(crate) const fn with_simulated(self, simulated: bool) -> Self {
        Self(if simulated {
            self.0 | SIMULATED
        } else {
            self.0 & !SIMULATED
        })
    }

    #[inline(always)]
    pub(crate) const fn level(self) -> PressureLevel {
        PressureLevel::ALL[(self.0 & LEVEL) as usize]
    }

    pub(crate) const fn is_stale(self) -> bool {
        self.0 & STALE != 0
    }

    pub(crate) const fn is_simulated(self) -> bool {
        self.0 & SIMULATED != 0
    }

    pub(crate) fn ratio(self) -> f64 {
        ((self.0 >> RATIO_AT) & RATIO_BITS) as f64 / PARTS
    }

    pub(crate) const fn number(self) -> u64 {
        self.0 >> NUMBER_AT
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_it_was_made_of() {
        for level in PressureLevel::ALL {
            let word = Word::new(level, 0.725, 7).with_simulated(true);
            assert_eq!((word.level(), word.number()), (level, 7));
            assert_eq!(word.ratio(), 0.725);
            assert!(word.is_simulated() && !word.is_stale());
            assert_eq!(word.with_stale(true).with_stale(false), word);
        }
    }

    #[test]
    fn a_share_that_is_out_of_range_spoils_no_other_field() {
        for (ratio, shown) in [(-1.0, 0.0), (9.0, 1.048_575), (f64::NAN, 1.0)] {
            let word = Word::new(PressureLevel::Low, ratio, 1);
            assert_eq!((word.ratio(), word.number()), (shown, 1));
            assert_eq!(word.level(), PressureLevel::Low);
        }
    }
}
