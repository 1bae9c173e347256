//! What probes come to.

use super::probation::Verdict;
use super::{Machine, State};
use crate::breaker::event::{Cause, CircuitEventKind};
use crate::breaker::outcome::Outcome;
use crate::breaker::window::Mark;

impl<H> Machine<H> {
    pub(super) fn settle_probe(&mut self, number: u64, outcome: Outcome, mark: Mark) {
        let State::HalfOpen(probation) = &mut self.state else {
            return; // Only a half-open generation has probes, and this is the one it was admitted in.
        };
        if !probation.give_back(number) {
            self.totals.late += 1; // Its permit was taken from it.
            return;
        }
        let good = !(mark.failed || mark.slow && self.rules.minds_slow());
        let verdict = probation.settle((!outcome.is_neutral()).then_some(good));
        self.count(outcome, mark);
        self.judge(verdict, self.now);
    }

    pub(super) fn judge(&mut self, verdict: Verdict, at: u64) {
        match verdict {
            Verdict::Undecided => {}
            Verdict::Inconclusive(probes) => {
                let sequence = self.next_sequence();
                let kind = CircuitEventKind::ProbesInconclusive { sequence, probes };
                self.told.push(kind);
            }
            Verdict::Close => {
                self.again = 0;
                self.to(State::Closed, Cause::ProbesSucceeded, at);
            }
            Verdict::Reopen => {
                self.again = self.again.saturating_add(1);
                self.open(Cause::ProbesFailed, at);
            }
        }
    }
}
