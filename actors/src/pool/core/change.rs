//! Another size, eviction, suspension, the end.

use std::hash::Hash;

use super::codel::CoDel;
use super::report::Refusal;
use super::slot::Kind;
use super::{Core, Phase, Terms, Wakes};

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// Goes by other terms. What is too much is closed, at once if it is idle, and otherwise when it comes back.
    pub(crate) fn change(&mut self, now: u64, terms: Terms) {
        if terms.codel != self.terms.codel {
            self.codel = terms.codel.map(CoDel::new);
        }
        let connects = &mut self.connects;
        connects.allowed = match connects.failures {
            0 => terms.connects_max,
            _ => connects.allowed.min(terms.connects_max),
        };
        self.terms = terms;
        self.plan_anew();
        self.retire(now);
        self.shrink();
        // It has to find out anew when it is needed.
        self.call = true;
    }

    /// Has everything closed that there is, spread over a time, each one when it is idle; what is being connected when it is there.
    /// How many that are.
    pub(crate) fn evict(&mut self, now: u64, spread: u64) -> u32 {
        self.connects.generation += 1;
        self.replace(now, spread)
    }

    /// The same, but what is being connected stays.
    pub(crate) fn replace(&mut self, now: u64, spread: u64) -> u32 {
        let usable = self.usable();
        let mut nth = 0;
        for slot in &mut self.slots {
            if matches!(slot.kind, Kind::Idle | Kind::Leased | Kind::Mending) {
                let part = u128::from(spread) * nth / u128::from(usable.max(1));
                let end = now.saturating_add(u64::try_from(part).unwrap_or(u64::MAX));
                slot.dies = slot.dies.min(end);
                nth += 1;
            }
        }
        self.plan_anew();
        self.retire(now);
        self.call = true;
        usable
    }

    /// Closes what is idle for so long that it would have to be pinged.
    pub(super) fn evict_unproven(&mut self, now: u64) {
        for &number in &self.idle {
            let slot = &mut self.slots[number as usize];
            if now.saturating_sub(slot.tried) >= self.terms.validate_after {
                slot.dies = now;
                self.agendas.ages.plan(number, now);
            }
        }
        self.retire(now);
    }

    /// Closes what is idle, whatever it is. How many that are.
    pub(crate) fn evict_idle(&mut self, now: u64) -> u32 {
        for &number in &self.idle {
            self.slots[number as usize].dies = now;
            self.agendas.ages.plan(number, now);
        }
        let count = self.idle.len() as u32;
        self.retire(now);
        self.look_for_connects(now);
        count
    }

    /// Lends nothing until it is resumed; who asks, waits.
    pub(crate) fn suspend(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Suspended;
        }
    }

    /// Lends again.
    pub(crate) fn resume(&mut self, now: u64, wakes: &mut Wakes) {
        if self.phase == Phase::Suspended {
            self.phase = Phase::Open;
            self.serve_idle(now, wakes);
            self.look_for_connects(now);
        }
    }

    /// Closes the pool for good: who waits is sent away, what is idle is closed, what is leased or being connected is closed when
    /// it comes. Leases are taken away when the time to give them back is up. A later call can only bring that nearer.
    pub(crate) fn close(&mut self, now: u64, revoke_at: u64, wakes: &mut Wakes) {
        self.phase = Phase::Closed;
        self.revoke_at = self.revoke_at.min(revoke_at);
        self.send_all_away(Refusal::Closed, wakes);
        self.retire(now);
        self.call = true;
    }

    /// Whether a pool that was closed has nothing left.
    pub(crate) fn is_drained(&self) -> bool {
        self.phase == Phase::Closed && self.live() == 0
    }
}
