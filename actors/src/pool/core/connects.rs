//! Attempts to connect: no more than are needed, no more at a time than may be, and fewer after a failure.

use std::hash::Hash;

use super::report::Refusal;
use super::slot::{Kind, Seat, Slot};
use super::terms::NEVER;
use super::{Core, Phase, Wait, Wakes};
use crate::pool::error::ConnectError;

/// How attempts to connect have gone.
#[derive(Debug)]
pub(super) struct Connects {
    /// How many have failed in a row.
    pub(super) failures: u32,
    /// How many there may be at a time: one after a failure, and twice as many after each success.
    pub(super) allowed: u32,
    /// None is begun before then.
    pub(super) not_before: u64,
    /// None is begun before then whatever has become of the last one, as somebody has said so.
    held_until: u64,
    pub(super) last_error: Option<ConnectError>,
    /// The same, also after one has succeeded: somebody may have yet to be told. So the other is never the last to hold an error, which
    /// is not ours to drop under the lock.
    told: Option<ConnectError>,
    /// How long one usually takes.
    usual: u64,
    /// What was connected with options of another generation is closed.
    pub(super) generation: u64,
}

/// The shortest pause after an attempt that was not made, in nanoseconds: without one the next would follow at once.
const PAUSE_MIN: u64 = 1_000_000;

/// An attempt to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) seat: Seat,
    began: u64,
    generation: u64,
}

impl Connects {
    pub(super) const fn new(allowed: u32) -> Self {
        Self {
            failures: 0,
            allowed,
            not_before: 0,
            held_until: 0,
            last_error: None,
            told: None,
            usual: 0,
            generation: 0,
        }
    }

    pub(super) const fn is_held(&self, now: u64) -> bool {
        now < self.held_until
    }

    /// The mean of the last ones, of which each counts for an eighth.
    fn learn(&mut self, took: u64) {
        self.usual = match self.usual {
            0 => took,
            usual => usual - usual / 8 + took / 8,
        };
    }
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// The right to make an attempt to connect now, if one is needed and may be made.
    pub(crate) fn start_connect(&mut self, now: u64) -> Option<Attempt> {
        if self.connects_wanted(now) == 0 {
            return None;
        }
        let number = self.free_slot();
        let slot = &mut self.slots[number as usize];
        slot.epoch = slot.epoch.wrapping_add(1);
        slot.since = now;
        let seat = Seat::new(number, slot.epoch);
        self.turn(number, Kind::Connecting);
        Some(Attempt {
            seat,
            began: now,
            generation: self.connects.generation,
        })
    }

    fn free_slot(&mut self) -> u32 {
        if let Some(number) = self.free.pop() {
            return number;
        }
        self.slots.push(Slot {
            epoch: self.epoch,
            ..Slot::free()
        });
        self.kinds[Kind::Free as usize] += 1;
        self.slots.len() as u32 - 1
    }

    /// How many attempts there should be now, beside those there are.
    pub(super) fn connects_wanted(&self, now: u64) -> u32 {
        match now < self.connects.not_before {
            true => 0,
            false => self.connects_needed(now),
        }
    }

    /// The same, but for having to wait.
    fn connects_needed(&self, now: u64) -> u32 {
        let connecting = self.count(Kind::Connecting);
        let most = self.connects_possible();
        if most == 0 || self.phase == Phase::Closed {
            return 0;
        }
        let short = self.terms.min.saturating_sub(self.usable());
        let mending = self.count(Kind::Mending);
        let waiting = self.worth_connecting_for(now, connecting + most + mending);
        let patient = self.patient(now).take(mending.min(waiting) as usize);
        let waiting = waiting - patient.count() as u32;
        short.max(waiting).saturating_sub(connecting).min(most)
    }

    /// For how many more there is room.
    fn connects_possible(&self) -> u32 {
        let room = self.terms.max.saturating_sub(self.live());
        let connecting = self.count(Kind::Connecting);
        room.min(self.connects.allowed.saturating_sub(connecting))
    }

    /// Of those who are worth a connection, those who have not waited for as long as it usually takes to make one, each since when. While
    /// one is pinged or reset, which mostly takes less, one of them does not have another made. If that hangs, it has waited for twice as
    /// long as it had to.
    fn patient(&self, now: u64) -> impl Iterator<Item = u64> {
        let usual = self.connects.usual;
        let entered = self.worth_connecting(now).map(|wait| wait.entered);
        entered.filter(move |entered| now.saturating_sub(*entered) < usual)
    }

    /// How many of those who wait, counted up to so many, have enough time left for a connection to be made: as much as that usually
    /// takes, or half of what they came with. A connection that comes too late for its reason still joins the pool, so that the
    /// impatient are not left without any for ever; but those who are about to give up do not start any more.
    pub(super) fn worth_connecting_for(&self, now: u64, most: u32) -> u32 {
        if self.phase != Phase::Open {
            return 0;
        }
        self.worth_connecting(now).take(most as usize).count() as u32
    }

    fn worth_connecting(&self, now: u64) -> impl Iterator<Item = &Wait<B>> {
        let usual = self.connects.usual;
        self.line.iter().map(|(_, wait)| wait).filter(move |wait| {
            let half = wait.deadline.saturating_sub(wait.entered) / 2;
            wait.deadline.saturating_sub(now) >= usual.min(half)
        })
    }

    /// Whether one more could have a connection of its own made for it now, or one that nobody has and that is just being pinged or reset.
    pub(super) fn has_room_for_another(&self, now: u64) -> bool {
        let room = self.terms.max.saturating_sub(self.live());
        let made = match now >= self.connects.not_before {
            true => room + self.count(Kind::Connecting),
            false => 0,
        };
        let coming = made + self.count(Kind::Mending);
        self.phase == Phase::Open && self.line.len() < coming
    }

