//! When the messages that wait were sent, in little room.
//!
//! ractor's envelope has no place for a stamp. Messages that come through a name are numbered, and the mailbox keeps their
//! order, so the number says which stamp belongs to the message that is taken out.
//!
//! ```text
//! level 0   the last 32          each
//! level 1   the last 256         every 8th
//! level 2   the last 2,048       every 64th
//! …
//! level 6   the last 8,388,608   every 262,144th
//! ```
//!
//! Up to 32 messages that wait each have their own stamp. Of more, those in front have the stamps of a coarser level, between
//! two of which they are taken for sent evenly: wrong by the time in which a quarter as many were sent as wait behind, at most. A
//! wait of more than 2^51 ticks, which is a week at least, is none.

use super::clock::Tick;
use crate::atomic::{AtomicU64, Ordering};

const LEVELS: u32 = 7;
const SLOT_BITS: u32 = 5;
/// Slots of a level.
const SLOTS: usize = 1 << SLOT_BITS;
/// How much coarser each level is than the one before, as a power of two.
const STEP: u32 = 3;
/// What of a slot is the stamp; the rest says whose.
const STAMP_BITS: u32 = 52;
const STAMP: u64 = (1 << STAMP_BITS) - 1;

/// The stamps of one mailbox: 1,792 bytes.
///
/// Written by all who send and read by the one who takes out. Whatever they do at the same time, a slot is one word, which is
/// either the one looked for or known not to be. Only of more than 131,072 that wait, one in 4,096 may be taken for another.
#[derive(Debug)]
pub(super) struct Stamps([[AtomicU64; SLOTS]; LEVELS as usize]);

impl Stamps {
    /// So many messages that wait each have a stamp of their own.
    pub(super) const OWN: u64 = SLOTS as u64;

    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| {
            std::array::from_fn(|_| AtomicU64::new(0))
        }))
    }

    /// Notes when the message of this number is sent: before it is, so that whoever takes it out finds the stamp.
    #[inline]
    pub(super) fn put(&self, number: u64, at: Tick) {
        self.store(0, number, at);
        if number.is_multiple_of(1 << STEP) {
            self.put_above(number, at);
        }
    }

    fn put_above(&self, number: u64, at: Tick) {
        let levels = 1..LEVELS;
        levels
            .take_while(|level| number.is_multiple_of(1 << (STEP * level)))
            .for_each(|level| self.store(level, number, at));
    }

    fn store(&self, level: u32, number: u64, at: Tick) {
        let (slot, tag) = self.slot(level, number >> (STEP * level));
        slot.store(tag | (at.0 & STAMP), Ordering::Relaxed);
    }

    /// The slot of the `nth` of a level, and the mark that says that it is its.
    fn slot(&self, level: u32, nth: u64) -> (&AtomicU64, u64) {
        let slot = &self.0[level as usize][nth as usize % SLOTS];
        // From 1, so that a slot that was never written is nobody's.
        let tag = (nth >> SLOT_BITS).wrapping_add(1) << STAMP_BITS;
        (slot, tag)
    }

    /// When the message of this number was sent, as seen from `now`; `None` if nobody has sent it yet, or those behind it have
    /// taken the place of its stamp. On another processor it may have been a little later than `now`.
    #[inline]
    pub(super) fn own(&self, number: u64, now: Tick) -> Option<Tick> {
        self.load(0, number, now)
    }

    /// About when the message of this number was sent, which has lost its own stamp; `sent` have been sent in all.
    pub(super) fn about(&self, number: u64, sent: u64, now: Tick) -> Option<Tick> {
        (1..LEVELS).find_map(|level| {
            let shift = STEP * level;
            let nth = number >> shift;
            let first = self.load(level, nth, now)?;
            let part = number - (nth << shift);
            if part == 0 {
                return Some(first);
            }
            let past = match self.load(level, nth + 1, now) {
                // As wide as the level is coarse, so that nothing is to be divided.
                Some(next) => (span(first, next) * u128::from(part)) >> shift,
                // So many have not been sent yet.
                None => {
                    let last = self.own(sent - 1, now)?;
                    let width = sent - 1 - (nth << shift);
                    span(first, last) * u128::from(part) / u128::from(width.max(1))
                }
            };
            Some(Tick(first.0 + u64::try_from(past).ok()?))
        })
    }

    #[inline]
    fn load(&self, level: u32, nth: u64, now: Tick) -> Option<Tick> {
        let (slot, tag) = self.slot(level, nth);
        let word = slot.load(Ordering::Relaxed);
        (word & !STAMP == tag).then(|| whole(word & STAMP, now))
    }
}

fn span(first: Tick, last: Tick) -> u128 {
    u128::from(last.0.saturating_sub(first.0))
}

/// The time that ends in these bits and is nearest to `now`.
#[inline]
const fn whole(stamp: u64, now: Tick) -> Tick {
    let away = (stamp.wrapping_sub(now.0) << (u64::BITS - STAMP_BITS)).cast_signed();
    Tick(now.0.wrapping_add_signed(away >> (u64::BITS - STAMP_BITS)))
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests;
#[cfg(test)]
mod tests;
