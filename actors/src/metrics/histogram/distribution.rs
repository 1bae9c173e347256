//! A histogram to be asked and merged.

use std::fmt;

use super::rank;
use super::scale::Resolution;
use super::sum;

/// How samples are distributed: how many there are in each bucket, and their sum.
///
/// The count and the sum are exact (the sum as long as it is below 2^69). What else is asked, the least and the greatest value and
/// all quantiles, is told by the middle of a bucket and is off by at most [`Resolution::error_max`]; the least is never above the
/// mean, nor the greatest below it. Nothing is told of an empty one. What is in no bucket, which a store without room may have to
/// leave so, has a part in the count and the sum only: see [`unplaced`](Self::unplaced).
///
/// ```
/// use mainstay_actors::metrics::Distribution;
///
/// let latencies: Distribution = (1..=100).map(|nth| nth * 1_000).collect();
/// assert_eq!(latencies.count(), 100);
/// assert_eq!(latencies.mean(), Some(50_500.0));
/// let p95 = latencies.quantile(0.95).expect("there are samples");
/// assert!((p95 - 95_000.0).abs() <= 95_000.0 / 64.0);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Distribution {
    resolution: Resolution,
    /// The counts of the buckets from the first one on; the last is not 0.
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    unplaced: Unplaced,
}

/// Samples of which only the sum is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unplaced {
    pub(crate) count: u64,
    /// As far as a word holds it.
    pub(crate) sum: u64,
}

/// Samples that are told by one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The least value in it.
    pub lower: u64,
    /// The greatest value in it.
    pub upper: u64,
    /// How many samples.
    pub count: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new(Resolution::Fine)
    }
}

impl Distribution {
    /// One without samples.
    #[must_use]
    pub const fn new(resolution: Resolution) -> Self {
        Self {
            resolution,
            counts: Vec::new(),
            count: 0,
            sum: 0,
            unplaced: Unplaced { count: 0, sum: 0 },
        }
    }

    /// Takes in a sample.
    pub fn record(&mut self, value: u64) {
        self.put(self.resolution.index(value), 1);
        self.sum += u128::from(value);
    }

    /// Takes in all samples of another one. If one of the two is coarse, so is what comes of it.
    pub fn merge(&mut self, other: &Self) {
        self.coarsen(other.resolution);
        other.each(|index, count| self.put_from(other.resolution, index, count));
        self.sum = self.sum.saturating_add(other.sum);
        self.put_unplaced(other.unplaced);
    }

    /// Makes it as coarse as `resolution`, if it is not so already.
    pub fn coarsen(&mut self, resolution: Resolution) {
        if resolution >= self.resolution {
            return;
        }
        let fine = std::mem::replace(self, Self::new(resolution));
        fine.each(|index, count| self.put_from(fine.resolution, index, count));
        self.sum = fine.sum;
        self.unplaced = fine.unplaced;
    }

    /// Adds samples to a bucket of the same resolution, not to the sum.
    pub(crate) fn put(&mut self, index: usize, count: u64) {
        if count == 0 {
            return;
        }
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += count;
        self.count += count;
    }

    /// Adds samples of a bucket of this or a finer resolution, not to the sum.
    pub(crate) fn put_from(&mut self, finer: Resolution, index: usize, count: u64) {
        let index = if finer == self.resolution {
            index
        } else {
            self.resolution.index_from(finer, index)
        };
        self.put(index, count);
    }

    /// Adds samples of which only the sum is known.
    pub(crate) const fn put_unplaced(&mut self, more: Unplaced) {
        let Unplaced { count, sum } = &mut self.unplaced;
        *count = count.saturating_add(more.count);
        *sum = sum.saturating_add(more.sum);
    }

    pub(crate) const fn without_place(&self) -> Unplaced {
        self.unplaced
    }

    pub(crate) const fn add_sum(&mut self, sum: u128) {
        self.sum = self.sum.saturating_add(sum);
    }

