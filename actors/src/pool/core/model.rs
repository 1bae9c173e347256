//! The core against a plain model of it, which knows every connection by name and looks through all of them each time.
//!
//! A schedule is a list of numbers, each of which is an operation on whatever there is by then. After every step: the answers are
//! those of the model, every connection is in exactly one place, and live = idle + leased + connecting + mending + closing ≤ max, or
//! what there was when max was lowered.

use std::collections::HashMap;
use std::panic::Location;
use std::task::{Poll, Waker};
use std::time::Duration;

use mainstay_specs::PoolConfig;
use proptest::prelude::*;

use super::slot::Kind;
use super::tests::{MS, config, name};
use super::*;
use crate::pool::error::ConnectError;

/// How many schedules with how many steps are tried beside those of proptest.
const SCHEDULES: u64 = 100_000;
const STEPS: usize = 40;

type Conn = u32;

/// An idle connection of the model.
#[derive(Clone, Copy, Debug)]
struct Idle {
    conn: Conn,
    since: u64,
}

/// One who waits in the model.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    key: Key,
    deadline: u64,
    fate: Option<Result<Conn, &'static str>>,
}

#[derive(Clone, Copy, Debug)]
struct Leased {
    conn: Conn,
    seat: Seat,
    borrower: Option<u8>,
    revoked: bool,
}

/// What is known from outside, and what is to be expected.
struct World {
    core: Core<Conn, u8>,
    config: PoolConfig,
    now: u64,
    next: Conn,
    /// Sorted by how long they have been.
    idle: Vec<Idle>,
    line: Vec<Waiter>,
    leases: Vec<Leased>,
    attempts: Vec<Attempt>,
    closing: Vec<Close<Conn>>,
    mending: Vec<Mend<Conn>>,
    /// When each connection dies.
    dies: HashMap<Conn, u64>,
    suspended: bool,
    closed: bool,
    /// What live may be.
    bound: u32,
}

impl World {
    fn new(seed: u32) -> Self {
        let config = config(1 + seed % 4)
            .min_size(seed / 4 % 2)
            .waiters_max(6)
            .idle_timeout(seed.is_multiple_of(3).then_some(Duration::from_millis(40)));
        Self {
            core: Core::new(Terms::of(&config)),
            bound: config.max_size,
            config,
            now: 1,
            next: 0,
            idle: Vec::new(),
            line: Vec::new(),
            leases: Vec::new(),
            attempts: Vec::new(),
            closing: Vec::new(),
            mending: Vec::new(),
            dies: HashMap::new(),
            suspended: false,
            closed: false,
        }
    }

    fn step(&mut self, number: u32) {
        let (what, pick) = (number % 32, (number / 32) as usize);
        match what {
            0..=8 => self.checkout(pick),
            9..=14 => self.put(pick),
            15 | 16 => self.poll(pick),
            17 => self.leave(pick),
            18..=20 => self.start_connects(),
            21 | 22 => self.end_connect(pick),
            23 => self.end_closing(pick),
            24 => self.end_mending(pick),
            25 | 26 => self.pass_time(pick),
            27 => self.resize(pick),
            28 => self.evict(pick),
            29 => self.suspend_or_resume(),
            30 => self.revoke(pick),
            _ => self.rarely(pick),
        }
        self.closing.extend(self.core.take_closing());
        self.mending.extend(self.core.take_mending());
        self.check();
    }

