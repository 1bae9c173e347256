//! What happens, as subscribers see it.

use std::time::Duration;

use mainstay_specs::{PressureLevel, ServiceName};

use super::cleanup::{CleanupEnd, CleanupStart, RoundEnd};

/// Something that has happened to a memory manager.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MemoryEvent {
    /// The level is another.
    Pressure(PressureChange),
    /// The last sample has become stale, or the sampler is back: true for stale.
    Stale(bool),
    /// A cleanup strategy is being run.
    CleanupTriggered(CleanupStart),
    /// A cleanup strategy was run.
    CleanupFinished(CleanupEnd),
    /// A round of cleanups is over.
    RoundEnded(RoundEnd),
    // Of `budget/`, from here on.
}

/// The level has changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PressureChange {
    /// What it was.
    pub from: PressureLevel,
    /// What it is.
    pub to: PressureLevel,
    /// The share it comes from.
    pub ratio: f64,
    /// The source with the highest share; `simulation` if it is simulated.
    pub cause: Option<ServiceName>,
    /// Whether the new level is simulated.
    pub simulated: bool,
    /// The number of the sample.
    pub number: u64,
    /// When, from when the manager was made on.
    pub at: Duration,
}
