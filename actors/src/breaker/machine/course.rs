//! Going from one state to another, by what is due or by what calls came to.

use std::time::Duration;

use super::{HISTORY, Machine, Probation, State, Watch};
use crate::breaker::event::{Cause, CircuitEventKind, Transition};

impl<H> Machine<H> {
    /// Lets everything happen that has fallen due by now.
    pub(crate) fn advance(&mut self, now: u64) {
        let before = self.now;
        self.now = now.max(before);
        while let Some(due) = self.due().filter(|&due| due <= self.now) {
            // Changed rules can make due what was due in the past.
            self.fall_due(due.max(before));
        }
    }

    /// When something happens by itself.
    pub(crate) fn due(&self) -> Option<u64> {
        match &self.state {
            State::Closed | State::MetricsOnly => {
                let (_, longer_than) = self.rules.in_flight?;
                self.watch.flights.due(longer_than)
            }
            State::Open { until } if self.rules.eager => Some(*until),
            State::ForcedOpen { until } => *until,
            State::HalfOpen(probation) => probation.due(),
            _ => None,
        }
    }

    /// When somebody should look, as something happens by itself or calls are let through again.
    pub(crate) fn wake(&self) -> Option<u64> {
        match &self.state {
            State::Open { until } if *until > self.now => Some(*until),
            _ => self.due(),
        }
    }

    fn fall_due(&mut self, at: u64) {
        match &mut self.state {
            State::HalfOpen(probation) => {
                let verdict = probation.expire(at);
                self.totals.expired += 1;
                self.judge(verdict, at);
            }
            State::Open { .. } | State::ForcedOpen { .. } => self.half_open(Cause::TimeUp, at),
            State::MetricsOnly => {
                // Had it opened, these would not count any more.
                self.totals.would_open += 1;
                self.watch.flights.set_aside();
            }
            _ => {
                let calls = u32::try_from(self.rules.tracked()).unwrap_or(u32::MAX);
                self.open(Cause::InFlight { calls }, at);
            }
        }
    }

    pub(super) fn open(&mut self, cause: Cause, at: u64) {
        let time = self.rules.open_time(self.again, self.chance.next());
        let until = at.saturating_add(time);
        self.to(State::Open { until }, cause, at);
    }

    pub(super) fn half_open(&mut self, cause: Cause, at: u64) {
        let probation = Probation::new(self.rules.half_open);
        self.to(State::HalfOpen(probation), cause, at);
    }

    pub(super) fn to(&mut self, state: State<H>, cause: Cause, at: u64) {
        let transition = Transition {
            sequence: self.next_sequence(),
            from: self.state.name(),
            to: state.name(),
            cause,
            at: Duration::from_nanos(at),
            failure_count: self.since.0,
            success_count: self.since.1,
        };
        self.state = state;
        self.begin(at);
        self.totals.state_changes += 1;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(transition);
        self.told.push(CircuitEventKind::Transition(transition));
    }

    /// Begins a generation: nothing that was admitted before counts any more.
    pub(super) fn begin(&mut self, at: u64) {
        self.generation += 1;
        self.since = (0, 0);
        self.watch = Watch::new(&self.rules, at);
    }

    pub(super) const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}
