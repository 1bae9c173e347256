//! Buckets that are lent to one recorder after the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::budget::Budget;
use super::bump;
use super::shard::RESOLUTION;
use crate::metrics::histogram::Distribution;

const BUCKETS: usize = RESOLUTION.buckets();

/// All buckets side by side, with one who writes to them: to find one takes no look at memory.
#[derive(Debug)]
pub(super) struct Desk {
    counts: [AtomicU64; BUCKETS],
    /// Of all samples, modulo 2^64.
    sum: AtomicU64,
}

/// What a desk takes.
pub(super) const DESK_BYTES: usize = size_of::<Desk>() + 4 * size_of::<usize>();

impl Desk {
    fn new() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; BUCKETS],
            sum: AtomicU64::new(0),
        }
    }

    fn add_to(&self, all: &mut Distribution) -> u64 {
        for (index, count) in self.counts.iter().enumerate() {
            all.put(index, count.load(Ordering::Relaxed));
        }
        self.sum.load(Ordering::Relaxed)
    }
}

/// The desks of a histogram.
#[derive(Debug, Default)]
pub(super) struct Desks(Mutex<Vec<Place>>);

#[derive(Debug)]
struct Place {
    desk: Arc<Desk>,
    is_lent: bool,
}

/// A desk that is lent: whoever has it is the only one to write there.
#[derive(Debug)]
pub(crate) struct Lent {
    desk: Arc<Desk>,
    /// That of the desk, which nobody else changes: an addition need not wait until the one before it is in memory.
    sum: u64,
}

impl Lent {
    #[inline]
    pub(crate) fn record(&mut self, value: u64) {
        // There is a bucket for every value, which the compiler does not know.
        if let Some(count) = self.desk.counts.get(RESOLUTION.index(value)) {
            bump(count, 1);
        }
        self.sum = self.sum.wrapping_add(value);
        self.desk.sum.store(self.sum, Ordering::Relaxed);
    }
}

impl Desks {
    /// One that is free, or a new one if there is room for it.
    pub(super) fn lend(&self, budget: &Budget) -> Option<Lent> {
        let mut places = self.places();
        let free = places.iter_mut().find(|place| !place.is_lent);
        if let Some(place) = free {
            place.is_lent = true;
            // Whoever had it wrote this before giving it back, under the same lock.
            let sum = place.desk.sum.load(Ordering::Relaxed);
            let desk = Arc::clone(&place.desk);
            return Some(Lent { desk, sum });
        }
        if !budget.take(DESK_BYTES) {
            return None;
        }
        let desk = Arc::new(Desk::new());
        places.push(Place {
            desk: Arc::clone(&desk),
            is_lent: true,
        });
        Some(Lent { desk, sum: 0 })
    }

    /// Takes one back, with what was recorded there.
    pub(super) fn take_back(&self, lent: &Lent) {
        let mut places = self.places();
        let place = places
            .iter_mut()
            .find(|place| Arc::ptr_eq(&place.desk, &lent.desk));
        if let Some(place) = place {
            place.is_lent = false;
        }
    }

    /// A poisoned lock is taken all the same: nothing under it panics.
    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds all counts to a distribution, and gives the sum modulo 2^64.
    pub(super) fn add_to(&self, all: &mut Distribution) -> u64 {
        let places = self.places();
        places.iter().fold(0, |sum: u64, place| {
            sum.wrapping_add(place.desk.add_to(all))
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.places().len() * DESK_BYTES
    }
}
