//! The keys of a limiter: as many as there may be, in so many bytes.
//!
//! A key is in the shard that its digest picks, and there in the slot of its tag. All of a shard is under one lock, which is held
//! for some tens of nanoseconds; nobody who holds one waits for another, but those who decide several at once, who take them in
//! order. What each call writes lies on one line of memory with the lock, beside the state of the key itself: so two threads hand
//! each other two lines at most.
//!
//! A new key needs a place among the keys that there may be, and memory. If there is none, one that is idle goes, which is no worse
//! off when it is forgotten, if there is one among the few that are looked at. Nobody else's state is ever touched for a new key.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Table`]: the shards, and the bounds over all of them |
//! | `bound.rs` | [`Bound`]: how much there may be of something |
//! | `room.rs` | room for new keys, and who goes when there is none |
//! | `shard.rs` | [`Shard`]: a part of the keys, and the terms they go by |
//! | `slots/` | the memory of a shard |
//! | `crowd.rs` | what new keys share that find no room |
//! | `tests.rs` | bounds, attacks, forgetting |

mod bound;
mod crowd;
mod room;
mod shard;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mainstay_specs::{Inherit, RateLimitConfig};

use super::digest::Digest;
use super::method::{At, Look, Mark};
pub(crate) use crate::lock::Guard;
use crate::lock::Lock;
use bound::Bound;
use crowd::Crowd;
pub(crate) use crowd::Crowded;
pub(crate) use shard::{Counts, Shard, Terms};

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    shards: Box<[Locked]>,
    keys: Bound,
    bytes: Bound,
    /// Made when it is needed. The last lock that is taken.
    crowd: Lock<Option<Crowd>>,
    /// The shard that is looked at next for idle keys.
    hand: AtomicUsize,
    /// Whether the method has a short way; no more than a hint, as the terms of each shard say it.
    narrow: AtomicBool,
}

/// A shard on lines of memory of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Locked(Lock<Shard>);

/// More shards than this no machine has a use for, but to keep them small.
const SHARDS_MAX: u64 = 64;

/// The keys of a shard that can be moved to other memory without holding anybody up for long, and the most shards for that.
const SHARD_KEYS_MAX: u64 = 16_384;
const SHARDS_OF_MANY_MAX: u64 = 1024;

/// The keys for which a shard of its own is worth while, and their bytes.
const SHARD_KEYS: u64 = 64;
const SHARD_BYTES: u64 = 64 * 1024;

impl Table {
    pub(crate) fn new(config: &RateLimitConfig, terms: Terms) -> Self {
        let keys = u64::from(config.keys_max) / SHARD_KEYS;
        let worth_while = keys.min(config.bytes_max / SHARD_BYTES);
        let many = u64::from(config.keys_max) / SHARD_KEYS_MAX;
        let most = many.clamp(SHARDS_MAX, SHARDS_OF_MANY_MAX);
        let shards = worth_while.clamp(1, most);
        // The largest power of two that is no more.
        let shards = 1_u64 << shards.ilog2();
        let locked = |_| Locked(Lock::new(Shard::new(terms)));
        Self {
            shards: (0..shards).map(locked).collect(),
            keys: Bound::new(u64::from(config.keys_max)),
            bytes: Bound::new(config.bytes_max),
            crowd: Lock::new(None),
            hand: AtomicUsize::new(0),
            narrow: AtomicBool::new(terms.method.narrow(0).is_some()),
        }
    }

    /// The number of the shard that a key is in.
    #[inline]
    pub(crate) fn shard_of(&self, digest: Digest) -> usize {
        ((u128::from(digest.place) * self.shards.len() as u128) >> 64) as usize
    }

    /// Whether it makes sense to try the short way.
    #[inline]
    pub(crate) fn may_be_fast(&self) -> bool {
        self.narrow.load(Ordering::Relaxed)
    }

    /// Locks a shard.
    #[inline]
    pub(crate) fn lock(&self, shard: usize) -> Guard<'_, Shard> {
        self.shards[shard].0.lock()
    }

    /// The slot of a key, made if it is not there. `None` if there is no room in this shard, nor a key that could go.
    #[inline]
    pub(crate) fn seat(&self, shard: &mut Shard, at: At) -> Option<usize> {
        match shard.find(at.phase) {
            Some(slot) => Some(slot),
            None => self.newcomer(shard, at),
        }
    }

    /// Whether the next new key will need another to go.
    pub(crate) fn is_full(&self) -> bool {
        !self.keys.has(1)
    }

    /// Takes from what new keys share that find no room; says of which version that is.
    pub(crate) fn take_of_crowd(
        &self,
        terms: &Terms,
        now: u64,
        cost: u32,
    ) -> Result<(Look, u64), Crowded> {
        let mut crowd = self.crowd.lock();
        let crowd = crowd.get_or_insert_with(|| Crowd::new(*terms, now));
        crowd.take(now, cost)
    }

    /// Gives back what was taken from what new keys share.
    pub(crate) fn refund_crowd(&self, now: u64, version: u64, mark: Mark, cost: u32) {
        if let Some(crowd) = &mut *self.crowd.lock() {
            crowd.refund(now, version, mark, cost);
        }
    }

    /// Whether a key has a slot.
    pub(crate) fn knows(&self, digest: Digest) -> bool {
        let shard = self.lock(self.shard_of(digest));
        shard.find(digest.tag).is_some()
    }

    /// Forgets a key.
    pub(crate) fn forget(&self, digest: Digest) {
        let mut shard = self.lock(self.shard_of(digest));
        if let Some(slot) = shard.find(digest.tag) {
            shard.forget(slot);
            self.keys.give(1);
            self.bytes.give(shard.slots.far_bytes() as u64);
        }
    }

    /// Goes by other terms, and other bounds; what keys take over is said by `inherit`. If there are more keys than there may
    /// be now, none is forgotten that is not idle, and no new one comes.
    ///
    /// # Errors
    ///
    /// How many bytes the keys would take, if that is more than they may. Nothing has changed then.
    pub(crate) fn change(
        &self,
        config: &RateLimitConfig,
        terms: Terms,
        now: u64,
        inherit: Inherit,
    ) -> Result<(), u64> {
        let shards = 0..self.shards.len();
        let words = terms.method.words();
        let needed = |number| self.lock(number).slots.bytes_with(words) as u64;
        let needed: u64 = shards.clone().map(needed).sum();
        if needed > config.bytes_max {
            return Err(needed);
        }
        self.keys.set_max(u64::from(config.keys_max));
        self.bytes.set_max(config.bytes_max);
        for number in shards {
            let mut shard = self.lock(number);
            shard.at(now, 0);
            let was = shard.slots.bytes() as u64;
            let slots = shard.under(&terms, inherit);
            shard.set_terms(terms, slots);
            self.bytes.give(was);
            // What has come since it was measured may be too much by as much.
            self.bytes.add(shard.slots.bytes() as u64);
        }
        let narrow = terms.method.narrow(0).is_some();
        self.narrow.store(narrow, Ordering::Relaxed);
        // Last: until now, it may have been made under the old terms.
        if let Some(crowd) = &mut *self.crowd.lock() {
            crowd.change(terms, now, inherit);
        }
        Ok(())
    }

    /// The number of shards.
    pub(crate) fn shards(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn keys(&self) -> u64 {
        self.keys.used()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.used()
    }

    /// What came of calls, in all shards.
    pub(crate) fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for number in 0..self.shards.len() {
            sum.add(&self.lock(number).counts);
        }
        sum
    }
}
