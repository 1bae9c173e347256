//! What callers need to see of a machine.

use super::{Machine, State};
use crate::breaker::event::CircuitState;

/// A refusal, as the machine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) state: CircuitState,
    /// Until when; none if nobody knows.
    pub(crate) until: Option<u64>,
}

/// The part of a window of time that is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// How long parts are, in nanoseconds.
    pub(crate) length: u64,
    /// Its number.
    pub(crate) number: u64,
}

/// The machine as seen from outside: enough to admit a call, and take a success, without asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) state: CircuitState,
    pub(crate) generation: u64,
    /// The time of refusals.
    pub(crate) until: Option<u64>,
    /// Calls have to note when they began, as slow ones are told by it.
    pub(crate) stamped: bool,
    /// Each call is entered into a table.
    pub(crate) tracked: bool,
    /// Successes are counted by time, in parts.
    pub(crate) part: Option<Part>,
    /// Each success matters.
    pub(crate) attentive: bool,
    /// Calls are refused until the time is up, or something happens.
    pub(crate) refuses: bool,
}

impl<H> Machine<H> {
    pub(crate) fn face(&self) -> Face {
        let watching = matches!(self.state, State::Closed | State::MetricsOnly);
        let counts_only = matches!(self.state, State::MetricsOnly);
        let counting = watching || matches!(self.state, State::ForcedClosed);
        let part = match self.watch.window.part() {
            Some((length, number)) if watching => Some(Part { length, number }),
            _ => None,
        };
        let refused = self.check().err();
        Face {
            state: self.state.name(),
            generation: self.generation,
            until: refused.and_then(|refused| refused.until),
            stamped: counting && self.rules.slow_after.is_some(),
            tracked: watching && self.rules.in_flight.is_some(),
            part,
            attentive: watching && self.watch.minds_good(&self.rules, counts_only),
            refuses: refused.is_some(),
        }
    }
}
