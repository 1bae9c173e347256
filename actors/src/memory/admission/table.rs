//! The decision: pure, with the chance given in.

use std::time::Duration;

use mainstay_specs::{AdmissionAction, AdmissionSpec, PressureLevel};

use super::class::{OperationClass, OperationPriority, Weather, scale};

/// What the table says of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Allow,
    Delay(Duration),
    /// Refused by chance.
    Shed,
    Refuse,
}

/// What becomes of operations, by class and level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) spec: AdmissionSpec,
    /// From which share on each level is reached.
    thresholds: [f64; 4],
}

impl Table {
    pub(crate) fn new(spec: AdmissionSpec, threshold: impl Fn(PressureLevel) -> f64) -> Self {
        Self {
            spec,
            thresholds: PressureLevel::ALL.map(threshold),
        }
    }

    /// From which share on memory is as good as gone: what is reserved stays below.
    pub(crate) const fn full(&self) -> f64 {
        self.thresholds[PressureLevel::Critical as usize]
    }

    /// What becomes of an operation; `chance` is evenly from 0 to less than 1.
    pub(crate) fn decide(
        &self,
        class: OperationClass,
        priority: OperationPriority,
        weather: Weather,
        chance: f64,
    ) -> Verdict {
        let action = self.spec.row(class).at(weather.level);
        match action {
            AdmissionAction::Allow => Verdict::Allow,
            AdmissionAction::Refuse => Verdict::Refuse,
            AdmissionAction::Delay => {
                let share = scale(priority, self.share(class, weather));
                let delay = self.spec.delay_max.mul_f64(share);
                if delay.is_zero() {
                    Verdict::Allow
                } else {
                    Verdict::Delay(delay)
                }
            }
            _ if chance < scale(priority, self.share(class, weather)) => Verdict::Shed,
            _ => Verdict::Allow,
        }
    }

    /// How far pressure is on its way through the levels at which the same becomes of this class, 0 to 1.
    ///
    /// This is the scaled trigger of Envoy's overload manager: nothing below where they begin, everything from where the next begins on,
    /// and in between as much as lies behind.
    fn share(&self, class: OperationClass, weather: Weather) -> f64 {
        let row = self.spec.row(class);
        let same = |level: &&PressureLevel| row.at(**level) == row.at(weather.level);
        let place = |level: &PressureLevel| self.thresholds[*level as usize];
        let levels = PressureLevel::ALL.iter();
        let from = levels.clone().find(same).map_or(0.0, place);
        let after = levels.rev().take_while(|level| !same(level)).last();
        let to = after.map_or(1.0, place);
        if weather.ratio >= to {
            1.0
        } else if weather.ratio <= from {
            0.0
        } else {
            (weather.ratio - from) / (to - from)
        }
    }
}
