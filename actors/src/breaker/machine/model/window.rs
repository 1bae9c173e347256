//! Which calls rates are taken of.

use mainstay_specs::CallRate;

use super::{Entry, Model};
use crate::breaker::event::CircuitState;
use crate::breaker::rules::Rules;
use crate::breaker::window::{Counts, Shape};

impl Model {
    pub(super) fn rate(&self, rule: Option<CallRate>, bad: fn(&Entry) -> bool) -> Option<f64> {
        let rule = rule?;
        let inside = self.inside();
        let share = inside.iter().filter(|entry| bad(entry)).count() as f64 / inside.len() as f64;
        let enough = inside.len() >= rule.minimum_calls as usize;
        (enough && share >= rule.threshold).then_some(share)
    }

    /// The calls in the window.
    fn inside(&self) -> Vec<&Entry> {
        let known: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.window.is_some())
            .collect();
        match self.rules.window {
            Shape::Calls(calls) => known[known.len().saturating_sub(calls)..].to_vec(),
            Shape::Span { bucket, buckets } => {
                let part = |entry: &Entry| entry.window.expect("it is known") / bucket;
                let recent = |entry: &&&Entry| part(entry) + buckets as u64 > self.now / bucket;
                known.iter().filter(recent).copied().collect()
            }
            Shape::None => Vec::new(),
        }
    }

    /// How many there are in the window, how many of them failed, were slow, or either.
    pub(super) fn window(&self) -> Counts {
        let watches = matches!(self.state, CircuitState::Closed | CircuitState::MetricsOnly);
        let inside = if watches { self.inside() } else { Vec::new() };
        let count = |is: fn(&Entry) -> bool| inside.iter().filter(|entry| is(entry)).count() as u64;
        Counts {
            total: inside.len() as u64,
            failed: count(|entry| entry.failed),
            slow: count(|entry| entry.slow),
            either: count(|entry| entry.failed || entry.slow),
        }
    }

    pub(crate) fn reconfigure(&mut self, rules: Rules, now: u64) {
        self.advance(now);
        self.carry_over(&rules);
        if rules.failures.is_none() {
            self.entries
                .iter_mut()
                .for_each(|entry| entry.recent = false);
        }
        if rules.in_flight.is_none() {
            self.calls.iter_mut().for_each(|call| call.tracked = false);
        }
        self.rules = rules;
        self.advance(now);
    }

    /// What is in the window stays in it as far as it fits: a part of a window of time goes, whole, to where it began.
    fn carry_over(&mut self, rules: &Rules) {
        let (old, new) = (self.rules.window, rules.window);
        let kept = match (old, new) {
            (Shape::Calls(_), Shape::Calls(calls)) => calls.min(self.inside().len()),
            _ => self.inside().len(),
        };
        // Those that are inside are the last.
        let known = self.entries.iter().filter(|entry| entry.window.is_some());
        let mut skip = known.count() - kept;
        for entry in self
            .entries
            .iter_mut()
            .filter(|entry| entry.window.is_some())
        {
            let gone = skip > 0;
            skip = skip.saturating_sub(1);
            entry.window = match (old, new) {
                _ if gone => None,
                (Shape::Calls(_), Shape::Calls(_)) => entry.window,
                (Shape::Span { bucket: old, .. }, Shape::Span { bucket, buckets }) => {
                    let began = entry.window.expect("it is known") / old * old;
                    (began / bucket + buckets as u64 > self.now / bucket).then_some(began)
                }
                _ => None,
            };
        }
    }
}
