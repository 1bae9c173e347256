//! Whether those who wait, wait for each other.

use std::hash::{Hash, Hasher};
use std::panic::Location;

use rustc_hash::FxHasher;

use super::report::Refusal;
use super::slot::{Kind, NO_KEY, Seat, Who};
use super::{Core, Phase};

/// What is told of those who wait for themselves: each place in the code no more than once within [`AGAIN`], as it may be that many
/// wait there at a time, who get what they wait for a moment later.
#[derive(Debug)]
pub(super) struct Deadlocks<B> {
    /// Of these the keeper is to be told.
    to_tell: Option<Who<B>>,
    /// The places that were told of not long ago, and when: so many at most.
    told: Vec<(&'static Location<'static>, u64)>,
}

/// How long a place is not told of again, in nanoseconds.
const AGAIN: u64 = 1_000_000_000;

/// How many places are told of within that time.
const PLACES_MAX: usize = 16;

impl<B> Deadlocks<B> {
    pub(super) const fn new() -> Self {
        Self {
            to_tell: None,
            told: Vec::new(),
        }
    }

    /// Whether the keeper is to be called for it.
    fn note(&mut self, now: u64, who: Who<B>) -> bool {
        self.told.retain(|&(_, at)| now.saturating_sub(at) < AGAIN);
        let is_told = self.told.iter().any(|&(place, _)| place == who.at);
        if is_told || self.told.len() >= PLACES_MAX || self.to_tell.is_some() {
            return false;
        }
        self.told.push((who.at, now));
        self.to_tell = Some(who);
        true
    }

    /// What the keeper is to be told.
    pub(super) const fn take(&mut self) -> Option<Who<B>> {
        self.to_tell.take()
    }
}

/// How many leases borrowers have, of which some are counted together. Whoever has none, as most have who come to wait, is found out without
/// a look at all places. There are many groups, so that borrowers on several processors mostly write to different lines of memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held(Box<[u8; GROUPS]>);

const GROUPS: usize = 4096;

/// So many, or more: it is not known how many, and stays so. Then it has to be looked at the places.
const MANY: u8 = u8::MAX;

impl Held {
    pub(super) fn none() -> Self {
        Self(Box::new([0; GROUPS]))
    }

    #[inline]
    fn group<B: Hash>(&mut self, borrower: B) -> &mut u8 {
        let mut hasher = FxHasher::default();
        borrower.hash(&mut hasher);
        &mut self.0[hasher.finish() as usize % GROUPS]
    }

    /// Whether a borrower may have a lease: if not, it has none.
    pub(super) fn may_have<B: Hash>(&mut self, borrower: B) -> bool {
        *self.group(borrower) > 0
    }

    #[inline]
    pub(super) fn add<B: Hash>(&mut self, borrower: B) {
        let group = self.group(borrower);
        *group = group.saturating_add(1);
    }

    #[inline]
    fn remove<B: Hash>(&mut self, borrower: B) {
        let group = self.group(borrower);
        if *group != MANY {
            *group -= 1;
        }
    }
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// Nobody has a place any more. Who had it, if that is known.
    #[inline]
    pub(super) fn let_go(&mut self, number: u32) -> Option<B> {
        let slot = &mut self.slots[number as usize];
        if slot.key != NO_KEY {
            let key = std::mem::replace(&mut slot.key, NO_KEY);
            let seat = Seat::new(number, slot.epoch);
            self.line.revoke(key, seat);
        }
        let borrower = self.slots[number as usize].who.take()?.borrower?;
        self.held.remove(borrower);
        Some(borrower)
    }

    /// Counts one who is about to wait for itself, or in a ring, and tells of it; and refuses it, where it is to be.
    pub(super) fn mind_deadlock(&mut self, now: u64, who: Who<B>) -> Result<(), Refusal> {
        let Some(borrower) = who.borrower else {
            return Ok(());
        };
        if !self.is_deadlock(borrower) {
            return Ok(());
        }
        self.counts.deadlocks += 1;
        self.call |= self.deadlocks.note(now, who);
        match self.terms.refuse_deadlock {
            true => Err(Refusal::SelfDeadlock),
            false => Ok(()),
        }
    }

    /// Whether every place is lent to somebody who waits, once this one does. A ring is closed by one who has something: whoever
    /// has nothing is let through at a glance.
    fn is_deadlock(&mut self, borrower: B) -> bool {
        if self.phase != Phase::Open || self.count(Kind::Leased) < self.terms.max {
            return false;
        }
        if !self.held.may_have(borrower) {
            return false;
        }
        let mut slots = self.slots.iter();
        let has_one = slots.any(|slot| holds(slot.who, borrower));
        let mut slots = self.slots.iter();
        has_one && slots.all(|slot| self.is_stuck(slot.who, borrower))
    }

    /// Whether whoever has this place waits.
    fn is_stuck(&self, holder: Option<Who<B>>, borrower: B) -> bool {
        let Some(holder) = holder else {
            // Nobody has it.
            return true;
        };
        if holds(Some(holder), borrower) {
            return true;
        }
        holder.borrower.is_some_and(|holder| {
            let mut waiting = self.line.iter();
            waiting.any(|(_, wait)| holds(Some(wait.who), holder))
        })
    }
}

fn holds<B: Copy + Eq>(who: Option<Who<B>>, borrower: B) -> bool {
    who.and_then(|who| who.borrower) == Some(borrower)
}
