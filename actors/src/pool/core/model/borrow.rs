//! Borrowing, waiting and giving back.

use super::*;

impl World {
    pub(super) fn checkout(&mut self, pick: usize) {
        let patience = [0, 10 * MS, 30 * MS, 100 * MS][pick % 4];
        let borrower = [None, Some(1), Some(2)][pick / 4 % 3];
        let who = Who {
            at: Location::caller(),
            borrower,
        };
        let expected = self.expected_idle();
        let room = self.core.has_room_for_another(self.now);
        match self.core.checkout(self.now, patience, who, Waker::noop()) {
            Answer::Given(given) | Answer::Unproven(given) => {
                assert_eq!(Some(given.conn), expected, "the one that was used last");
                self.idle.retain(|idle| idle.conn != given.conn);
                self.lend(given.conn, given.seat, borrower);
            }
            Answer::Waiting(key) => {
                assert!(expected.is_none() && !self.closed, "there was one");
                assert!(patience > 0 || room, "it would not wait");
                let patience = match patience {
                    0 => self.core.terms.connect_timeout,
                    patience => patience,
                };
                self.line.push(Waiter {
                    key,
                    entered: self.now,
                    deadline: self.now + patience,
                    fate: None,
                });
            }
            Answer::Refused(refusal) => {
                assert_eq!(expected, None);
                let waiting = self.line.iter().filter(|waiter| waiter.fate.is_none());
                let expected = match () {
                    () if self.closed => "closed",
                    () if name(&refusal) == "held" => "held",
                    () if patience == 0 && !room => "exhausted",
                    () if waiting.count() >= 6 && !room => "queue full",
                    () => "nothing",
                };
                assert_eq!(name(&refusal), expected);
            }
        }
    }

    /// The idle one that is to be lent.
    pub(super) fn expected_idle(&mut self) -> Option<Conn> {
        if self.suspended || self.closed || self.line.iter().any(|waiter| waiter.fate.is_none()) {
            return None;
        }
        while let Some(idle) = self.idle.last() {
            if self.dies[&idle.conn] > self.now {
                return Some(idle.conn);
            }
            self.idle.pop();
        }
        None
    }

    pub(super) fn lend(&mut self, conn: Conn, seat: Seat, borrower: Option<u8>) {
        self.leases.push(Leased {
            conn,
            seat,
            borrower,
            revoked: false,
        });
    }

