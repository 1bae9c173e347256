//! What outcomes count for.

use super::{Machine, State};
use crate::breaker::event::Cause;
use crate::breaker::outcome::Outcome;
use crate::breaker::window::Mark;

impl<H> Machine<H> {
    pub(super) fn count(&mut self, outcome: Outcome, mark: Mark) {
        self.totals.count(outcome, mark.slow);
        if !mark.is_good() {
            self.last_bad = Some(self.now);
        }
        if mark.failed {
            self.since.0 += 1;
            self.last_failure = Some(self.now);
        } else if !outcome.is_neutral() {
            self.since.1 += 1;
        }
    }

    /// Has the rules of a closed breaker look at an outcome.
    pub(super) fn watch_closed(&mut self, mark: Mark) {
        if !matches!(self.state, State::Closed | State::MetricsOnly) {
            return;
        }
        let cause = self.watch.record(mark, self.now, &self.rules);
        self.act_on(cause);
    }

    fn act_on(&mut self, cause: Option<Cause>) {
        match (cause, &self.state) {
            (Some(cause), State::Closed) => self.open(cause, self.now),
            (Some(_), State::MetricsOnly) => self.totals.would_open += 1,
            _ => {}
        }
    }

    /// So many calls succeeded, none of them slow, since the last time anything else happened. They decide nothing.
    pub(crate) fn absorb(&mut self, successes: u64) {
        match self.state {
            State::Closed | State::MetricsOnly => self.watch.succeeded(successes),
            State::ForcedClosed => {}
            _ => return,
        }
        self.totals.successes += successes;
        self.since.1 += successes;
    }

    /// So many calls succeeded in a generation that is over by now.
    pub(crate) fn absorb_late(&mut self, successes: u64) {
        self.totals.late += successes;
    }

    /// Forgets what is too old by now. What is absorbed after that belongs to now.
    pub(crate) fn roll(&mut self, now: u64) {
        self.now = now.max(self.now);
        self.watch.roll(self.now);
    }

    /// Looks at the rates once more, after what came when nobody was to come any more.
    pub(crate) fn evaluate(&mut self, now: u64) {
        self.advance(now);
        if let State::Closed | State::MetricsOnly = self.state {
            self.watch.roll(self.now);
            let cause = self.watch.evaluate(&self.rules);
            self.act_on(cause);
        }
    }
}
