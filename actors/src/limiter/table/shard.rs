//! A part of the keys, which is under one lock.

use std::collections::VecDeque;

use mainstay_specs::{Inherit, OnFull, RateLimitConfig};

use super::slots::Slots;
use crate::limiter::method::{At, Look, Mark, Method, Worth};

/// What is looked at for each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) method: Method,
    pub(crate) limit: u32,
    /// The most that one call may cost.
    pub(crate) dearest: u32,
    pub(crate) shadow: bool,
    pub(crate) on_full: OnFull,
    /// How often keys have gone over to other methods or begun anew, from 1.
    pub(crate) version: u64,
}

impl Terms {
    pub(crate) fn of(config: &RateLimitConfig, version: u64) -> Self {
        Self {
            method: Method::of(config),
            limit: config.limit,
            dearest: config.dearest(),
            shadow: config.shadow,
            on_full: config.on_full,
            version,
        }
    }
}

/// What came of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    /// Refused by the limit, and admitted because it only looks on.
    pub(crate) shadowed: u64,
    /// By new keys that found no room, whatever became of them.
    pub(crate) crowded: u64,
    /// Idle keys that were forgotten.
    pub(crate) evicted: u64,
}

impl Counts {
    /// A call was let through that would have been refused.
    pub(crate) const fn look_on(&mut self) {
        self.admitted += 1;
        self.shadowed += 1;
    }

    pub(crate) const fn add(&mut self, other: &Self) {
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.shadowed += other.shadowed;
        self.crowded += other.crowded;
        self.evicted += other.evicted;
    }
}

/// A part of the keys. In this order: what each call writes comes first, so that it shares a line of memory with the lock.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Shard {
    /// The latest that anybody here has said it is.
    now: u64,
    pub(crate) counts: Counts,
    // What follows is only read by calls of keys that are known.
    pub(super) slots: Slots,
    pub(crate) terms: Terms,
    /// Where is looked next for keys that are idle.
    hand: usize,
    /// Grows with whatever makes the marks of a key void.
    epoch: u64,
    /// All marks of an earlier epoch are void.
    since: u64,
    /// The keys that were reset last, and the epochs that began with it: their marks of earlier ones are void.
    resets: VecDeque<(u64, u64)>,
}

/// A line of memory begins with the lock, which takes as much as a word.
const WRITTEN: usize = 8 + std::mem::offset_of!(Shard, counts) + size_of::<Counts>();
const _: () = assert!(WRITTEN <= 64, "what each call writes is on one line");

/// How many resets are told apart by their keys. Of those before the last so many, all marks in the shard are taken for void, so
/// that too little may be given back, and never too much.
const RESETS: usize = 16;

