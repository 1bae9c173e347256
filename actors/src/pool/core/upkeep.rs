//! What becomes due, all by itself.

use std::collections::VecDeque;
use std::hash::Hash;

use super::agenda::Agenda;
use super::mend::{Mend, Remedy};
use super::report::{Holder, Refusal};
use super::slot::{Kind, Seat, Who};
use super::terms::NEVER;
use super::{Core, Phase, Wakes};

/// What the keeper is to tell.
#[derive(Debug)]
pub(crate) struct Notices<B> {
    /// Leases that have lasted for long.
    pub(crate) warned: Vec<Holder<B>>,
    /// Leases that were taken away.
    pub(crate) revoked: Vec<Holder<B>>,
    /// One who waits for itself, or would have.
    pub(crate) deadlock: Option<Who<B>>,
}

/// How many places are looked at in one go: that takes some tens of microseconds.
const AT_A_TIME: usize = 128;

/// When places are to be looked at.
#[derive(Debug, Default)]
pub(super) struct Agendas {
    /// As their connections reach their age.
    pub(super) ages: Agenda,
    /// As their connections have not been tried for long, while they are idle.
    pub(super) pings: Agenda,
    /// As their leases have lasted for long.
    pub(super) leases: Agenda,
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// The keeper is there, and will look again whenever it is called or [`due`](Self::tick) says.
    pub(crate) fn attend(&mut self) {
        self.attended = true;
        self.call = true;
    }

    /// The keeper is gone: whoever waits has to mind its own time. All who wait are to look again for that.
    pub(crate) fn unattend(&mut self, wakes: &mut Wakes) {
        self.attended = false;
        self.armed = NEVER;
        self.line
            .wakers()
            .into_iter()
            .for_each(|waker| wakes.add(Some(waker)));
    }

    /// Whether the keeper minds the time of those who wait.
    #[inline]
    pub(crate) const fn is_attended(&self) -> bool {
        self.attended
    }

    /// Does what is due, and says when there is more: at once, if more is due than is to be done at a time, so that others have the lock
    /// in between. What is not due is not looked at.
    pub(crate) fn tick(&mut self, now: u64, wakes: &mut Wakes) -> (Notices<B>, u64) {
        self.expire(now, wakes);
        let mut left = AT_A_TIME;
        // Before what is idle is looked at: it may be that there are no more than are to be kept then.
        let (warned, revoked) = self.mind_leases(now, &mut left);
        self.retire_some(now, &mut left);
        self.keep_alive(now, &mut left);
        self.mind_hold(now, wakes);
        let notices = Notices {
            warned,
            revoked,
            deadlock: self.deadlocks.take(),
        };
        self.settle();
        self.armed = self.due(now);
        self.call = false;
        (notices, self.armed)
    }

    /// Sends those away whose time is up.
    fn expire(&mut self, now: u64, wakes: &mut Wakes) {
        if self.line.soonest > now {
            return;
        }
        let mut soonest = NEVER;
        let mut late = Vec::new();
        for (key, wait) in self.line.iter() {
            if wait.deadline <= now {
                late.push(key);
            } else {
                soonest = soonest.min(wait.deadline);
            }
        }
        self.line.soonest = soonest;
        for key in late {
            wakes.add(self.send_away(key, Refusal::Timeout));
        }
    }

    /// Closes idle connections that are too old, are too many, or have been idle for too long.
    pub(super) fn retire(&mut self, now: u64) {
        let mut all = usize::MAX;
        self.retire_some(now, &mut all);
    }

    /// The same, up to so many, of which those that are left are told.
    fn retire_some(&mut self, now: u64, left: &mut usize) {
        while *left > 0
            && let Some(number) = self.agendas.ages.next(now)
        {
            *left -= 1;
            let dies = self.end_of_age(number);
            if dies > now {
                self.agendas.ages.plan(number, dies);
            } else if self.slots[number as usize].kind == Kind::Idle {
                self.counts.aged += 1;
                self.retire_from(number, self.place_of(number));
            }
            // Otherwise it is closed when it comes back.
        }
        while *left > 0
            && let Some(&number) = self.idle.front()
            && self.is_to_retire(now, number)
        {
            *left -= 1;
            self.retire_from(number, Some(0));
        }
    }

