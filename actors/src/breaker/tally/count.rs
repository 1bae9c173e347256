//! A number of successes, with the generation they are of.

/// The generation in the upper half, cut to 32 bits, a number in the lower, which goes round after 2^32.
///
/// What belongs to a generation is told by its upper half. A thread would have to be held up for four thousand million generations
/// between two instructions to take one for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(u64);

const NUMBER: u64 = u32::MAX as u64;
/// So many may be counted before somebody has to gather: half of what can be told apart.
const UNSEEN_MAX: u64 = 1 << 31;

impl Count {
    #[inline(always)]
    pub(super) const fn none_of(generation: u64) -> Self {
        Self(generation << 32)
    }

    #[inline(always)]
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(super) const fn is_of_that_of(self, other: Self) -> bool {
        (self.0 ^ other.0) <= NUMBER
    }

    pub(super) const fn number(self) -> u64 {
        self.0 & NUMBER
    }

    /// The same number, of the generation of another.
    pub(super) const fn in_that_of(self, other: Self) -> Self {
        Self(other.0 & !NUMBER | self.0 & NUMBER)
    }

    /// One more.
    #[inline(always)]
    pub(super) const fn next(self) -> Self {
        Self(self.0 & !NUMBER | (self.0 + 1) & NUMBER)
    }

    /// How many more these are than an earlier number.
    pub(super) const fn since(self, earlier: u64) -> u64 {
        self.0.wrapping_sub(earlier) & NUMBER
    }

    /// Whether this is one of the numbers at which somebody has to gather.
    #[inline(always)]
    pub(super) const fn is_due(self) -> bool {
        self.0 & (UNSEEN_MAX - 1) == 0
    }

    /// Whether there can be no more.
    pub(super) const fn is_full(self) -> bool {
        self.number() == NUMBER
    }
}
