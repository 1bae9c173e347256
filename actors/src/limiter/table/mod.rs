//! The keys of a limiter: as many as there may be, in so many bytes.
//!
//! A key is in the shard that its digest picks, and there in the slot of its tag. All of a shard is under one lock, which is held
//! for some tens of nanoseconds; nobody who holds one waits for another, but those who decide several at once, who take them in
//! order.
//!
//! A new key needs a place among the keys that there may be, and memory. If there is none, one that is idle goes, which is no worse
//! off when it is forgotten, if there is one among the few that are looked at. Nobody else's state is ever touched for a new key.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Table`]: the shards, and the bounds over all of them |
//! | `shard.rs` | [`Shard`]: a part of the keys, and the terms they go by |
//! | `slots.rs` | the memory of a shard |
//! | `crowd.rs` | what new keys share that find no room |
//! | `tests.rs` | bounds, attacks, forgetting |

mod crowd;
mod shard;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_specs::{Inherit, RateLimitConfig};

use super::digest::Digest;
use super::method::{At, Look, Mark};
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
    crowd: Mutex<Option<Crowd>>,
    /// The shard that is looked at next for idle keys.
    hand: AtomicUsize,
    /// Whether the method has a short way; no more than a hint, as the terms of each shard say it.
    narrow: AtomicBool,
}

/// A shard on lines of memory of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Locked(Mutex<Shard>);

/// How much there is of something, and how much there may be.
#[derive(Debug)]
struct Bound {
    used: AtomicU64,
    max: AtomicU64,
}

impl Bound {
    const fn new(max: u64) -> Self {
        Self {
            used: AtomicU64::new(0),
            max: AtomicU64::new(max),
        }
    }

    fn take(&self, amount: u64) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        let more = |used: u64| used.checked_add(amount).filter(|&sum| sum <= max);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }

    fn give(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }

    fn has(&self, amount: u64) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        self.used()
            .checked_add(amount)
            .is_some_and(|sum| sum <= max)
    }

    fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// More shards than this no machine has a use for, but to keep them small.
const SHARDS_MAX: u64 = 64;

/// The keys of a shard that can be moved to other memory without holding anybody up for long, and the most shards for that.
const SHARD_KEYS_MAX: u64 = 16_384;
const SHARDS_OF_MANY_MAX: u64 = 1024;

/// How many keys of a shard are looked at for one that can go.
const LOOKED_AT: usize = 32;

/// How many keys are looked at in a sweep while a lock is held.
const SWEPT: usize = 1024;

