//! Room for new keys: memory, and who goes when there is none.

use std::sync::atomic::Ordering;

use super::{Shard, Table};
use crate::limiter::method::At;

/// How many keys of a shard are looked at for one that can go.
const LOOKED_AT: usize = 32;

/// How many keys are looked at in a sweep while a lock is held.
const SWEPT: usize = 1024;

/// And in how many shards, if there is none in that of the key.
const SHARDS_LOOKED_AT: usize = 2;

impl Table {
    #[cold]
    #[inline(never)]
    pub(super) fn newcomer(&self, shard: &mut Shard, at: At) -> Option<usize> {
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
}
