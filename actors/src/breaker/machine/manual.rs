//! What somebody says a breaker is to do.

use super::{Machine, Probation, State, Watch};
use crate::breaker::event::{Cause, CircuitEventKind};
use crate::breaker::rules::Rules;

/// What a breaker is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// To refuse everything, until then or until told otherwise. Then it finds out whether it may close.
    ForceOpen {
        until: Option<u64>,
    },
    ForceClosed,
    Disable,
    MetricsOnly,
    /// To begin anew, closed.
    Reset,
}

impl<H> Machine<H> {
    pub(crate) fn obey(&mut self, order: Order, now: u64) {
        self.advance(now);
        let state = match order {
            Order::ForceOpen { until } => State::ForcedOpen { until },
            Order::ForceClosed => State::ForcedClosed,
            Order::Disable => State::Disabled,
            Order::MetricsOnly => State::MetricsOnly,
            Order::Reset => State::Closed,
        };
        let cause = match order {
            Order::Reset => Cause::Reset,
            _ => Cause::Forced,
        };
        self.again = 0;
        if self.state.name() != state.name() {
            self.to(state, cause, self.now);
        } else {
            // It forgets what it has counted, and what is out by now.
            self.state = state;
            self.begin(self.now);
        }
    }

    /// What it follows was restarted: what it has heard of the one before says nothing about this one.
    pub(crate) fn restarted(&mut self, now: u64) {
        self.advance(now);
        match self.state {
            State::Open { .. } => self.half_open(Cause::Restarted, self.now),
            State::HalfOpen(_) => {
                self.state = State::HalfOpen(Probation::new(self.rules.half_open));
                self.begin(self.now);
            }
            _ => {}
        }
    }

    /// Goes by other rules from now on: what is counted is kept as far as they have a use for it, an open breaker stays open for
    /// as long as it was to, the probes of a half-open one are those of before.
    pub(crate) fn reconfigure(&mut self, rules: Rules, now: u64) {
        self.advance(now);
        let nothing = Watch::new(&rules, self.now);
        self.watch = std::mem::replace(&mut self.watch, nothing).reshape(&rules, self.now);
        self.rules = rules;
        self.version += 1;
        let (sequence, version) = (self.next_sequence(), self.version);
        self.told
            .push(CircuitEventKind::Reconfigured { sequence, version });
        // Rules about calls that are out may hold already.
        self.advance(self.now);
    }
}
