//! What becomes due, all by itself.

use std::collections::VecDeque;
use std::hash::Hash;

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

    /// Does what is due, and says when there is more.
    pub(crate) fn tick(&mut self, now: u64, wakes: &mut Wakes) -> (Notices<B>, u64) {
        self.expire(now, wakes);
        // Before what is idle is looked at: it may be that there are no more than are to be kept then.
        let (warned, revoked) = self.mind_leases(now);
        self.retire(now);
        self.keep_alive(now);
        self.mind_hold(now, wakes);
        let notices = Notices {
            warned,
            revoked,
            deadlock: self.deadlocks.take(),
        };
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

    /// Closes idle connections that are too old, have been idle for too long, or are too many.
    pub(super) fn retire(&mut self, now: u64) {
        let mut place = 0;
        while let Some(&number) = self.idle.get(place) {
            if !self.is_to_retire(now, number) {
                place += 1;
                continue;
            }
            self.idle.remove(place);
            if let Some(conn) = self.slots[number as usize].conn.take() {
                self.close_slot(number, conn);
            }
        }
    }

    fn is_to_retire(&mut self, now: u64, number: u32) -> bool {
        if self.phase == Phase::Closed {
            return true;
        }
        let slot = &self.slots[number as usize];
        let counter = if slot.dies <= now {
            &mut self.counts.aged
        } else if self.open() > self.terms.max {
            &mut self.counts.surplus
        } else if self.idle_out(number) <= now {
            &mut self.counts.idle_out
        } else {
            return false;
        };
        *counter += 1;
        true
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
    fn keep_alive(&mut self, now: u64) {
        if self.terms.keepalive == NEVER {
            return;
        }
        let mut place = 0;
        while let Some(&number) = self.idle.get(place) {
            let ping_at = self.ping_at(number);
            if ping_at > now || self.pings >= self.terms.connects_max {
                place += 1;
                continue;
            }
            self.idle.remove(place);
            if let Some(conn) = self.slots[number as usize].conn.take() {
                self.mend_slot(number, conn, Remedy::Ping);
            }
        }
    }

    pub(super) fn ping_at(&self, number: u32) -> u64 {
        let tried = self.slots[number as usize].tried;
        tried.saturating_add(self.terms.keepalive)
    }

    /// Finds leases that have lasted for long, and takes those away that have for too long.
    fn mind_leases(&mut self, now: u64) -> (Vec<Holder<B>>, Vec<Holder<B>>) {
        let (mut warned, mut revoked) = (Vec::new(), Vec::new());
        if now >= self.revoke_at {
            return (warned, self.revoke_all(now));
        }
        if self.terms.warn == NEVER && self.terms.revoke == NEVER {
            return (warned, revoked);
        }
        for holder in self.holders() {
            let since = holder.since;
            let number = holder.seat.number() as usize;
            if since.saturating_add(self.terms.revoke) <= now {
                revoked.push(holder);
            } else if since.saturating_add(self.terms.warn) <= now && !self.slots[number].warned {
                warned.push(holder);
            }
        }
        for holder in &warned {
            self.slots[holder.seat.number() as usize].warned = true;
        }
        for holder in &revoked {
            self.take_away(now, holder.seat.number());
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

    /// When there is something to be done.
    pub(super) fn due(&self, now: u64) -> u64 {
        let idle = self.idle.iter().map(|&number| {
            let dies = self.slots[number as usize].dies;
            let ping = match self.pings < self.terms.connects_max {
                true => self.ping_at(number),
                false => NEVER,
            };
            dies.min(self.idle_out(number)).min(ping)
        });
        let first = idle.min().unwrap_or(NEVER).min(self.lease_due());
        first.min(self.line.soonest).min(self.next_connect(now))
    }

    /// When there is something to be done about a lease. It is looked at them only where there is a limit to them.
    fn lease_due(&self) -> u64 {
        if self.terms.warn.min(self.terms.revoke).min(self.revoke_at) == NEVER {
            return NEVER;
        }
        let due = self.holders().map(|holder| {
            let warned = self.slots[holder.seat.number() as usize].warned;
            let warn = if warned { NEVER } else { self.terms.warn };
            let lasts = holder.since.saturating_add(warn.min(self.terms.revoke));
            lasts.min(self.revoke_at)
        });
        due.min().unwrap_or(NEVER)
    }
}