    pub(super) fn put(&mut self, pick: usize) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases.swap_remove(pick % self.leases.len());
        let condition = match pick / 64 % 8 {
            0 => Condition::Dirty,
            1 => Condition::Broken,
            _ => Condition::Clean,
        };
        let (seat, conn) = (lease.seat, lease.conn);
        let returned = self
            .core
            .put(self.now, seat, conn, condition, &mut Wakes::default());
        assert_eq!(returned.revoked, lease.revoked);
        if !lease.revoked {
            assert_eq!(returned.borrower, lease.borrower);
        }
        if !lease.revoked && condition == Condition::Clean {
            self.supply(conn, self.now);
        }
    }

    /// A lease that takes its connection away with it.
    pub(super) fn detach(&mut self, pick: usize) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases.swap_remove(pick % self.leases.len());
        let borrower = self.core.detached(self.now, lease.seat);
        assert_eq!(borrower, lease.borrower.filter(|_| !lease.revoked));
    }

    /// One whose connection was found broken: it gets another one, or a place in the line before all who came later.
    pub(super) fn again(&mut self, pick: usize) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases.swap_remove(pick % self.leases.len());
        let (now, mut wakes) = (self.now, Wakes::default());
        let broken = Condition::Broken;
        self.core
            .put(now, lease.seat, lease.conn, broken, &mut wakes);
        let wait = Wait {
            who: Who {
                at: Location::caller(),
                borrower: lease.borrower,
            },
            entered: now.saturating_sub(15 * MS),
            deadline: now + [0, 30 * MS][pick / 64 % 2],
        };
        let is_over = wait.deadline <= now || self.closed;
        let expected = if is_over { None } else { self.expected_idle() };
        match self.core.again(now, wait, false, Waker::noop()) {
            Answer::Given(given) | Answer::Unproven(given) => {
                assert_eq!(Some(given.conn), expected, "the one that was used last");
                self.idle.retain(|idle| idle.conn != given.conn);
                self.lend(given.conn, given.seat, wait.who.borrower);
            }
            Answer::Waiting(key) => {
                assert!(expected.is_none() && !self.closed, "there was one");
                self.enter_in_order(Waiter {
                    key,
                    entered: wait.entered,
                    deadline: wait.deadline,
                    fate: None,
                });
            }
            Answer::Refused(refusal) => {
                let expected = match wait.deadline <= now {
                    true => "timeout",
                    false => "closed",
                };
                assert_eq!(name(&refusal), expected);
                assert!(expected == "timeout" || self.closed);
            }
        }
    }

    /// Before all who came later.
    fn enter_in_order(&mut self, waiter: Waiter) {
        let later = |other: &Waiter| other.fate.is_none() && other.entered > waiter.entered;
        let place = self.line.iter().position(later);
        self.line.insert(place.unwrap_or(self.line.len()), waiter);
    }

    /// What is to become of a connection that works.
    pub(super) fn supply(&mut self, conn: Conn, since: u64) {
        // More are being closed than before this step: it is one too many, or too old.
        let is_surplus = self.core.count(Kind::Closing) > self.counted_closing();
        if self.dies[&conn] <= self.now || self.closed || is_surplus {
            return;
        }
        if self.suspended {
            return self.keep(conn, since);
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

    /// How many were being closed before this step.
    pub(super) fn counted_closing(&self) -> u32 {
        let seated = self.closing.iter().filter(|close| close.seat.is_some());
        seated.count() as u32
    }

    pub(super) fn keep(&mut self, conn: Conn, since: u64) {
        let place = self.idle.partition_point(|idle| idle.since <= since);
        self.idle.insert(place, Idle { conn, since });
    }

    pub(super) fn poll(&mut self, pick: usize) {
        if self.line.is_empty() {
            return;
        }
        let nth = pick % self.line.len();
        let waiter = self.line[nth];
        if let Some(Ok(conn)) = waiter.fate
            && self.is_taken_away(conn)
        {
            self.line.remove(nth);
            return self.poll_again(waiter);
        }
        // As tasks do, without being seen.
        if pick.is_multiple_of(2)
            && let Some(grant) = self.core.grants().take(waiter.key)
        {
            self.take_grant(&grant.given);
            assert_eq!(Some(Ok(grant.given.conn)), waiter.fate);
            self.line.remove(nth);
            return;
        }
        let found = match self.core.poll(self.now, waiter.key, Waker::noop()).0 {
            Answer::Waiting(key) => {
                assert_eq!(key, waiter.key);
                None
            }
            Answer::Given(given) | Answer::Unproven(given) => {
                self.take_grant(&given);
                Some(Ok(given.conn))
            }
            Answer::Refused(refusal) => Some(Err(name(&refusal))),
        };
        assert_eq!(found, waiter.fate);
        if found.is_some() {
            self.line.remove(nth);
        }
    }

    /// Whether what was granted was taken away before it was taken.
    fn is_taken_away(&self, conn: Conn) -> bool {
        let seat = self.core.line.granted_seat(&conn);
        seat.is_some_and(|seat| !self.core.is_at(seat, Kind::Leased))
    }

    /// It gets another one, or its place back.
    fn poll_again(&mut self, waiter: Waiter) {
        let expected = self.expected_idle();
        assert!(self.core.grants().take(waiter.key).is_none());
        match self.core.poll(self.now, waiter.key, Waker::noop()).0 {
            Answer::Given(given) | Answer::Unproven(given) => {
                assert_eq!(Some(given.conn), expected, "the one that was used last");
                self.idle.retain(|idle| idle.conn != given.conn);
                self.take_grant(&given);
            }
            Answer::Waiting(key) => {
                assert!(expected.is_none() && !self.closed, "there was one");
                self.enter_in_order(Waiter {
                    key,
                    fate: None,
                    ..waiter
                });
            }
            Answer::Refused(refusal) => {
                let expected = match waiter.deadline <= self.now {
                    true => "timeout",
                    false => "closed",
                };
                assert_eq!(name(&refusal), expected);
                assert!(expected == "timeout" || self.closed);
            }
        }
    }

    pub(super) fn take_grant(&mut self, given: &Given<Conn>) {
        let slot = &self.core.slots[given.seat.number() as usize];
        let revoked = slot.epoch != given.seat.epoch() || slot.kind != Kind::Leased;
        let borrower = slot.who.and_then(|who| who.borrower);
        self.leases.push(Leased {
            conn: given.conn,
            seat: given.seat,
            borrower,
            revoked,
        });
    }

    pub(super) fn leave(&mut self, pick: usize) {
        if self.line.is_empty() {
            return;
        }
        let waiter = self.line.remove(pick % self.line.len());
        let strays = self.core.strays();
        let granted = waiter.fate.and_then(Result::ok);
        let seat = granted.and_then(|conn| self.core.line.granted_seat(&conn));
        // Since when it was granted: that is no use of it.
        // Where it was taken away its place may be gone.
        let slot = seat.and_then(|seat| self.core.slots.get(seat.number() as usize));
        let since = slot.map_or(self.now, |slot| slot.since);
        self.core.leave(self.now, waiter.key, &mut Wakes::default());
        if let Some(Ok(conn)) = waiter.fate
            && self.core.strays() == strays
        {
            self.supply(conn, since);
        }
    }
}
