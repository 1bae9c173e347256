//! What those who wait are granted, where they find it without the lock of the pool.
//!
//! Whoever is woken mostly runs on the thread that has given the connection back. Under the lock of the pool it would meet all others,
//! and take what they need away from their processors. So a connection that goes on to the next borrower lies in a box of its place in
//! the pool, which that thread has used last anyway; and whoever waits is told which one, by a number that nobody else writes to
//! meanwhile. That number is no more than a hint: what is in the box says itself for which lease it is.
//!
//! Whatever else happens to those who wait, happens under the lock of the pool. A box is locked for a move of some words, and after that
//! lock.

use std::sync::OnceLock;

use super::line::Key;
use super::slot::{Given, Seat};
use crate::atomic::{AtomicU64, Lock, Ordering};

/// A connection that was granted and not taken yet.
#[derive(Debug)]
pub(crate) struct Grant<C> {
    pub(crate) given: Given<C>,
    /// It need not be pinged before it is used, as it was known to work not long before it was granted: the lease has begun with that.
    pub(crate) is_proven: bool,
    /// For how long it was waited for.
    pub(super) waited: u64,
}

#[derive(Debug)]
pub(crate) struct Grants<C> {
    told: Blocks<Told>,
    boxes: Blocks<Lock<Option<Grant<C>>>>,
}

/// The seat that was granted to one who waits.
#[derive(Debug)]
struct Told(AtomicU64);

/// There is none: a seat has an epoch, which is 0 only after 4 billion leases of its place; then it is to be asked for under the lock.
const NOTHING: u64 = 0;

impl Default for Told {
    fn default() -> Self {
        Self(AtomicU64::new(NOTHING))
    }
}

impl<C> Grants<C> {
    pub(super) fn new() -> Self {
        Self {
            told: Blocks::new(),
            boxes: Blocks::new(),
        }
    }

    /// Puts a connection there, for whoever will be [told](Self::tell).
    #[inline]
    pub(super) fn put(&self, grant: Grant<C>) {
        let place = self.boxes.get(grant.given.seat.number());
        *place.lock() = Some(grant);
    }

    #[inline]
    pub(super) fn tell(&self, key: Key, seat: Seat) {
        self.told.get(key).0.store(seat.word(), Ordering::Release);
    }

    /// What was told to one is not true any more, or known.
    #[inline]
    pub(super) fn forget(&self, key: Key) {
        self.told.get(key).0.store(NOTHING, Ordering::Relaxed);
    }

    /// What one was granted, who knows it from now on. If there is nothing, it has to ask for its fate under the lock of the pool.
    #[inline]
    pub(crate) fn take(&self, key: Key) -> Option<Grant<C>> {
        let told = &self.told.get(key).0;
        let word = told.load(Ordering::Acquire);
        if word == NOTHING {
            return None;
        }
        let grant = self.take_back(Seat::of_word(word))?;
        told.store(NOTHING, Ordering::Relaxed);
        Some(grant)
    }

    /// What was granted by this seat, if it was not taken yet.
    #[inline]
    pub(super) fn take_back(&self, seat: Seat) -> Option<Grant<C>> {
        let mut place = self.boxes.get(seat.number()).lock();
        place.take_if(|grant| grant.given.seat == seat)
    }

    /// What was granted by this place and not taken yet.
    pub(super) fn take_from(&self, number: u32) -> Option<Grant<C>> {
        self.boxes.get(number).lock().take()
    }

    /// Looks at what was granted by a place, and not taken yet.
    #[cfg(test)]
    pub(super) fn look<T>(&self, number: u32, look: impl FnOnce(&Grant<C>) -> T) -> Option<T> {
        self.boxes.get(number).lock().as_ref().map(look)
    }
}

/// Values that are made when they are first asked for, in blocks of which each is twice as big as the one before, and never move.
#[derive(Debug)]
struct Blocks<T>([OnceLock<Box<[Alone<T>]>>; BLOCKS]);

/// Two lines of memory are fetched at a time, and so none has a part of another's.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Alone<T>(T);

/// How many the first block has.
const FIRST: u32 = 32;

/// With these there are more than a number of 32 bits can name.
const BLOCKS: usize = 28;

impl<T: Default> Blocks<T> {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; BLOCKS])
    }

    /// The block of one, and which one it is there.
    #[inline]
    const fn find(number: u32) -> (u32, usize) {
        let block = (number / FIRST + 1).ilog2();
        let before = FIRST as u64 * ((1 << block) - 1);
        (block, (number as u64 - before) as usize)
    }

    #[inline]
    fn get(&self, number: u32) -> &T {
        let (block, nth) = Self::find(number);
        let values = match self.0[block as usize].get() {
            Some(values) => values,
            None => self.make(block),
        };
        &values[nth].0
    }

    #[cold]
    fn make(&self, block: u32) -> &[Alone<T>] {
        let values = || (0..u64::from(FIRST) << block).map(|_| Alone::default());
        self.0[block as usize].get_or_init(|| values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let find = Blocks::<u8>::find;
        assert_eq!((find(0), find(31)), ((0, 0), (0, 31)));
        assert_eq!((find(32), find(95)), ((1, 0), (1, 63)));
        assert_eq!((find(96), find(223)), ((2, 0), (2, 127)));
        let (block, nth) = find(u32::MAX);
        assert!((block as usize) < BLOCKS && (nth as u64) < u64::from(FIRST) << block);
    }

    #[test]
    fn what_was_granted_by_another_seat_is_not_taken() {
        let grants = Grants::new();
        let seat = Seat::new(3, 1);
        let grant = |seat| Grant {
            given: Given { conn: 'c', seat },
            is_proven: true,
            waited: 0,
        };
        grants.put(grant(seat));
        assert!(grants.take(0).is_none());
        grants.tell(0, seat);
        assert_eq!(
            grants.take_back(seat).map(|grant| grant.given.conn),
            Some('c')
        );
        grants.put(grant(Seat::new(3, 2)));
        assert!(grants.take(0).is_none());
        grants.forget(0);
        grants.tell(0, Seat::new(3, 2));
        assert_eq!(grants.take(0).map(|grant| grant.given.conn), Some('c'));
        assert!(grants.take(0).is_none());
    }
}