    /// Whether the one that has been idle for longest is to go, if it is not too old.
    fn is_to_retire(&mut self, now: u64, number: u32) -> bool {
        if self.phase == Phase::Closed {
            return true;
        }
        let counter = if self.open() > self.terms.max {
            &mut self.counts.surplus
        } else if self.idle_out(number) <= now {
            &mut self.counts.idle_out
        } else {
            return false;
        };
        *counter += 1;
        true
    }

    fn retire_from(&mut self, number: u32, place: Option<usize>) {
        place.and_then(|place| self.idle.remove(place));
        if let Some(conn) = self.slots[number as usize].conn.take() {
            self.close_slot(number, conn);
        }
    }

    /// Where one is among those that are idle, which are sorted by how long they have been.
    fn place_of(&self, number: u32) -> Option<usize> {
        let since = self.slots[number as usize].since;
        let older = |&other: &u32| self.slots[other as usize].since < since;
        let first = self.idle.partition_point(older);
        let place = self.idle.range(first..).position(|&other| other == number);
        place.map(|place| first + place)
    }

    /// When a connection will have been idle for too long, if there are more than are to be kept.
    pub(super) fn idle_out(&self, number: u32) -> u64 {
        match self.usable() > self.terms.min {
            true => {
                let since = self.slots[number as usize].since;
                since.saturating_add(self.terms.idle_timeout)
            }
            false => NEVER,
        }
    }

    /// Has those pinged that nobody has tried for long: no more at a time than attempts to connect may be made.
    fn keep_alive(&mut self, now: u64, left: &mut usize) {
        while *left > 0
            && self.pings < self.terms.connects_max
            && let Some(number) = self.agendas.pings.next(now)
        {
            *left -= 1;
            let ping_at = self.ping_at(number);
            if ping_at > now {
                self.agendas.pings.plan(number, ping_at);
                continue;
            }
            self.place_of(number)
                .and_then(|place| self.idle.remove(place));
            if let Some(conn) = self.slots[number as usize].conn.take() {
                self.mend_slot(number, conn, Remedy::Ping);
            }
        }
    }

    /// When a connection is to be pinged, if it is idle.
    fn ping_at(&self, number: u32) -> u64 {
        match self.slots.get(number as usize) {
            Some(slot) if slot.kind == Kind::Idle => {
                slot.tried.saturating_add(self.terms.keepalive)
            }
            _ => NEVER,
        }
    }

    /// When a connection has reached its age, if there is one.
    fn end_of_age(&self, number: u32) -> u64 {
        match self.slots.get(number as usize) {
            Some(slot) if matches!(slot.kind, Kind::Idle | Kind::Leased | Kind::Mending) => {
                slot.dies
            }
            _ => NEVER,
        }
    }

    /// When a lease is to be told of, or taken away, if there is one.
    fn lease_ends(&self, number: u32) -> u64 {
        match self.slots.get(number as usize) {
            Some(slot) if slot.kind == Kind::Leased => {
                let warn = if slot.warned { NEVER } else { self.terms.warn };
                slot.since.saturating_add(warn.min(self.terms.revoke))
            }
            _ => NEVER,
        }
    }

    /// Minds a lease that begins now, where there is a limit to them.
    #[inline]
    pub(super) fn mind_lease(&mut self, now: u64, number: u32) {
        let lasts = self.terms.warn.min(self.terms.revoke);
        if lasts != NEVER {
            let ends = now.saturating_add(lasts);
            self.agendas.leases.plan(number, ends);
            self.need(ends);
        }
    }

    /// Finds out anew when each place is to be looked at.
    pub(super) fn plan_anew(&mut self) {
        let mut agendas = Agendas::default();
        for number in 0..self.slots.len() as u32 {
            agendas.ages.plan(number, self.end_of_age(number));
            agendas.pings.plan(number, self.ping_at(number));
            agendas.leases.plan(number, self.lease_ends(number));
        }
        self.agendas = agendas;
    }

