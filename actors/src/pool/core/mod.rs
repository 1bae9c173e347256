//! Every decision of a pool, without a clock, tasks or chance: who gets a connection, who waits, and what is to be done for it.
//!
//! What it decides on somebody else carries out: the keeper takes what is to be connected, closed and mended, and comes back with
//! what became of it. Whoever holds something of the pool holds a [`Seat`]: a lease, an attempt to connect, a connection that is
//! closed or mended. A seat is given back once; what is given back on one that was taken away is closed, and counts for nothing.
//!
//! At every moment idle + leased + connecting + mending + closing = live ≤ max, or what max was before it was lowered. Nobody waits
//! while a connection is idle, unless the pool is suspended.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Core`]: lending and giving back |
//! | `terms.rs` | the configuration, in nanoseconds |
//! | `slot.rs` | the places for connections |
//! | `line.rs` | those who wait |
//! | `grants.rs` | what those who wait are granted, until they take it |
//! | `wait.rs` | getting into the line, and out of it |
//! | `waits.rs` | how long they have waited |
//! | `codel.rs` | whether they wait for too long |
//! | `deadlock.rs` | whether they wait for each other |
//! | `connects.rs` | attempts to connect: how many, when, and what became of them |
//! | `mend.rs` | what comes back dirty, and what is closed |
//! | `upkeep.rs` | what becomes due |
//! | `agenda.rs` | when: so that only what is due is looked at |
//! | `change.rs` | another size, eviction, suspension, the end |
//! | `report.rs` | what it tells |

mod agenda;
mod change;
mod codel;
mod connects;
mod deadlock;
mod grants;
mod line;
mod mend;
mod report;
mod slot;
mod terms;
mod upkeep;
mod wait;
mod waits;

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;
use std::task::Waker;

use codel::CoDel;
use connects::Connects;
use deadlock::{Deadlocks, Held};
use line::Line;
use slot::{KINDS, Kind, NO_KEY, Slot};

use super::manager::Condition;

pub(crate) use connects::Attempt;
pub(crate) use grants::Grants;
pub(crate) use line::{Key, Wait};
pub(crate) use mend::{Close, Mend, Remedy};
pub(crate) use report::{Counts, Holder, Refusal, Situation};
pub(crate) use slot::{Given, Seat, Who};
pub(crate) use terms::{NEVER, Terms, nanos};
use upkeep::Agendas;
pub(crate) use upkeep::Notices;
pub(crate) use waits::Waits;

/// The state of a pool of connections `C` that are lent to borrowers `B`.
///
/// In this order: what changes whenever a connection goes from one borrower to the next lies together, beside the lock, as it goes from
/// processor to processor with it; what is only read after it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Core<C, B> {
    line: Line<C, B>,
    /// When the keeper will look without being called.
    armed: u64,
    phase: Phase,
    /// The keeper is there.
    attended: bool,
    /// The keeper is to be called.
    call: bool,
    kinds: [u32; KINDS],
    slots: Vec<Slot<C, B>>,
    held: Held,
    /// The numbers of the idle ones, sorted by how long they have been: the last one was used last and is lent first.
    idle: VecDeque<u32>,
    pub(crate) terms: Terms,
    /// But for what is counted at the places.
    counts: Counts,
    codel: Option<CoDel>,
    connects: Connects,
    free: Vec<u32>,
    /// No epoch of a place that was given up is higher.
    epoch: u32,
    /// When leases of a pool that was closed are taken away.
    revoke_at: u64,
    to_close: Vec<Close<C>>,
    to_mend: Vec<Mend<C>>,
    /// How many are pinged to be kept alive.
    pings: u32,
    agendas: Agendas,
    deadlocks: Deadlocks<B>,
    /// The lease that had lasted for longest when it was last asked for.
    longest: Option<Seat>,
    /// How many revoked leases have not come back.
    strays: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Nothing is lent.
    Suspended,
    /// For ever.
    Closed,
}

/// Those who are to be woken once the lock is free: mostly one, which takes no memory.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakes {
    fn add(&mut self, waker: Option<Waker>) {
        match waker {
            Some(waker) if self.first.is_some() => self.others.push(waker),
            Some(waker) => self.first = Some(waker),
            None => {}
        }
    }

    /// Without any lock: what a waker does is not ours. They are taken from where they are: to read what was written in parts as a whole
    /// would be to wait for all that was written before.
    #[inline]
    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.first.take() {
            waker.wake();
            self.others.drain(..).for_each(Waker::wake);
        }
    }
}