    /// Sets the sum, of which the word modulo 2^64 is known.
    pub(crate) fn set_wrapped_sum(&mut self, word: u64) {
        let (mut lower, mut upper) = (0_u128, 0_u128);
        self.each(|index, count| {
            let times = |value: u64| u128::from(value) * u128::from(count);
            lower += times(self.resolution.lower(index));
            upper += times(self.resolution.upper(index));
        });
        self.sum = sum::unwrap(word, lower, upper);
    }

    /// The samples that are in this and not in an earlier one of the same series, whose buckets are none of them greater.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut later = Self::new(self.resolution);
        self.each(|index, count| {
            let before = earlier.counts.get(index).copied().unwrap_or_default();
            later.put(index, count.saturating_sub(before));
        });
        later.set_wrapped_sum(self.sum.wrapping_sub(earlier.sum) as u64);
        later.unplaced = Unplaced {
            count: self.unplaced.count.saturating_sub(earlier.unplaced.count),
            sum: self.unplaced.sum.saturating_sub(earlier.unplaced.sum),
        };
        later
    }

    /// Calls `look` with each bucket that is not empty, from the lowest to the highest.
    pub(crate) fn each(&self, mut look: impl FnMut(usize, u64)) {
        let counts = self.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .for_each(|(index, count)| look(index, *count));
    }

    /// How many buckets to a power of two there are.
    #[must_use]
    pub const fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// How many samples there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count.saturating_add(self.unplaced.count)
    }

    /// How many of them are in no bucket, as a store had no room for it: they are in the count, the sum and the mean, and in nothing
    /// else. 0 for what was recorded elsewhere.
    #[must_use]
    pub const fn unplaced(&self) -> u64 {
        self.unplaced.count
    }

    /// How many are in buckets.
    pub(crate) const fn placed(&self) -> u64 {
        self.count
    }

    pub(crate) const fn placed_sum(&self) -> u128 {
        self.sum
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// All samples together.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum.saturating_add(self.unplaced.sum as u128)
    }

    /// The sum by the count.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum() as f64 / self.count() as f64)
    }

    /// That of those in buckets.
    fn placed_mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The least value.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        let first = self.counts.iter().position(|count| *count > 0)?;
        Some(self.resolution.middle(first).min(self.placed_mean()?))
    }

    /// The greatest value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        let last = self.counts.len().checked_sub(1)?;
        Some(self.resolution.middle(last).max(self.placed_mean()?))
    }

    /// The quantile `q`, 0 to 1, by nearest rank: the least sample that at least the part `q` of all does not exceed. `None` for
    /// any other `q`.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = rank::nearest(q, self.count)?;
        if rank == 1 {
            return self.min();
        }
        if rank == self.count {
            return self.max();
        }
        Some(self.resolution.middle(self.index_at(rank)?))
    }

    /// The bucket that the sample of this rank, from 1, is in.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<Bucket> {
        let index = self.index_at(rank)?;
        Some(Bucket {
            lower: self.resolution.lower(index),
            upper: self.resolution.upper(index),
            count: self.counts[index],
        })
    }

    fn index_at(&self, rank: u64) -> Option<usize> {
        let mut below = 0;
        let mut counts = self.counts.iter();
        counts.position(|count| {
            below += count;
            below >= rank
        })
    }

    /// How many samples do not exceed `limit`: exact if `limit` is the [`upper`](Bucket::upper) end of a bucket, as is a power of
    /// two less 1; otherwise that of the bucket below counts. What is in no bucket exceeds every limit.
    #[must_use]
    pub fn count_up_to(&self, limit: u64) -> u64 {
        let index = self.resolution.index(limit);
        let whole = limit == self.resolution.upper(index);
        let end = self.counts.len().min(index + usize::from(whole));
        self.counts[..end].iter().sum()
    }

    /// The buckets that are not empty, from the lowest to the highest.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> {
        let counts = self.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(index, count)| Bucket {
                lower: self.resolution.lower(index),
                upper: self.resolution.upper(index),
                count: *count,
            })
    }
}

impl FromIterator<u64> for Distribution {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut all = Self::default();
        values.into_iter().for_each(|value| all.record(value));
        all
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution")
            .field("resolution", &self.resolution)
            .field("count", &self.count)
            .field("sum", &self.sum)
            .field("unplaced", &self.unplaced)
            .finish_non_exhaustive()
    }
}
