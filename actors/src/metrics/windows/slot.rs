//! What is kept of a slot.

use crate::metrics::histogram::{Distribution, Packed, Resolution};

/// What is kept of a series for one slot: nothing, if nothing happened in it.
pub(crate) trait Slot: Sized {
    /// What is kept of these slots together, at least one.
    fn together<'a>(slots: impl Iterator<Item = &'a Self>) -> Self
    where
        Self: 'a;

    /// What is kept for a day.
    fn coarsened(self) -> Self {
        self
    }

    /// What it takes on the heap.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// Of a counter: by how much it went up.
impl Slot for u64 {
    fn together<'a>(slots: impl Iterator<Item = &'a Self>) -> Self {
        slots.fold(0, |sum: Self, slot| sum.saturating_add(*slot))
    }
}

/// Of a histogram: its samples.
impl Slot for Packed {
    fn together<'a>(slots: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Distribution::default();
        slots.for_each(|slot| slot.add_to(&mut all));
        Self::of(&all)
    }

    fn coarsened(self) -> Self {
        let mut all = self.unpack();
        all.coarsen(Resolution::Coarse);
        Self::of(&all)
    }

    fn heap_bytes(&self) -> usize {
        Self::heap_bytes(self)
    }
}

/// Of a gauge: what it was whenever it was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Samples {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Samples {
    pub(crate) const fn one(value: f64) -> Self {
        Self {
            count: 1,
            sum: value,
            min: value,
            max: value,
        }
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// Those of the one and of the other, as far as there are any.
pub(crate) fn join(one: Option<Samples>, other: Option<Samples>) -> Option<Samples> {
    one.into_iter().chain(other).reduce(Samples::and)
}

impl Slot for Samples {
    fn together<'a>(slots: impl Iterator<Item = &'a Self>) -> Self {
        let none = Self {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        };
        slots.copied().fold(none, Self::and)
    }
}