/// What came of asking for a connection.
#[derive(Debug)]
pub(crate) enum Answer<C> {
    Given(Given<C>),
    /// It was idle for so long that it has to be pinged before it is used.
    Unproven(Given<C>),
    Waiting(Key),
    Refused(Refusal),
}

/// What came of giving one back.
#[derive(Debug)]
pub(crate) struct Returned<B> {
    pub(crate) borrower: Option<B>,
    /// It had been taken away before.
    pub(crate) revoked: bool,
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    pub(crate) fn new(terms: Terms) -> Self {
        let mut core = Self {
            terms,
            slots: Vec::new(),
            free: Vec::new(),
            epoch: 0,
            idle: VecDeque::new(),
            kinds: [0; KINDS],
            line: Line::new(),
            codel: terms.codel.map(CoDel::new),
            phase: Phase::Open,
            revoke_at: NEVER,
            connects: Connects::new(terms.connects_max),
            to_close: Vec::new(),
            to_mend: Vec::new(),
            pings: 0,
            agendas: Agendas::default(),
            deadlocks: Deadlocks::new(),
            held: Held::none(),
            longest: None,
            strays: 0,
            counts: Counts::default(),
            attended: false,
            armed: NEVER,
            call: false,
        };
        core.call = core.terms.min > 0;
        core
    }

    /// A connection, a place in the line, or a refusal. With no patience it is a new connection at most that is waited for, where
    /// there is room for it.
    #[inline]
    pub(crate) fn checkout(
        &mut self,
        now: u64,
        patience: u64,
        who: Who<B>,
        waker: &Waker,
    ) -> Answer<C> {
        match self.lend_idle(now, who) {
            Some(answer) => answer,
            None => self.enter(now, patience, who, waker),
        }
    }

    /// Lends the one that was used last, if nobody waits for one.
    #[inline]
    fn lend_idle(&mut self, now: u64, who: Who<B>) -> Option<Answer<C>> {
        if self.line.len() > 0 || self.phase != Phase::Open {
            return None;
        }
        loop {
            let number = self.idle.pop_back()?;
            let slot = &mut self.slots[number as usize];
            let Some(conn) = slot.conn.take() else {
                continue;
            };
            if slot.dies <= now {
                self.counts.aged += 1;
                self.close_slot(number, conn);
                continue;
            }
            slot.epoch = slot.epoch.wrapping_add(1);
            let given = Given {
                conn,
                seat: Seat::new(number, slot.epoch),
            };
            let is_proven = self.is_proven(now, number);
            self.lease(now, number, who);
            self.take(number);
            return Some(match is_proven {
                true => Answer::Given(given),
                false => Answer::Unproven(given),
            });
        }
    }

    /// Whether it was known to work not long ago.
    #[inline]
    fn is_proven(&self, now: u64, number: u32) -> bool {
        let tried = self.slots[number as usize].tried;
        now.saturating_sub(tried) < self.terms.validate_after
    }

    /// Notes who has a place from now on.
    #[inline]
    fn lease(&mut self, now: u64, number: u32, who: Who<B>) {
        let slot = &mut self.slots[number as usize];
        slot.since = now;
        slot.who = Some(who);
        if let Some(borrower) = who.borrower {
            self.held.add(borrower);
        }
        (slot.warned, slot.taken) = (false, false);
        self.turn(number, Kind::Leased);
        self.mind_lease(now, number);
    }

    /// Whoever a place is leased to has it now.
    #[inline]
    fn take(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        slot.taken = true;
        slot.tally.lent += 1;
    }

    /// Takes a connection back.
    #[inline]
    pub(crate) fn put(
        &mut self,
        now: u64,
        seat: Seat,
        conn: C,
        condition: Condition,
        wakes: &mut Wakes,
    ) -> Returned<B> {
        if !self.is_at(seat, Kind::Leased) {
            return self.put_stray(conn);
        }
        let slot = &mut self.slots[seat.number() as usize];
        if slot.key != NO_KEY {
            // There is a lease, and so it was taken.
            let key = std::mem::replace(&mut slot.key, NO_KEY);
            slot.tally.took_after(slot.waited);
            self.line.vacate(key);
        }
        let borrower = self.let_go(seat.number());
        match condition {
            Condition::Clean => {
                // It has just been used.
                let slot = &mut self.slots[seat.number() as usize];
                (slot.since, slot.tried) = (now, now);
                self.supply(now, seat.number(), conn, wakes);
            }
            Condition::Dirty => self.mend_slot(seat.number(), conn, Remedy::Reset),
            Condition::Broken => {
                self.counts.broken += 1;
                self.close_slot(seat.number(), conn);
            }
        }
        Returned {
            borrower,
            revoked: false,
        }
    }

