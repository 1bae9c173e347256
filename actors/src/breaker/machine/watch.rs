//! What is counted while a breaker is closed.

use crate::breaker::event::Cause;
use crate::breaker::flights::Flights;
use crate::breaker::recent::Recent;
use crate::breaker::rules::{Rules, reached};
use crate::breaker::window::{Mark, Window};

/// Everything that rules ask for.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) window: Window,
    pub(super) flights: Flights,
    recent: Recent,
    in_a_row: u32,
    /// Something was forgotten since the rates were last looked at: any outcome may now find one reached.
    unseen: bool,
}

impl Watch {
    pub(super) fn new(rules: &Rules, now: u64) -> Self {
        Self {
            window: Window::new(rules.window, now),
            flights: Flights::new(rules.tracked()),
            recent: Recent::default(),
            in_a_row: 0,
            unseen: false,
        }
    }

    /// Counts an outcome, and says whether the breaker is to open on it.
    pub(super) fn record(&mut self, mark: Mark, now: u64, rules: &Rules) -> Option<Cause> {
        self.roll(now);
        self.window.add(mark, 1);
        if !mark.failed {
            self.in_a_row = 0;
            return self.evaluate(rules);
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let recent = rules
            .failures
            .filter(|&(count, within)| self.recent.add(now, count, within))
            .map(|(count, _)| Cause::Failures { count });
        let in_a_row = rules
            .consecutive
            .filter(|&count| self.in_a_row >= count)
            .map(|count| Cause::ConsecutiveFailures { count });
        let rates = self.evaluate(rules);
        recent.or(in_a_row).or(rates)
    }

    /// Counts good calls that came one after the other, in the part of the window that was current last.
    pub(super) fn succeeded(&mut self, times: u64) {
        if times > 0 {
            self.window.add(Mark::GOOD, times);
            self.in_a_row = 0;
        }
    }

    /// Looks at the rates.
    pub(super) fn evaluate(&mut self, rules: &Rules) -> Option<Cause> {
        self.unseen = false;
        let counts = self.window.counts();
        let [failed, slow, either] = rules
            .rates(counts)
            .map(|(rate, bad)| rate.and_then(|rate| reached(rate, bad, counts.total)));
        let failed = failed.map(|rate| Cause::FailureRate { rate });
        let slow = slow.map(|rate| Cause::SlowRate { rate });
        let either = either.map(|rate| Cause::CombinedRate { rate });
        failed.or(slow).or(either)
    }

    /// Whether a good call could find a rate reached. It lowers every rate, and so could not, unless it is the one that makes the
    /// calls enough, or something was forgotten; or it was reached already, and that is counted and nothing more.
    pub(super) fn minds_good(&self, rules: &Rules, counts_only: bool) -> bool {
        let counts = self.window.counts();
        rules.rates(counts).iter().any(|&(rate, bad)| {
            let few = |minimum: u32| counts.total < u64::from(minimum);
            rate.is_some_and(|rate| {
                bad > 0 && (counts_only || self.unseen || few(rate.minimum_calls))
            })
        })
    }

    pub(super) fn roll(&mut self, now: u64) {
        self.unseen |= self.window.roll(now);
    }

    pub(super) fn reshape(self, rules: &Rules, now: u64) -> Self {
        let mut recent = self.recent;
        if rules.failures.is_none() {
            recent.clear();
        }
        Self {
            window: self.window.reshaped(rules.window, now),
            flights: self.flights.reshaped(rules.tracked()),
            recent,
            in_a_row: self.in_a_row,
            unseen: true,
        }
    }
}