    /// Finds leases that have lasted for long, and takes those away that have for too long.
    fn mind_leases(&mut self, now: u64, left: &mut usize) -> (Vec<Holder<B>>, Vec<Holder<B>>) {
        let (mut warned, mut revoked) = (Vec::new(), Vec::new());
        if now >= self.revoke_at {
            return (warned, self.revoke_all(now));
        }
        while *left > 0
            && let Some(number) = self.agendas.leases.next(now)
        {
            *left -= 1;
            if self.lease_ends(number) <= now
                && let Some(holder) = self.holder(number)
            {
                if holder.since.saturating_add(self.terms.revoke) <= now {
                    revoked.push(holder);
                    self.take_away(now, number);
                } else {
                    warned.push(holder);
                    self.slots[number as usize].warned = true;
                }
            }
            self.agendas.leases.plan(number, self.lease_ends(number));
        }
        (warned, revoked)
    }

    /// Takes away all leases of a borrower. Whose they were.
    pub(crate) fn revoke_from(&mut self, now: u64, borrower: B) -> Vec<Holder<B>> {
        if !self.held.may_have(borrower) {
            return Vec::new();
        }
        let theirs = |holder: &Holder<B>| holder.borrower == Some(borrower);
        let leases: Vec<_> = self.holders().filter(theirs).collect();
        for holder in &leases {
            self.take_away(now, holder.seat.number());
        }
        leases
    }

    /// Takes away the leases that were taken before this moment.
    pub(crate) fn revoke_older(&mut self, now: u64, taken_before: u64) -> Vec<Holder<B>> {
        let old = |holder: &Holder<B>| holder.since < taken_before;
        let leases: Vec<_> = self.holders().filter(old).collect();
        for holder in &leases {
            self.take_away(now, holder.seat.number());
        }
        leases
    }

    /// Those that are idle, the one first that has been for longest. A seat is good for as long as its connection stays so.
    pub(crate) fn idle_seats(&mut self, now: u64) -> VecDeque<Seat> {
        self.retire(now);
        let seat = |&number: &u32| Seat::new(number, self.slots[number as usize].epoch);
        self.idle.iter().map(seat).collect()
    }

    /// Takes one out to be pinged, if it is still idle.
    pub(crate) fn take_to_ping(&mut self, seat: Seat) -> Option<Mend<C>> {
        if !self.is_at(seat, Kind::Idle) {
            return None;
        }
        let place = self
            .idle
            .iter()
            .position(|&number| number == seat.number())?;
        self.idle.remove(place);
        let conn = self.slots[seat.number() as usize].conn.take()?;
        self.take_to_mend(seat.number(), conn, Remedy::Ping)
    }

    /// Takes away every lease.
    pub(crate) fn revoke_all(&mut self, now: u64) -> Vec<Holder<B>> {
        let leases: Vec<_> = self.holders().collect();
        for holder in &leases {
            self.take_away(now, holder.seat.number());
        }
        leases
    }

    /// The place is free at once; what comes back on the lease is closed.
    fn take_away(&mut self, now: u64, number: u32) {
        self.strays += 1;
        self.counts.revoked += 1;
        self.empty(number);
        self.look_for_connects(now);
    }

    /// Puts the agendas right, as far as they are not: each place is looked at no earlier than need be, mostly.
    fn settle(&mut self) {
        let mut agendas = std::mem::take(&mut self.agendas);
        agendas.ages.settle(|number| self.end_of_age(number));
        agendas.pings.settle(|number| self.ping_at(number));
        agendas.leases.settle(|number| self.lease_ends(number));
        self.agendas = agendas;
    }

    /// When there is something to be done, or to be looked at.
    pub(super) fn due(&self, now: u64) -> u64 {
        let Agendas {
            ages,
            pings,
            leases,
        } = &self.agendas;
        let ping = match self.pings < self.terms.connects_max {
            true => pings.first(),
            false => NEVER,
        };
        let oldest = self.idle.front();
        let idle_out = oldest.map_or(NEVER, |&number| self.idle_out(number));
        let revoke = match self.count(Kind::Leased) {
            0 => NEVER,
            _ => self.revoke_at,
        };
        let first = ages.first().min(ping).min(leases.first());
        let first = first.min(idle_out).min(revoke);
        first.min(self.line.soonest).min(self.next_connect(now))
    }
}