    /// Has the keeper called if an attempt is to be made, now or later.
    pub(super) fn look_for_connects(&mut self, now: u64) {
        if self.connects_needed(now) == 0 {
            self.need(self.end_of_patience(now));
        } else if now < self.connects.not_before {
            self.need(self.connects.not_before);
        } else {
            self.call = true;
        }
    }

    /// Why the last attempt that has failed did.
    pub(crate) fn last_failure(&self) -> Option<ConnectError> {
        self.connects.told.clone()
    }

    /// When the next attempt is to be made, if it has to be waited for.
    pub(super) fn next_connect(&self, now: u64) -> u64 {
        match now < self.connects.not_before && self.connects_needed(now) > 0 {
            true => self.connects.not_before,
            false => self.end_of_patience(now),
        }
    }

    /// When one more may need a connection made for it, as what it waits for has not come.
    fn end_of_patience(&self, now: u64) -> u64 {
        let mending = self.count(Kind::Mending);
        if self.phase != Phase::Open || mending == 0 || self.connects_possible() == 0 {
            return NEVER;
        }
        let first = self.patient(now).next();
        first.map_or(NEVER, |entered| entered.saturating_add(self.connects.usual))
    }

    /// An attempt has succeeded; `chance` is a random number from 0 to 1. The connection joins the pool, whoever wanted it.
    pub(crate) fn connected(
        &mut self,
        now: u64,
        attempt: Attempt,
        conn: C,
        chance: f64,
        wakes: &mut Wakes,
    ) {
        let connects = &mut self.connects;
        connects.learn(now.saturating_sub(attempt.began));
        connects.failures = 0;
        connects.last_error = None;
        let allowed = connects.allowed.saturating_mul(2);
        connects.allowed = allowed.min(self.terms.connects_max);
        if !connects.is_held(now) {
            connects.not_before = 0;
        }
        let is_old = attempt.generation != connects.generation;
        self.counts.opened += 1;
        let dies = if is_old {
            now
        } else {
            self.end_of(now, chance)
        };
        let number = attempt.seat.number();
        let slot = &mut self.slots[number as usize];
        (slot.since, slot.tried) = (now, now);
        slot.dies = dies;
        self.agendas.ages.plan(number, dies);
        self.supply(now, number, conn, wakes);
        if self.usable() == self.terms.min.saturating_add(1) {
            // Until now none of those that are idle was one too many.
            let oldest = self.idle.front();
            self.need(oldest.map_or(NEVER, |&number| self.idle_out(number)));
        }
        self.look_for_connects(now);
    }

    /// When a connection that is made now has reached its age.
    fn end_of(&self, now: u64, chance: f64) -> u64 {
        if self.terms.lifetime == NEVER {
            return NEVER;
        }
        let lost = self.terms.lifetime as f64 * self.terms.lifetime_jitter * chance.clamp(0.0, 1.0);
        let life = self.terms.lifetime.saturating_sub(lost as u64);
        now.saturating_add(life)
    }

    /// An attempt has failed, as the last so many did; `chance` is a random number from 0 to 1. The error that comes out is that of the
    /// one before, to be dropped without any lock.
    pub(crate) fn connect_failed(
        &mut self,
        now: u64,
        attempt: Attempt,
        error: ConnectError,
        chance: f64,
        wakes: &mut Wakes,
    ) -> (u32, Option<ConnectError>) {
        let connects = &mut self.connects;
        connects.failures = connects.failures.saturating_add(1);
        connects.allowed = 1;
        let pause = self.terms.backoff.delay(connects.failures, chance);
        let again = now.saturating_add(super::nanos(pause));
        connects.not_before = connects.held_until.max(again);
        connects.last_error = Some(error.clone());
        let stale = connects.told.replace(error);
        self.counts.failed += 1;
        self.empty(attempt.seat.number());
        // Whoever has others to wait for, who will give theirs back, is not sent away: it may be that there are just no more to be had.
        if self.connects.failures > self.terms.retries && self.usable() == 0 {
            self.send_all_away(Refusal::Connect, wakes);
        }
        self.look_for_connects(now);
        (self.connects.failures, stale)
    }

    /// An attempt was not made after all, and counts neither way. The next one is made after the shortest pause.
    pub(crate) fn postpone(&mut self, now: u64, attempt: Attempt) {
        let pause = super::nanos(self.terms.backoff.min).max(PAUSE_MIN);
        let connects = &mut self.connects;
        connects.not_before = connects.not_before.max(now.saturating_add(pause));
        self.withdraw(now, attempt);
    }

    /// An attempt was not made after all: it counts neither way.
    pub(crate) fn withdraw(&mut self, now: u64, attempt: Attempt) {
        self.empty(attempt.seat.number());
        self.look_for_connects(now);
    }

    /// No attempt is made before then. If there is nothing else to wait for, those who wait are sent away.
    pub(crate) fn hold_connects(&mut self, now: u64, until: u64, wakes: &mut Wakes) {
        self.connects.held_until = until;
        self.connects.not_before = self.connects.not_before.max(until);
        self.mind_hold(now, wakes);
        self.call = true;
    }

    /// Attempts may be made again, at once.
    pub(crate) fn release_connects(&mut self, now: u64) {
        self.connects.held_until = 0;
        self.connects.not_before = 0;
        self.look_for_connects(now);
    }

    pub(super) fn mind_hold(&mut self, now: u64, wakes: &mut Wakes) {
        if self.connects.is_held(now) && self.usable() == 0 {
            let until = self.connects.not_before;
            self.send_all_away(Refusal::Held { until }, wakes);
        }
    }
}