    fn checkout(&mut self, pick: usize) {
        let patience = [0, 10 * MS, 30 * MS, 100 * MS][pick % 4];
        let borrower = [None, Some(1), Some(2)][pick / 4 % 3];
        let who = Who {
            at: Location::caller(),
            borrower,
        };
        let expected = self.expected_idle();
        let room = self.core.has_room_for_another(self.now);
        match self.core.checkout(self.now, patience, who, Waker::noop()) {
            Answer::Given(given) => {
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
                    () if waiting.count() == 6 => "queue full",
                    () => "nothing",
                };
                assert_eq!(name(&refusal), expected);
            }
        }
    }

    /// The idle one that is to be lent.
    fn expected_idle(&mut self) -> Option<Conn> {
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

    fn lend(&mut self, conn: Conn, seat: Seat, borrower: Option<u8>) {
        self.leases.push(Leased {
            conn,
            seat,
            borrower,
            revoked: false,
        });
    }

    fn put(&mut self, pick: usize) {
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

    /// What is to become of a connection that works.
    fn supply(&mut self, conn: Conn, since: u64) {
        let open = self.core.live() - self.core.count(Kind::Closing);
        // It may have just been closed, so that it does not count as open any more.
        let is_surplus = self.core.count(Kind::Closing) > self.counted_closing();
        let _ = open;
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
    fn counted_closing(&self) -> u32 {
        let seated = self.closing.iter().filter(|close| close.seat.is_some());
        seated.count() as u32
    }

    fn keep(&mut self, conn: Conn, since: u64) {
        let place = self.idle.partition_point(|idle| idle.since <= since);
        self.idle.insert(place, Idle { conn, since });
    }

    fn poll(&mut self, pick: usize) {
        if self.line.is_empty() {
            return;
        }
        let nth = pick % self.line.len();
        let waiter = self.line[nth];
        let found = match self.core.poll(waiter.key, Waker::noop()).0 {
            Poll::Pending => None,
            Poll::Ready(Ok(given)) => {
                self.take_grant(&given);
                Some(Ok(given.conn))
            }
            Poll::Ready(Err(refusal)) => Some(Err(name(&refusal))),
        };
        assert_eq!(found, waiter.fate);
        if found.is_some() {
            self.line.remove(nth);
        }
    }

    fn take_grant(&mut self, given: &Given<Conn>) {
        let slot = &self.core.slots[given.seat.number as usize];
        let revoked = slot.epoch != given.seat.epoch || slot.kind != Kind::Leased;
        let borrower = slot.who.and_then(|who| who.borrower);
        self.leases.push(Leased {
            conn: given.conn,
            seat: given.seat,
            borrower,
            revoked,
        });
    }

    fn leave(&mut self, pick: usize) {
        if self.line.is_empty() {
            return;
        }
        let waiter = self.line.remove(pick % self.line.len());
        let strays = self.core.strays();
        self.core.leave(self.now, waiter.key, &mut Wakes::default());
        if let Some(Ok(conn)) = waiter.fate
            && self.core.strays() == strays
        {
            self.supply(conn, self.now);
        }
    }

    fn start_connects(&mut self) {
        while let Some(attempt) = self.core.start_connect(self.now) {
            self.attempts.push(attempt);
            let waiting = self.line.iter().filter(|waiter| waiter.fate.is_none());
            let wanted = waiting.count().max(self.config.min_size as usize);
            assert!(self.attempts.len() <= wanted, "more than are needed");
        }
    }

    fn end_connect(&mut self, pick: usize) {
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
                if self.core.connects.failures > self.config.max_retries {
                    self.send_all_away("connect");
                }
            }
            1 => self.core.withdraw(self.now, attempt),
            _ => {
                let conn = self.next;
                self.next += 1;
                let life = if pick / 256 % 2 == 0 { NEVER } else { 60 * MS };
                self.core.terms.lifetime = life;
                self.core
                    .connected(self.now, attempt, conn, 0.0, &mut wakes);
                let slot = &self.core.slots[attempt.seat.number as usize];
                self.dies.insert(conn, slot.dies);
                self.supply(conn, self.now);
            }
        }
    }

    fn send_all_away(&mut self, why: &'static str) {
        for waiter in self.line.iter_mut().filter(|waiter| waiter.fate.is_none()) {
            waiter.fate = Some(Err(why));
        }
    }

    fn end_closing(&mut self, pick: usize) {
        if !self.closing.is_empty() {
            let close = self.closing.swap_remove(pick % self.closing.len());
            self.core.closed(self.now, close.seat);
        }
    }

    fn end_mending(&mut self, pick: usize) {
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
                    Remedy::Ping => self.core.slots[seat.number as usize].since,
                };
                self.core
                    .mended(self.now, seat, conn, remedy, true, &mut wakes);
                self.supply(conn, since);
            }
        }
    }

    fn pass_time(&mut self, pick: usize) {
        self.now += [1, 5 * MS, 10 * MS, 50 * MS][pick % 4];
        if pick / 4 % 2 == 1 {
            return;
        }
        let (_, due) = self.core.tick(self.now, &mut Wakes::default());
        assert!(due > self.now, "it would look again at once");
        for waiter in self.line.iter_mut().filter(|waiter| waiter.fate.is_none()) {
            if waiter.deadline <= self.now {
                waiter.fate = Some(Err("timeout"));
            }
        }
        self.mind_hold();
        self.retire();
    }

    fn mind_hold(&mut self) {
        let usable = self.core.usable();
        if self.core.connects.is_held(self.now) && usable == 0 {
            self.send_all_away("held");
        }
    }

    /// Takes those out that are too old, too many or have been idle for too long: from the oldest on.
    fn retire(&mut self) {
        let mut usable = self.idle.len()
            + self.core.count(Kind::Leased) as usize
            + self.core.count(Kind::Mending) as usize;
        let mut open = usable + self.core.count(Kind::Connecting) as usize;
        let timeout = self.core.terms.idle_timeout;
        let (now, min, max) = (self.now, self.config.min_size, self.config.max_size);
        let (dies, closed) = (&self.dies, self.closed);
        self.idle.retain(|idle| {
            let out = usable > min as usize && idle.since.saturating_add(timeout) <= now;
            let stays = dies[&idle.conn] > now && !closed && open <= max as usize && !out;
            usable -= usize::from(!stays);
            open -= usize::from(!stays);
            stays
        });
    }

    fn resize(&mut self, pick: usize) {
        let max = 1 + pick as u32 % 5;
        let min = (pick / 8) as u32 % 3;
        self.config = self.config.clone().max_size(max).min_size(min.min(max));
        self.core.change(self.now, Terms::of(&self.config));
        self.retire();
        self.bound = max.max(self.core.live());
    }

    fn evict(&mut self, pick: usize) {
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
                .insert(conn, self.core.slots[seat.number as usize].dies);
        }
        let granted: Vec<_> = self.line.iter().filter_map(|waiter| waiter.fate).collect();
        for conn in granted.into_iter().flatten() {
            // Where it is only the entry knows: the latest that it can be is what counts.
            let seat = self.core.line.granted_seat(conn);
            if let Some(seat) = seat.filter(|&seat| self.core.is_at(seat, Kind::Leased)) {
                self.dies
                    .insert(conn, self.core.slots[seat.number as usize].dies);
            }
        }
        self.retire();
    }

    fn suspend_or_resume(&mut self) {
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
    fn supply_resumed(&mut self, conn: Conn, since: u64) {
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

    fn revoke(&mut self, pick: usize) {
        let borrower = 1 + pick as u8 % 2;
        let revoked = self.core.revoke_from(self.now, borrower);
        for lease in &mut self.leases {
            let gone = revoked.iter().any(|holder| holder.seat == lease.seat);
            lease.revoked |= gone;
        }
    }

    fn rarely(&mut self, pick: usize) {
        match pick % 16 {
            0 => {
                self.core.close(self.now, NEVER, &mut Wakes::default());
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
            _ => {}
        }
    }

    fn check(&mut self) {
        let core = &self.core;
        let seated = self.closing.iter().filter(|close| close.seat.is_some());
        let granted = core.line.granted_seats();
        let granted = granted
            .iter()
            .filter(|&&seat| core.is_at(seat, Kind::Leased));
        let leases = self.leases.iter().filter(|lease| !lease.revoked);
        let expected = [
            (Kind::Idle, self.idle.len()),
            (Kind::Leased, leases.count() + granted.count()),
            (Kind::Connecting, self.attempts.len()),
            (Kind::Mending, self.mending.len()),
            (Kind::Closing, seated.count()),
        ];
        let mut live = 0;
        for (kind, expected) in expected {
            assert_eq!(core.count(kind) as usize, expected, "{kind:?}");
            let slots = core.slots.iter().filter(|slot| slot.kind == kind);
            assert_eq!(slots.count(), expected, "{kind:?}");
            live += expected;
        }
        assert_eq!(core.live() as usize, live);
        assert!(core.live() <= self.bound, "{live} of {}", self.bound);
        self.bound = self.config.max_size.max(core.live().min(self.bound));
        let numbers = core
            .idle
            .iter()
            .map(|&number| core.slots[number as usize].conn);
        let idle = self.idle.iter().map(|idle| Some(idle.conn));
        assert!(numbers.eq(idle), "idle in another order");
        let waiting = self.line.iter().filter(|waiter| waiter.fate.is_none());
        let keys = core.line.iter().map(|(key, _)| key);
        assert!(keys.eq(waiting.map(|waiter| waiter.key)), "another line");
        assert!(self.suspended || core.line.len() == 0 || self.idle.is_empty());
        assert_eq!(core.line.entries(), self.line.len());
        self.check_names();
    }

    /// Every connection is in one place at most.
    fn check_names(&self) {
        let granted = self.line.iter().filter_map(|waiter| waiter.fate?.ok());
        let closing = self.closing.iter().map(|close| close.conn);
        let mending = self.mending.iter().map(|mend| mend.conn);
        let leased = self.leases.iter().map(|lease| lease.conn);
        let idle = self.idle.iter().map(|idle| idle.conn);
        let all = granted.chain(closing).chain(mending);
        let mut names: Vec<_> = all.chain(leased).chain(idle).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "one is in two places");
    }
}

fn run(seed: u32, schedule: impl IntoIterator<Item = u32>) {
    let mut world = World::new(seed);
    for number in schedule {
        world.step(number);
    }
}

#[test]
fn in_a_hundred_thousand_schedules_the_core_does_what_the_model_does() {
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..SCHEDULES {
        let seed = chance.u32(..);
        let state = chance.get_seed();
        let schedule = std::iter::repeat_with(|| chance.u32(..)).take(STEPS);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, schedule)));
        if let Err(panic) = run {
            eprintln!("seed {seed}, chance {state}");
            std::panic::resume_unwind(panic);
        }
    }
}

proptest! {
    #[test]
    fn in_any_schedule_the_core_does_what_the_model_does(
        seed in any::<u32>(),
        schedule in proptest::collection::vec(any::<u32>(), 0..200),
    ) {
        run(seed, schedule);
    }
}