impl Shard {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            now: 0,
            counts: Counts::default(),
            slots: Slots::empty(terms.method.words()),
            terms,
            hand: 0,
            epoch: 1,
            since: 1,
            resets: VecDeque::new(),
        }
    }

    /// What time it is here: two callers may come in another order than they looked at the clock.
    #[inline]
    pub(crate) fn at(&mut self, now: u64, tag: u64) -> At {
        self.now = self.now.max(now);
        At {
            now: self.now,
            phase: tag,
        }
    }

    #[inline]
    pub(crate) fn find(&self, tag: u64) -> Option<usize> {
        self.slots.find(tag)
    }

    #[inline]
    pub(crate) fn take(&mut self, slot: usize, at: At, cost: u32) -> Result<Look, u64> {
        let method = &self.terms.method;
        method.take(self.slots.state_mut(slot), at, cost)
    }

    /// Takes from a key that is known, if the state of a key is one word that says when its bucket is full.
    #[inline(always)]
    pub(crate) fn take_narrow(&mut self, tag: u64, at: At, cost: u32) -> Option<Result<Look, u64>> {
        let bucket = self.terms.method.narrow(at.now)?;
        let word = self.slots.word(tag)?;
        Some(bucket.take_narrow(word, at, cost))
    }

    pub(crate) fn look(&self, slot: usize, at: At) -> Look {
        self.terms.method.look(self.slots.state(slot), at)
    }

    pub(crate) fn refund(&mut self, slot: usize, at: At, mark: Mark, cost: u32) {
        let method = &self.terms.method;
        method.refund(self.slots.state_mut(slot), at, mark, cost);
    }

    pub(crate) fn state(&self, slot: usize) -> &[u64] {
        self.slots.state(slot)
    }

    pub(crate) fn state_mut(&mut self, slot: usize) -> &mut [u64] {
        self.slots.state_mut(slot)
    }

    /// Makes a slot for a new key, if there is a place for it.
    pub(super) fn begin(&mut self, at: At) -> Option<usize> {
        let slot = self.slots.insert(at.phase)?;
        self.terms.method.begin(self.slots.state_mut(slot), at);
        Some(slot)
    }

    /// Looks at keys, at most so many that stay, from where was stopped the last time, and forgets up to `most` keys that are worth nothing, or no
    /// more than what they have saved up; says how many.
    pub(super) fn evict(&mut self, looked_at: usize, most: usize, savings: bool) -> usize {
        let slots = self.slots.slots();
        let (mut gone, mut passed, mut busy) = (0, 0, 0);
        while gone < most && busy < looked_at && passed < slots {
            if self.hand >= slots {
                self.hand = 0;
            }
            let taken = self.slots.tag(self.hand) != 0;
            if taken && self.is_idle(self.hand, savings) {
                // What comes after it moves here.
                self.slots.remove(self.hand);
                gone += 1;
            } else {
                self.hand += 1;
                passed += 1;
                busy += usize::from(taken);
            }
        }
        self.counts.evicted += gone as u64;
        gone
    }

    fn is_idle(&self, slot: usize, savings: bool) -> bool {
        let method = &self.terms.method;
        match method.worth(self.slots.state(slot), self.now) {
            Worth::Nothing => true,
            Worth::Savings => savings,
            Worth::Debt => false,
        }
    }

    /// Of marks that are made now.
    #[inline]
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a mark that was made in that epoch is still good.
    pub(crate) fn is_good(&self, tag: u64, epoch: u64) -> bool {
        let void = |&(of, began): &(u64, u64)| of == tag && epoch < began;
        epoch >= self.since && !self.resets.iter().any(void)
    }

    /// Forgets a key for good: what was taken of it before will not come back.
    pub(super) fn forget(&mut self, slot: usize) {
        let tag = self.slots.tag(slot);
        self.slots.remove(slot);
        self.epoch += 1;
        if self.resets.len() == RESETS
            && let Some((_, began)) = self.resets.pop_front()
        {
            self.since = began;
        }
        self.resets.push_back((tag, self.epoch));
    }

    /// The slots that there would be under other terms.
    pub(super) fn under(&self, terms: &Terms, inherit: Inherit) -> Option<Slots> {
        let same = self.terms.method == terms.method && inherit != Inherit::Reset;
        if same || self.slots.slots() == 0 {
            return None;
        }
        let was = &self.terms.method;
        let state = terms.method.words();
        Some(self.slots.with_states(state, |tag, old, new| {
            let at = At {
                now: self.now,
                phase: tag,
            };
            terms.method.inherit(new, (was, old), at, inherit);
        }))
    }

    /// Goes by other terms from now on.
    pub(super) fn set_terms(&mut self, terms: Terms, slots: Option<Slots>) {
        if self.terms.version != terms.version {
            self.epoch += 1;
            self.since = self.epoch;
            self.resets.clear();
        }
        self.terms = terms;
        if let Some(slots) = slots {
            self.slots = slots;
        } else if self.slots.slots() == 0 {
            self.slots = Slots::empty(terms.method.words());
        }
    }
}