/// And in how many shards, if there is none in that of the key.
const SHARDS_LOOKED_AT: usize = 2;

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
        let locked = |_| Locked(Mutex::new(Shard::new(terms)));
        Self {
            shards: (0..shards).map(locked).collect(),
            keys: Bound::new(u64::from(config.keys_max)),
            bytes: Bound::new(config.bytes_max),
            crowd: Mutex::default(),
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

    /// Locks a shard. A poisoned lock is taken all the same: no code of others runs under it.
    #[inline]
    pub(crate) fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        let lock = self.shards[shard].0.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of a key, made if it is not there. `None` if there is no room in this shard, nor a key that could go.
    #[inline]
    pub(crate) fn seat(&self, shard: &mut Shard, at: At) -> Option<usize> {
        match shard.find(at.phase) {
            Some(slot) => Some(slot),
            None => self.newcomer(shard, at),
        }
    }

    #[cold]
    #[inline(never)]
    fn newcomer(&self, shard: &mut Shard, at: At) -> Option<usize> {
        if !self.keys.take(1) {
            // One goes, and this one comes.
            self.evict(shard, LOOKED_AT, 1, true);
            if !self.keys.take(1) {
                return None;
            }
        }
        let seat = self.place(shard, at);
        if seat.is_none() {
            self.keys.give(1);
        }
        seat
    }

    /// Finds memory for a key that has been counted.
    fn place(&self, shard: &mut Shard, at: At) -> Option<usize> {
        if !shard.slots.has_room() {
            self.widen(shard);
        }
        let far = shard.slots.far_bytes() as u64;
        if !self.bytes.take(far) {
            self.evict(shard, LOOKED_AT, 1, true);
            if !self.bytes.take(far) {
                return None;
            }
        }
        let mut seat = None;
        if shard.slots.has_room() || self.evict(shard, LOOKED_AT, 1, true) > 0 {
            seat = shard.begin(at);
            // The place may be missing though there is room, close to the end: too many have their homes there.
            if seat.is_none() && self.resize(shard, shard.slots.next()) {
                seat = shard.begin(at);
            }
        }
        if seat.is_none() {
            self.bytes.give(far);
        }
        seat
    }

    /// Makes room in a shard: by forgetting what is worth nothing, and if that is not much, with more memory. Either lasts for a
    /// quarter as many keys as there are, so that it costs each of them little; where there is no more memory, nothing is done.
    fn widen(&self, shard: &mut Shard) {
        let larger = shard.slots.larger();
        if !self.bytes.has(shard.slots.slot_bytes(larger) as u64) {
            return;
        }
        let (slots, len) = (shard.slots.slots(), shard.slots.len());
        let gone = self.evict(shard, slots, usize::MAX, false);
        if gone <= len / 4 {
            self.resize(shard, larger);
        }
    }

    /// Moves a shard's keys to memory of another size, if the bound allows both for a moment.
    fn resize(&self, shard: &mut Shard, capacity: usize) -> bool {
        let (was, next) = (
            shard.slots.bytes() as u64,
            shard.slots.slot_bytes(capacity) as u64,
        );
        if !self.bytes.take(next) {
            return false;
        }
        let far = shard.slots.len() as u64 * shard.slots.far_bytes() as u64;
        match shard.slots.resized(capacity) {
            Some(slots) => {
                shard.slots = slots;
                self.bytes.give(was - far);
                true
            }
            None => {
                self.bytes.give(next);
                false
            }
        }
    }

    fn evict(&self, shard: &mut Shard, looked_at: usize, most: usize, savings: bool) -> usize {
        let gone = shard.evict(looked_at, most, savings);
        self.keys.give(gone as u64);
        self.bytes
            .give(gone as u64 * shard.slots.far_bytes() as u64);
        gone
    }

    /// Lets a key go that is idle, in any shard but that one; says whether there was one among those that were looked at. No
    /// shard may be locked by the caller.
    #[cold]
    pub(crate) fn make_room(&self, now: u64, but: usize) -> bool {
        for _ in 0..SHARDS_LOOKED_AT.min(self.shards.len()) {
            let number = self.hand.fetch_add(1, Ordering::Relaxed) % self.shards.len();
            if number == but {
                continue;
            }
            let mut shard = self.lock(number);
            shard.at(now, 0);
            if self.evict(&mut shard, LOOKED_AT, 1, true) > 0 {
                return true;
            }
        }
        false
    }

    /// Whether the next new key will need another to go.
    pub(crate) fn is_full(&self) -> bool {
        !self.keys.has(1)
    }

    fn crowd(&self) -> MutexGuard<'_, Option<Crowd>> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes from what new keys share that find no room; says of which version that is.
    pub(crate) fn take_of_crowd(
        &self,
        terms: &Terms,
        now: u64,
        cost: u32,
    ) -> Result<(Look, u64), Crowded> {
        let mut crowd = self.crowd();
        let crowd = crowd.get_or_insert_with(|| Crowd::new(*terms, now));
        crowd.take(now, cost)
    }

    /// Gives back what was taken from what new keys share.
    pub(crate) fn refund_crowd(&self, now: u64, version: u64, mark: Mark, cost: u32) {
        if let Some(crowd) = &mut *self.crowd() {
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

    /// Forgets all keys of a shard that are worth nothing, and gives memory back that is not needed. Says how many have gone. Lets
    /// others have the lock now and then.
    pub(crate) fn sweep(&self, number: usize, now: u64) -> usize {
        let (mut looked_at, mut gone) = (0, 0);
        loop {
            let mut shard = self.lock(number);
            shard.at(now, 0);
            if looked_at >= shard.slots.slots() {
                break;
            }
            gone += self.evict(&mut shard, SWEPT, usize::MAX, false);
            looked_at += SWEPT;
        }
        let mut shard = self.lock(number);
        if shard.slots.is_sparse() {
            let capacity = shard.slots.larger();
            self.resize(&mut shard, capacity);
        }
        gone
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
        self.keys
            .max
            .store(u64::from(config.keys_max), Ordering::Relaxed);
        self.bytes.max.store(config.bytes_max, Ordering::Relaxed);
        for number in shards {
            let mut shard = self.lock(number);
            shard.at(now, 0);
            let was = shard.slots.bytes() as u64;
            let slots = shard.under(&terms, inherit);
            shard.set_terms(terms, slots);
            self.bytes.give(was);
            // What has come since it was measured may be too much by as much.
            let grown = shard.slots.bytes() as u64;
            self.bytes.used.fetch_add(grown, Ordering::Relaxed);
        }
        let narrow = terms.method.narrow(0).is_some();
        self.narrow.store(narrow, Ordering::Relaxed);
        // Last: until now, it may have been made under the old terms.
        if let Some(crowd) = &mut *self.crowd() {
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
