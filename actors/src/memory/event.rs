//! What happens, as subscribers see it.

use std::time::Duration;

use mainstay_specs::{PressureLevel, ServiceName};

use super::budget::BudgetEvent;
use super::cleanup::{CleanupEnd, CleanupStart, RoundEnd};

/// Something that has happened to a memory manager.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MemoryEvent {
    /// The level is another.
    Pressure(PressureChange),
    /// The last sample has become stale, as it is too old, no source has said anything for it, or the memory manager was stopped: true. Or
    /// there is one again that is not: false.
    Stale(bool),
    /// A cleanup strategy is being run.
    CleanupTriggered(CleanupStart),
    /// A cleanup strategy was run.
    CleanupFinished(CleanupEnd),
    /// A round of cleanups is over.
    RoundEnded(RoundEnd),
    /// Something has come of a budget.
    Budget(BudgetEvent),
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
