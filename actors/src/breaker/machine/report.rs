//! What is known of a breaker.

use super::{Machine, Probe, State};
use crate::breaker::event::{CircuitEventKind, CircuitState, Transition};
use crate::breaker::rules::Rules;
use crate::breaker::stats::Totals;
use crate::breaker::window::Counts;

impl<H> Machine<H> {
    /// What has happened since this was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<CircuitEventKind> {
        std::mem::take(&mut self.told)
    }

    pub(crate) const fn state(&self) -> CircuitState {
        self.state.name()
    }

    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(crate) const fn since(&self) -> (u64, u64) {
        self.since
    }

    pub(crate) const fn last_failure(&self) -> Option<u64> {
        self.last_failure
    }

    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn history(&self) -> Vec<Transition> {
        self.history.iter().copied().collect()
    }

    /// The calls in the window, as of the latest time.
    pub(crate) fn window(&mut self) -> Counts {
        self.watch.roll(self.now);
        self.watch.window.counts()
    }

    /// Who holds the permits of probes.
    pub(crate) fn probes(&self) -> &[Probe<H>] {
        match &self.state {
            State::HalfOpen(probation) => probation.probes(),
            _ => &[],
        }
    }

    /// Whether next to nothing would be lost if it were forgotten: so long ago was the last call that could be held against it that
    /// no rule about time would look at it any more, and it refuses nobody. One that is open or half open is no more than a closed
    /// one then, but for how often it has opened in a row.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        let forgotten = |at: u64| now.saturating_sub(at) >= self.rules.memory();
        let refuses_nobody = match &self.state {
            State::Closed => self.watch.flights.len() == 0,
            State::Open { until } => *until <= now,
            // What such a probe would come to has been over for as long too.
            State::HalfOpen(probation) => probation
                .probes()
                .iter()
                .all(|probe| forgotten(probe.deadline.saturating_add(self.rules.longest()))),
            _ => false,
        };
        refuses_nobody && self.last_bad.is_none_or(forgotten)
    }
}