    #[cold]
    pub(super) fn put_stray(&mut self, conn: C) -> Returned<B> {
        self.strays = self.strays.saturating_sub(1);
        self.to_close.push(Close { seat: None, conn });
        self.call = true;
        Returned {
            borrower: None,
            revoked: true,
        }
    }

    /// Gives a connection that works to whoever waits first, or keeps it.
    #[inline]
    fn supply(&mut self, now: u64, number: u32, conn: C, wakes: &mut Wakes) {
        let slot = &mut self.slots[number as usize];
        slot.epoch = slot.epoch.wrapping_add(1);
        if slot.dies <= now || self.phase == Phase::Closed || self.open() > self.terms.max {
            return self.close_supplied(now, number, conn);
        }
        if self.line.len() > 0 && self.phase == Phase::Open {
            self.serve(now, number, conn, wakes);
        } else {
            self.keep(number, conn);
        }
    }

    #[cold]
    fn close_supplied(&mut self, now: u64, number: u32, conn: C) {
        if self.phase == Phase::Closed {
            // Whatever it was like.
        } else if self.slots[number as usize].dies <= now {
            self.counts.aged += 1;
        } else {
            self.counts.surplus += 1;
        }
        self.close_slot(number, conn);
        self.look_for_connects(now);
    }

    /// Makes a place idle, which has been so since it says.
    #[inline]
    fn keep(&mut self, number: u32, conn: C) {
        let slot = &mut self.slots[number as usize];
        slot.conn = Some(conn);
        let (since, tried, dies) = (slot.since, slot.tried, slot.dies);
        self.turn(number, Kind::Idle);
        let newest = self.idle.back().copied();
        if newest.is_none_or(|last| self.slots[last as usize].since <= since) {
            self.idle.push_back(number);
        } else {
            let older = |&other: &u32| self.slots[other as usize].since <= since;
            let place = self.idle.partition_point(older);
            self.idle.insert(place, number);
        }
        let idle_out = since.saturating_add(self.terms.idle_timeout);
        let ping = tried.saturating_add(self.terms.keepalive);
        if ping != NEVER {
            self.agendas.pings.plan(number, ping);
        }
        self.need(idle_out.min(ping).min(dies));
    }

    /// Notes what is in a place from now on.
    #[inline]
    fn turn(&mut self, number: u32, kind: Kind) {
        let slot = &mut self.slots[number as usize];
        if slot.kind == kind {
            return;
        }
        self.kinds[slot.kind as usize] -= 1;
        self.kinds[kind as usize] += 1;
        slot.kind = kind;
    }

    /// The keeper has to look at this time at the latest.
    #[inline]
    fn need(&mut self, at: u64) {
        if at < self.armed {
            self.armed = at;
            self.call = true;
        }
    }

    #[inline]
    pub(crate) const fn count(&self, kind: Kind) -> u32 {
        self.kinds[kind as usize]
    }

    /// How many places are taken.
    #[inline]
    pub(crate) const fn live(&self) -> u32 {
        self.slots.len() as u32 - self.count(Kind::Free)
    }

    /// How many connections there are, or will be, that are not being closed.
    #[inline]
    const fn open(&self) -> u32 {
        self.live() - self.count(Kind::Closing)
    }

    /// How many connections there are that may be lent again.
    const fn usable(&self) -> u32 {
        self.count(Kind::Idle) + self.count(Kind::Leased) + self.count(Kind::Mending)
    }

    pub(crate) const fn call_keeper(&mut self) {
        self.call = true;
    }

    /// Whether the keeper is to be called, once.
    #[inline]
    pub(crate) const fn take_call(&mut self) -> bool {
        // Mostly there is nothing to be written.
        self.call && std::mem::replace(&mut self.call, false)
    }

    /// Where those who wait find what they were granted.
    pub(crate) fn grants(&self) -> &Arc<Grants<C>> {
        self.line.grants()
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// How many revoked leases have not come back yet.
    pub(crate) const fn strays(&self) -> u32 {
        self.strays
    }

    /// Whether a lease has been taken away.
    pub(crate) fn is_revoked(&self, seat: Seat) -> bool {
        !self.is_at(seat, Kind::Leased)
    }
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
