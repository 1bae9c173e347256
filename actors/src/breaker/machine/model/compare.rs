//! What a machine has to have in common with the model.

use super::Model;
use crate::breaker::event::CircuitState;
use crate::breaker::machine::{Lease, Machine};
use crate::breaker::stats::Totals;

/// All outcomes that were counted, by what they were, and how many of them were slow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(super) successes: u64,
    pub(super) failures: u64,
    pub(super) timed_out: u64,
    pub(super) panicked: u64,
    pub(super) ignored: u64,
    pub(super) cancelled: u64,
    pub(super) slow: u64,
    pub(super) expired: u64,
}

/// What the machine has to have in common with the model at every moment.
pub(crate) fn compare<H>(machine: &mut Machine<H>, model: &Model) {
    assert_eq!(machine.state(), model.state);
    assert_eq!(machine.check(), model.check());
    assert_eq!(machine.totals().late, model.late);
    assert_eq!(machine.totals().would_open, model.would_open);
    assert_eq!(machine.due(), model.due());
    assert_eq!(machine.window(), model.window());
    assert_eq!(machine.since(), model.since);
    assert_eq!(Counted::of(machine.totals()), model.counted);
    let probes = model.out().len();
    let probing = model.state == CircuitState::HalfOpen;
    assert_eq!(machine.probes().len(), if probing { probes } else { 0 });
    assert_eq!(machine.is_idle(model.now), model.is_idle());
}

impl Counted {
    pub(crate) const fn of(totals: &Totals) -> Self {
        Self {
            successes: totals.successes,
            failures: totals.failures,
            timed_out: totals.timed_out,
            panicked: totals.panicked,
            ignored: totals.ignored,
            cancelled: totals.cancelled,
            slow: totals.slow,
            expired: totals.expired,
        }
    }
}

impl Model {
    /// It refuses nobody, and what was bad is so long ago that no rule would look at it.
    fn is_idle(&self) -> bool {
        let forgotten = |at: u64| self.now - at >= self.rules.memory();
        let refuses_nobody = match self.state {
            CircuitState::Closed => {
                let tracked = |&nth: &usize| self.calls[nth].tracked;
                !self.out().iter().any(tracked)
            }
            CircuitState::Open => self.until <= Some(self.now),
            // What is due has happened: those that are out are not due yet.
            CircuitState::HalfOpen => self.out().is_empty(),
            _ => false,
        };
        refuses_nobody && self.last_bad.is_none_or(forgotten)
    }
}

pub(crate) const fn is_probe(lease: Lease) -> bool {
    matches!(lease, Lease::Probe(_))
}
