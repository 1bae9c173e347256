//! What holds after every step.

use super::work::{CONNECTED, MENDED};
use super::*;

impl World {
    pub(super) fn check(&mut self) {
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
        // Those of who took what they were granted without being seen.
        let taken = self.leases.iter().filter(|lease| !lease.revoked);
        let taken = taken.filter(|lease| core.slots[lease.seat.number() as usize].key != NO_KEY);
        assert_eq!(core.line.entries(), self.line.len() + taken.count());
        let mut held = Held::none();
        let leased = core.holders().filter_map(|holder| holder.borrower);
        leased.for_each(|borrower| held.add(borrower));
        assert_eq!(core.held, held);
        let longest = core.holders().map(|holder| holder.since).min();
        let found = self.core.situation(self.now).longest;
        assert_eq!(found.map(|holder| holder.since), longest);
        self.check_names();
        self.check_agendas();
    }

    /// Nothing is looked at too late.
    fn check_agendas(&self) {
        let (core, agendas) = (&self.core, &self.core.agendas);
        for (number, slot) in (0..).zip(&core.slots) {
            let is_idle = slot.kind == Kind::Idle;
            let comes_back = matches!(slot.kind, Kind::Leased | Kind::Mending);
            if is_idle || (comes_back && slot.dies > self.now) {
                assert!(agendas.ages.planned(number) <= slot.dies, "it stays");
            }
            if is_idle {
                let ping_at = slot.tried.saturating_add(core.terms.keepalive);
                assert!(agendas.pings.planned(number) <= ping_at, "it is not pinged");
            }
            if slot.kind == Kind::Leased {
                let ends = slot.since.saturating_add(core.terms.revoke);
                assert!(agendas.leases.planned(number) <= ends, "it is not revoked");
            }
        }
    }

    /// Wherever there is something to do for a keeper it was called, or will look by itself at the time it has set.
    pub(super) fn check_call(&mut self) {
        let core = &mut self.core;
        self.called |= core.take_call() || core.armed <= self.now;
        if self.called {
            return;
        }
        assert_eq!(core.connects_wanted(self.now), 0, "nobody is called");
        assert!(core.to_close.is_empty(), "nobody is called to close");
        assert!(core.to_mend.is_empty(), "nobody is called to mend");
        let (due, armed) = (self.due(), self.core.armed);
        assert!(armed <= due, "looked at {armed}, and due at {due}");
    }

    /// When there is something to be done, found by looking at everything.
    fn due(&self) -> u64 {
        let core = &self.core;
        let ping = match core.pings < core.terms.connects_max {
            true => core.terms.keepalive,
            false => NEVER,
        };
        let idle = core.idle.iter().map(|&number| {
            let slot = &core.slots[number as usize];
            let ping_at = slot.tried.saturating_add(ping);
            slot.dies.min(core.idle_out(number)).min(ping_at)
        });
        let leases = core.holders().map(|holder| {
            let ends = holder.since.saturating_add(core.terms.revoke);
            ends.min(core.revoke_at)
        });
        let first = idle.chain(leases).min().unwrap_or(NEVER);
        let first = first.min(core.line.soonest);
        first.min(core.next_connect(self.now))
    }

    /// With a keeper, while time stands still, and everything it tries works: nobody waits then for nothing.
    pub(super) fn come_to_rest(&mut self) {
        for _ in 0..200 {
            self.work();
            if !self.called && self.attempts.is_empty() {
                break;
            }
        }
        assert!(!self.called, "there is no end to it");
        let core = &self.core;
        let is_held = self.now < core.connects.not_before;
        let all_lent = core.count(Kind::Leased) == core.live() && core.live() >= core.terms.max;
        let wanted = core.connects_wanted(self.now);
        let excused = is_held || all_lent || self.suspended || wanted == 0;
        assert!(
            core.line.len() == 0 || excused,
            "somebody waits for nothing"
        );
        // Those who have time enough are worth an attempt, so if there is room nobody of them is left.
        let patient = core.worth_connecting_for(self.now, u32::MAX);
        assert!(patient == 0 || is_held || all_lent, "{patient} wait");
    }

    /// What a keeper does when it is called, each task of which ends well at once.
    fn work(&mut self) {
        self.look();
        loop {
            if !self.attempts.is_empty() {
                self.end_connect(CONNECTED);
            } else if !self.closing.is_empty() {
                self.end_closing(0);
            } else if !self.mending.is_empty() {
                self.end_mending(MENDED);
            } else {
                return;
            }
            self.check_call();
            self.collect();
            self.check();
        }
    }

    /// Every connection is in one place at most.
    pub(super) fn check_names(&self) {
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
