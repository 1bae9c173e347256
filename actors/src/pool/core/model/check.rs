//! What holds after every step.

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
