//! Getting into the line, and out of it.

use std::hash::Hash;
use std::task::Waker;

use super::line::{Fate, Key, Wait};
use super::report::Refusal;
use super::slot::{Given, Kind, Seat, Who};
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
            Fate::Granted(given) => self.take_granted(now, wait, given, waker),
            Fate::Refused(refusal) => Answer::Refused(refusal),
            Fate::Waiting | Fate::Vacant => Answer::Refused(Refusal::Closed),
        };
        (answer, stale)
    }

    /// What was granted. If it was taken away before it was taken, another one, or the place in the line that it had.
    fn take_granted(
        &mut self,
        now: u64,
        wait: Wait<B>,
        given: Given<C>,
        waker: &Waker,
    ) -> Answer<C> {
        if !self.is_at(given.seat, Kind::Leased) {
            self.put_stray(given.conn);
            return self.again(now, wait, false, waker);
        }
        self.taken(wait.entered, given.seat);
        // It may have been idle for long while nothing was lent, or granted long ago.
        match self.is_proven(now, given.seat.number()) {
            true => Answer::Given(given),
            false => Answer::Unproven(given),
        }
    }

    /// Counts one who has taken what it was granted. It waited until it was granted: what it does later is its own affair.
    fn taken(&mut self, entered: u64, seat: Seat) {
        let since = self.slots[seat.number() as usize].since;
        let waited = since.saturating_sub(entered);
        self.take(seat.number());
        let counts = &mut self.counts;
        counts.waited += 1;
        counts.waited_for = counts.waited_for.saturating_add(waited);
        counts.longest_wait = counts.longest_wait.max(waited);
        counts.waits.add(waited);
    }

    /// Takes one out of the line who does not wait any more. What it was granted goes to the next one.
    pub(crate) fn leave(&mut self, now: u64, key: Key, wakes: &mut Wakes) -> Option<Waker> {
        let (fate, waker) = self.line.take(key);
        if let Fate::Granted(given) = fate {
            self.put_unused(now, given, wakes);
        }
        waker
    }

    /// Takes back what was granted and never taken. It is as it was: that it was granted is no use, and no proof that it works.
    fn put_unused(&mut self, now: u64, given: Given<C>, wakes: &mut Wakes) {
        let Given { conn, seat } = given;
        if !self.is_at(seat, Kind::Leased) {
            self.put_stray(conn);
            return;
        }
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
        self.line.settle(key, Fate::Refused(refusal))
    }

    /// Sends away all who wait.
    pub(super) fn send_all_away(&mut self, refusal: Refusal, wakes: &mut Wakes) {
        while let Some(key) = self.line.head() {
            wakes.add(self.send_away(key, refusal));
        }
    }

    /// Gives a connection to the first who waits and may still have it; or keeps it.
    pub(super) fn serve(&mut self, now: u64, number: u32, conn: C, wakes: &mut Wakes) {
        let Some(key) = self.next_in_line(now, wakes) else {
            return self.keep(number, conn);
        };
        let who = self.line.wait(key).who;
        let epoch = self.slots[number as usize].epoch;
        let given = Given {
            conn,
            seat: Seat::new(number, epoch),
        };
        self.lease(now, number, who);
        wakes.add(self.line.settle(key, Fate::Granted(given)));
    }

    /// The first who waits, after those were sent away whose time is up or who have waited for too long.
    fn next_in_line(&mut self, now: u64, wakes: &mut Wakes) -> Option<Key> {
        loop {
            let key = self.line.head()?;
            let wait = self.line.wait(key);
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
            return Some(key);
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
