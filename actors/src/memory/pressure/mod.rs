//! From what the sources say to a reading: pure, and no clock of its own.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Pressure`], [`Simulation`] |

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{PressureLevel, ServiceName};

use crate::memory::event::PressureChange;
use crate::memory::level::{Ladder, Rules};
use crate::memory::reading::{Reading, SourceState};
use crate::memory::source::Sample;

/// What simulated pressure is called as a cause.
pub(crate) const SIMULATION: &str = "simulation";

/// Pressure that somebody makes up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Simulation {
    pub(crate) level: PressureLevel,
    pub(crate) ratio: f64,
    /// It ends at this time.
    pub(crate) until: Duration,
    /// It may make light of a critical level that is real.
    pub(crate) hides_critical: bool,
}

/// The state that readings come from.
#[derive(Debug)]
pub(crate) struct Pressure {
    ladder: Ladder,
    reading: Reading,
    simulation: Option<Simulation>,
    /// What the real source with the highest share is.
    measured_cause: Option<ServiceName>,
}

impl Pressure {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            ladder: Ladder::new(rules),
            reading: Reading::first(),
            simulation: None,
            measured_cause: None,
        }
    }

    pub(crate) const fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(crate) const fn simulation(&self) -> Option<&Simulation> {
        self.simulation.as_ref()
    }

    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.ladder.set_rules(rules);
    }

    /// Takes in what the sources say. If none says anything, as there is none or all have failed, the level stays, and is stale.
    pub(crate) fn sample(&mut self, sample: Sample, now: Duration) -> Option<PressureChange> {
        let is_known = sample
            .sources
            .iter()
            .any(|source| source.ratio.is_some() && source.state == SourceState::Measured);
        let winner = sample
            .sources
            .iter()
            .filter_map(|source| Some((source.ratio?, &source.name)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|_| is_known);
        if let Some((ratio, name)) = winner {
            self.measured_cause = Some(name.clone());
            self.reading.measured_ratio = ratio;
            self.reading.measured_level = self.ladder.step(ratio, now);
        }
        self.reading.stale = winner.is_none();
        self.reading.number += 1;
        self.reading.at = now;
        self.reading.facts = sample.facts;
        self.reading.sources = sample.sources.into();
        self.show(now)
    }

    /// The last sample is too old; says whether that is new.
    pub(crate) const fn set_stale(&mut self) -> bool {
        !std::mem::replace(&mut self.reading.stale, true)
    }

    /// Begins a simulation, in place of the one there is; or ends it.
    pub(crate) fn simulate(
        &mut self,
        simulation: Option<Simulation>,
        now: Duration,
    ) -> Option<PressureChange> {
        self.simulation = simulation;
        self.show(now)
    }

    /// Lets a simulation end whose time has come.
    pub(crate) fn expire(&mut self, now: Duration) -> Option<PressureChange> {
        self.show(now)
    }

    fn show(&mut self, now: Duration) -> Option<PressureChange> {
        self.simulation = self.simulation.filter(|simulation| now < simulation.until);
        let measured = self.reading.measured_level;
        let shown = self.simulation.filter(|simulation| {
            simulation.hides_critical
                || measured < PressureLevel::Critical
                || simulation.level == PressureLevel::Critical
        });
        let from = self.reading.level;
        let reading = &mut self.reading;
        reading.simulated = shown.is_some();
        if let Some(simulation) = shown {
            reading.level = simulation.level;
            reading.ratio = simulation.ratio;
            // A name is not empty, short, and without `/` and white space: this one is.
            reading.cause = Some(ServiceName::new(SIMULATION).expect("a name"));
        } else {
            reading.level = measured;
            reading.ratio = reading.measured_ratio;
            reading.cause.clone_from(&self.measured_cause);
        }
        (reading.level != from).then(|| PressureChange {
            from,
            to: reading.level,
            ratio: reading.ratio,
            cause: reading.cause.clone(),
            simulated: reading.simulated,
            number: reading.number,
            at: now,
        })
    }

    /// What readers see.
    pub(crate) fn shown(&self) -> Arc<Reading> {
        Arc::new(self.reading.clone())
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
