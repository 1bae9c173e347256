//! Getting into the line, and out of it.

use std::hash::Hash;
use std::task::Waker;

use super::grants::Grant;
use super::line::{Fate, Key, Wait};
use super::report::Refusal;
use super::slot::{Given, Kind, NO_KEY, Seat, Who};
use super::{Answer, Core, Phase, Wakes};

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// Into the line, if there is a point in it.
    #[inline(never)]
    pub(super) fn enter(
        &mut self,
        now: u64,
        patience: u64,
        who: Who<B>,
        waker: &Waker,
    ) -> Answer<C> {
        let deadline = match self.admit(now, patience, who) {
            Ok(deadline) => deadline,
            Err(refusal) => return self.refuse(refusal),
        };
        let wait = Wait {
            who,
            entered: now,
            deadline,
        };
        let key = self.line.push_back(wait, waker.clone());
        self.entered(now, deadline);
        Answer::Waiting(key)
    }

    /// Until when it may wait.
    fn admit(&mut self, now: u64, patience: u64, who: Who<B>) -> Result<u64, Refusal> {
        if self.phase == Phase::Closed {
            return Err(Refusal::Closed);
        }
        if self.connects.is_held(now) && self.usable() == 0 {
            let until = self.connects.not_before;
            return Err(Refusal::Held { until });
        }
        let is_full = self.line.len() >= self.terms.waiters_max;
        // Whoever can have one made for it waits for nobody, and is let in whatever the bound: there are no more of them than
        // connections.
        if (patience == 0 || is_full) && !self.has_room_for_another(now) {
            return Err(match patience {
                0 => Refusal::Exhausted,
                _ => Refusal::QueueFull,
            });
        }
        self.mind_deadlock(now, who)?;
        let patience = match patience {
            0 => self.terms.connect_timeout,
            patience => patience,
        };
        Ok(now.saturating_add(patience))
    }

    fn refuse(&mut self, refusal: Refusal) -> Answer<C> {
        self.count_refusal(&refusal);
        Answer::Refused(refusal)
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        let counts = &mut self.counts;
        match refusal {
            Refusal::Exhausted => counts.exhausted += 1,
            Refusal::Timeout => counts.timeouts += 1,
            Refusal::QueueFull => counts.queue_full += 1,
            Refusal::Overloaded => counts.overloaded += 1,
            Refusal::Connect | Refusal::Held { .. } => counts.unconnected += 1,
            // A deadlock that is only told of counts as well.
            Refusal::Closed | Refusal::SelfDeadlock => {}
        }
    }

    fn entered(&mut self, now: u64, deadline: u64) {
        self.need(deadline);
        // All before it may have left without being served.
        if self.line.len() == 1
            && let Some(codel) = &mut self.codel
        {
            codel.emptied();
        }
        let parallel = self.count(Kind::Connecting) < self.connects.allowed;
        if self.live() < self.terms.max && parallel {
            self.look_for_connects(now);
        }
    }

    /// For one whose connection was found broken: another one, or the place in the line it had. It says whether it has found so
    /// many that all others are likely to be, too, which have not been used for as long.
    pub(crate) fn again(
        &mut self,
        now: u64,
        wait: Wait<B>,
        evict: bool,
        waker: &Waker,
    ) -> Answer<C> {
        if evict {
            self.evict_unproven(now);
        }
        if wait.deadline <= now {
            return self.refuse(Refusal::Timeout);
        }
        if self.phase == Phase::Closed {
            return Answer::Refused(Refusal::Closed);
        }
        if let Some(answer) = self.lend_idle(now, wait.who) {
            return answer;
        }
        let key = self.line.push_in_order(wait, waker.clone());
        self.entered(now, wait.deadline);
        Answer::Waiting(key)
    }

    /// What has become of one who waits, which is over then, unless it still waits or has to wait again: see
    /// [`take_granted`](Self::take_granted). The waker that comes out is to be dropped without any lock.
    pub(crate) fn poll(&mut self, now: u64, key: Key, waker: &Waker) -> (Answer<C>, Option<Waker>) {
        if self.line.is_waiting(key) {
            return (Answer::Waiting(key), self.line.watch(key, waker));
        }
        let wait = *self.line.wait(key);
        let (fate, stale) = self.line.take(key);
        let answer = match fate {
            Fate::Granted(grant) => self.take_granted(grant),
            Fate::Revoked(grant) => self.take_revoked(now, wait, *grant, waker),
            Fate::Refused(refusal) => Answer::Refused(refusal),
            // It was looked at that before.
            Fate::Waiting => Answer::Refused(Refusal::Closed),
        };
        (answer, stale)
    }

    /// What was granted.
    fn take_granted(&mut self, grant: Grant<C>) -> Answer<C> {
        let slot = &mut self.slots[grant.given.seat.number() as usize];
        (slot.taken, slot.key) = (true, NO_KEY);
        slot.tally.took_after(grant.waited);
        // It may have been idle for long while nothing was lent.
        match grant.is_proven {
            true => Answer::Given(grant.given),
            false => Answer::Unproven(grant.given),
        }
    }

    /// What was taken away before it was taken: another one, or the place in the line that it had.
    #[cold]
    fn take_revoked(
        &mut self,
        now: u64,
        wait: Wait<B>,
        grant: Grant<C>,
        waker: &Waker,
    ) -> Answer<C> {
        self.counts.uncount(grant.waited);
        self.put_stray(grant.given.conn);
        self.again(now, wait, false, waker)
    }

    /// Takes one out of the line who does not wait any more. What it was granted goes to the next one.
    pub(crate) fn leave(&mut self, now: u64, key: Key, wakes: &mut Wakes) -> Option<Waker> {
        let (fate, waker) = self.line.take(key);
        match fate {
            Fate::Granted(grant) => self.put_unused(now, grant, wakes),
            Fate::Revoked(grant) => self.put_unused(now, *grant, wakes),
            Fate::Waiting | Fate::Refused(_) => {}
        }
        waker
    }

    /// Takes back what was granted and never taken. It is as it was: that it was granted is no use, and no proof that it works.
    fn put_unused(&mut self, now: u64, grant: Grant<C>, wakes: &mut Wakes) {
        self.counts.uncount(grant.waited);
        let Given { conn, seat } = grant.given;
        if !self.is_at(seat, Kind::Leased) {
            self.put_stray(conn);
            return;
        }
        self.slots[seat.number() as usize].key = NO_KEY;
        self.let_go(seat.number());
        self.supply(now, seat.number(), conn, wakes);
    }

    /// The time of one who waits is up, as it found out itself.
    pub(crate) fn time_out(&mut self, now: u64, key: Key, wakes: &mut Wakes) {
        if self.line.is_waiting(key) && self.line.wait(key).deadline <= now {
            wakes.add(self.send_away(key, Refusal::Timeout));
        }
    }

    /// When the time of one who waits is up.
    pub(crate) fn deadline(&self, key: Key) -> u64 {
        self.line.wait(key).deadline
    }

    pub(super) fn send_away(&mut self, key: Key, refusal: Refusal) -> Option<Waker> {
        self.count_refusal(&refusal);
        self.line.refuse(key, refusal)
    }

    /// Sends away all who wait.
    pub(super) fn send_all_away(&mut self, refusal: Refusal, wakes: &mut Wakes) {
        while let Some((key, _)) = self.line.head() {
            wakes.add(self.send_away(key, refusal));
        }
    }

    /// Gives a connection to the first who waits and may still have it; or keeps it.
    pub(super) fn serve(&mut self, now: u64, number: u32, conn: C, wakes: &mut Wakes) {
        let Some((key, wait)) = self.next_in_line(now, wakes) else {
            return self.keep(number, conn);
        };
        let waited = now.saturating_sub(wait.entered);
        let slot = &self.slots[number as usize];
        let seat = Seat::new(number, slot.epoch);
        // First, as it waits for whatever is written before.
        self.line.grants().put(Grant {
            given: Given { conn, seat },
            is_proven: self.is_proven(now, number),
            waited,
        });
        self.lease(now, number, wait.who);
        let slot = &mut self.slots[number as usize];
        slot.tally.grant(waited);
        (slot.key, slot.waited) = (key, waited);
        wakes.add(self.line.grant(key, seat));
    }

    /// The first who waits, after those were sent away whose time is up or who have waited for too long.
    #[inline]
    fn next_in_line(&mut self, now: u64, wakes: &mut Wakes) -> Option<(Key, Wait<B>)> {
        loop {
            let (key, wait) = self.line.head()?;
            // At the very moment it still may.
            if wait.deadline < now {
                wakes.add(self.send_away(key, Refusal::Timeout));
                continue;
            }
            let waited = now.saturating_sub(wait.entered);
            let is_last = self.line.len() == 1;
            let codel = self.codel.as_mut();
            if codel.is_some_and(|codel| codel.sends_away(now, waited, is_last)) {
                wakes.add(self.send_away(key, Refusal::Overloaded));
                continue;
            }
            return Some((key, wait));
        }
    }

    /// Lends what is idle to those who wait, who could not have it before.
    pub(super) fn serve_idle(&mut self, now: u64, wakes: &mut Wakes) {
        while self.line.len() > 0 && self.phase == Phase::Open {
            let Some(number) = self.idle.pop_back() else {
                return;
            };
            if let Some(conn) = self.slots[number as usize].conn.take() {
                self.supply(now, number, conn, wakes);
            }
        }
    }
}
