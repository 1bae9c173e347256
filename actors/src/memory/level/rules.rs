//! What a spec asks for.

use std::time::Duration;

use mainstay_specs::{MemoryManagerSpec, PressureLevel, Sustained};

/// When one level is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rung {
    /// From this share on.
    pub(crate) up: f64,
    /// With so many samples in a row.
    pub(crate) samples: u32,
}

/// When levels are reached, and when they end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    /// Medium, high and critical.
    pub(crate) rungs: [Rung; 3],
    pub(crate) hysteresis: f64,
    pub(crate) dwell: Duration,
    pub(crate) sustained: Option<Sustained>,
}

impl Rules {
    pub(crate) fn of(spec: &MemoryManagerSpec) -> Self {
        let rung = |level, samples| Rung {
            up: spec.threshold(level),
            samples,
        };
        Self {
            rungs: [
                rung(PressureLevel::Medium, spec.samples),
                rung(PressureLevel::High, 1),
                rung(PressureLevel::Critical, 1),
            ],
            hysteresis: spec.hysteresis,
            dwell: spec.dwell,
            sustained: spec.sustained,
        }
    }

    /// The level of a share that was always there.
    pub(crate) fn plain(&self, ratio: f64) -> PressureLevel {
        let reached = self.rungs.iter().rposition(|rung| ratio >= rung.up);
        reached.map_or(PressureLevel::Low, |nth| PressureLevel::ALL[nth + 1])
    }
}
