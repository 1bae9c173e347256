//! What a keeper does, and time.

use super::*;

/// The choices of [`World::end_connect`] and [`World::end_mending`] where all goes well.
pub(super) const CONNECTED: usize = 64 * 2;
pub(super) const MENDED: usize = 64 * 2;

impl World {
    pub(super) fn start_connects(&mut self) {
        while let Some(attempt) = self.core.start_connect(self.now) {
            self.attempts.push(attempt);
            let waiting = self.line.iter().filter(|waiter| waiter.fate.is_none());
            let wanted = waiting.count().max(self.config.min_size as usize);
            assert!(self.attempts.len() <= wanted, "more than are needed");
        }
    }

    pub(super) fn end_connect(&mut self, pick: usize) {
        if self.attempts.is_empty() {
            return;
        }
        let attempt = self.attempts.swap_remove(pick % self.attempts.len());
        let mut wakes = Wakes::default();
        match pick / 64 % 4 {
            0 => {
                let error = ConnectError::Abandoned;
                self.core
                    .connect_failed(self.now, attempt, error, 0.5, &mut wakes);
                let is_last = self.core.connects.failures > self.config.max_retries;
                if is_last && self.core.usable() == 0 {
                    self.send_all_away("connect");
                }
            }
            1 if (pick / 256).is_multiple_of(2) => self.core.withdraw(self.now, attempt),
            1 => self.core.postpone(self.now, attempt),
            _ => {
                let conn = self.next;
                self.next += 1;
                let life = [NEVER, 60 * MS][pick / 256 % 2];
                self.core.terms.lifetime = life;
                self.core
                    .connected(self.now, attempt, conn, 0.0, &mut wakes);
                let slot = &self.core.slots[attempt.seat.number() as usize];
                self.dies.insert(conn, slot.dies);
                self.supply(conn, self.now);
            }
        }
    }

    pub(super) fn send_all_away(&mut self, why: &'static str) {
        for waiter in self.line.iter_mut().filter(|waiter| waiter.fate.is_none()) {
            waiter.fate = Some(Err(why));
        }
    }

    pub(super) fn end_closing(&mut self, pick: usize) {
        if !self.closing.is_empty() {
            let close = self.closing.swap_remove(pick % self.closing.len());
            self.core.closed(self.now, close.seat);
        }
    }

    pub(super) fn end_mending(&mut self, pick: usize) {
        if self.mending.is_empty() {
            return;
        }
        let mend = self.mending.swap_remove(pick % self.mending.len());
        let Mend { seat, conn, remedy } = mend;
        let mut wakes = Wakes::default();
        match pick / 64 % 4 {
            0 => self.core.mend_lost(self.now, seat, remedy),
            1 => self
                .core
                .mended(self.now, seat, conn, remedy, false, &mut wakes),
            _ => {
                let since = match remedy {
                    Remedy::Reset => self.now,
                    Remedy::Ping => self.core.slots[seat.number() as usize].since,
                };
                self.core
                    .mended(self.now, seat, conn, remedy, true, &mut wakes);
                self.supply(conn, since);
            }
        }
    }

    pub(super) fn pass_time(&mut self, pick: usize) {
        self.now += [1, 5 * MS, 10 * MS, 50 * MS][pick % 4];
        if pick / 4 % 2 == 1 {
            return;
        }
        self.look();
    }

    /// A keeper does what is due, and takes whatever there is to do.
    pub(super) fn look(&mut self) {
        self.tick();
        self.start_connects();
        self.collect();
        self.called = false;
    }

    /// Somebody takes what is to be closed and mended.
    pub(super) fn collect(&mut self) {
        self.closing.extend(self.core.take_closing());
        self.mending.extend(self.core.take_mending());
    }

    /// What is due at this moment.
    fn tick(&mut self) {
        let (notices, due) = self.core.tick(self.now, &mut Wakes::default());
        assert!(due > self.now, "it would look again at once");
        for waiter in self.line.iter_mut().filter(|waiter| waiter.fate.is_none()) {
            if waiter.deadline <= self.now {
                waiter.fate = Some(Err("timeout"));
            }
        }
        self.mind_hold();
        self.pinged();
        self.retire();
        self.note_revoked(&notices.revoked);
    }

    /// Those that are pinged from now on to be kept alive are not idle any more.
    fn pinged(&mut self) {
        for mend in &self.core.to_mend {
            if mend.remedy == Remedy::Ping {
                let before = self.idle.len();
                self.idle.retain(|idle| idle.conn != mend.conn);
                assert_eq!(self.idle.len() + 1, before, "it was idle");
                let tried = self.core.slots[mend.seat.number() as usize].tried;
                assert!(tried + self.core.terms.keepalive <= self.now, "too early");
            }
        }
        assert!(self.core.pings <= self.core.terms.connects_max);
    }

    pub(super) fn note_revoked(&mut self, revoked: &[Holder<u8>]) {
        for lease in &mut self.leases {
            lease.revoked |= revoked.iter().any(|holder| holder.seat == lease.seat);
        }
    }

    pub(super) fn mind_hold(&mut self) {
        let usable = self.core.usable();
        if self.core.connects.is_held(self.now) && usable == 0 {
            self.send_all_away("held");
        }
    }

    /// Takes those out that are too old, and then, from the oldest on, those that are too many or have been idle for too long.
    pub(super) fn retire(&mut self) {
        let mut usable = self.idle.len()
            + self.core.count(Kind::Leased) as usize
            + self.core.count(Kind::Mending) as usize;
        let mut open = usable + self.core.count(Kind::Connecting) as usize;
        let timeout = self.core.terms.idle_timeout;
        let (now, min, max) = (self.now, self.config.min_size, self.config.max_size);
        let (dies, closed) = (&self.dies, self.closed);
        let mut goes = |goes: bool| {
            usable -= usize::from(goes);
            open -= usize::from(goes);
            (usable > min as usize, open > max as usize)
        };
        self.idle.retain(|idle| {
            let is_old = dies[&idle.conn] <= now;
            goes(is_old);
            !is_old
        });
        while let Some(oldest) = self.idle.first() {
            let (may_go, is_surplus) = goes(false);
            let out = may_go && oldest.since.saturating_add(timeout) <= now;
            if !(closed || is_surplus || out) {
                break;
            }
            goes(true);
            self.idle.remove(0);
        }
    }
}
