//! Another size, eviction, suspension, revocation, the end.

use super::*;

impl World {
    pub(super) fn resize(&mut self, pick: usize) {
        let max = 1 + pick as u32 % 5;
        let min = (pick / 8) as u32 % 3;
        self.config = self.config.clone().max_size(max).min_size(min.min(max));
        self.core.change(self.now, Terms::of(&self.config));
        self.retire();
        self.bound = max.max(self.core.live());
    }

    pub(super) fn evict(&mut self, pick: usize) {
        if pick.is_multiple_of(2) {
            self.core.evict(self.now, [0, 20 * MS][pick / 2 % 2]);
        } else {
            self.core.evict_idle(self.now);
        }
        // Which ones it hits first does not matter here.
        for idle in &self.idle {
            let slot = self
                .core
                .slots
                .iter()
                .find(|slot| slot.conn == Some(idle.conn));
            self.dies
                .insert(idle.conn, slot.map_or(self.now, |slot| slot.dies));
        }
        let out = self.leases.iter().filter(|lease| !lease.revoked);
        let out = out.map(|lease| (lease.conn, lease.seat));
        let mending = self.mending.iter().map(|mend| (mend.conn, mend.seat));
        for (conn, seat) in out.chain(mending) {
            self.dies
                .insert(conn, self.core.slots[seat.number() as usize].dies);
        }
        let granted: Vec<_> = self.line.iter().filter_map(|waiter| waiter.fate).collect();
        for conn in granted.into_iter().flatten() {
            // Where it is only the entry knows: the latest that it can be is what counts.
            let seat = self.core.line.granted_seat(&conn);
            if let Some(seat) = seat.filter(|&seat| self.core.is_at(seat, Kind::Leased)) {
                self.dies
                    .insert(conn, self.core.slots[seat.number() as usize].dies);
            }
        }
        self.retire();
    }

    pub(super) fn suspend_or_resume(&mut self) {
        if self.closed {
            return;
        }
        self.suspended = !self.suspended;
        if self.suspended {
            return self.core.suspend();
        }
        let idle = std::mem::take(&mut self.idle);
        self.core.resume(self.now, &mut Wakes::default());
        let mut idle = idle.into_iter().rev();
        while self.line.iter().any(|waiter| waiter.fate.is_none()) {
            let Some(Idle { conn, since }) = idle.next() else {
                break;
            };
            self.supply_resumed(conn, since);
        }
        let mut rest: Vec<_> = idle.rev().collect();
        rest.append(&mut self.idle);
        self.idle = rest;
    }

    /// As [`supply`](Self::supply), of one that was idle.
    pub(super) fn supply_resumed(&mut self, conn: Conn, since: u64) {
        if self.dies[&conn] <= self.now {
            return;
        }
        for waiter in self.line.iter_mut().filter(|waiter| waiter.fate.is_none()) {
            if waiter.deadline >= self.now {
                waiter.fate = Some(Ok(conn));
                return;
            }
            waiter.fate = Some(Err("timeout"));
        }
        self.keep(conn, since);
    }

    pub(super) fn revoke(&mut self, pick: usize) {
        let borrower = 1 + pick as u8 % 2;
        let revoked = match pick / 2 % 3 {
            0 => self
                .core
                .revoke_older(self.now, self.now.saturating_sub(20 * MS)),
            _ => self.core.revoke_from(self.now, borrower),
        };
        self.note_revoked(&revoked);
    }

    /// A look takes one out that is idle, to ping it.
    pub(super) fn take_to_ping(&mut self, pick: usize) {
        let seats = self.core.idle_seats(self.now);
        self.retire();
        let Some(&seat) = seats.get(pick % seats.len().max(1)) else {
            return;
        };
        let mend = self.core.take_to_ping(seat).expect("it is idle");
        self.idle.retain(|idle| idle.conn != mend.conn);
        self.mending.push(mend);
        assert_eq!(self.core.take_to_ping(seat).map(|mend| mend.conn), None);
    }

    pub(super) fn rarely(&mut self, pick: usize) {
        match pick % 16 {
            0 => {
                let revoke_at = [NEVER, self.now + 30 * MS][pick / 16 % 2];
                self.core.close(self.now, revoke_at, &mut Wakes::default());
                self.send_all_away("closed");
                self.idle.clear();
                (self.closed, self.suspended) = (true, false);
            }
            1..=4 => {
                let until = self.now + 20 * MS;
                self.core
                    .hold_connects(self.now, until, &mut Wakes::default());
                self.mind_hold();
            }
            5..=8 => self.core.release_connects(self.now),
            9..=11 => self.take_to_ping(pick / 16),
            12 | 13 => self.detach(pick / 16),
            _ => self.again(pick / 16),
        }
    }
}
