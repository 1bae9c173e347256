//! What happens, as subscribers see it.

use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};
use serde::Serialize;

use super::request::CleanupPriority;

/// How a run of a strategy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CleanupResult {
    /// It did what it could.
    Done,
    /// It has failed, and has said why.
    Failed,
    /// It panicked.
    Panicked,
    /// It took longer than it may, and was dropped.
    TimedOut,
    /// Nobody saw its end: the executor was stopped or has crashed.
    Lost,
}

impl CleanupResult {
    /// As it is called in telemetry and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }
}

/// What a round of cleanups came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoundOutcome {
    /// Pressure is relieved.
    Relieved,
    /// As many bytes were freed as were to be, by what the allocator says.
    TargetMet,
    /// There was no target, and what there is of the mildest class was done.
    Done,
    /// All was done that may be, and it was not enough.
    Missed,
}

impl RoundOutcome {
    /// As it is called in telemetry and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relieved => "relieved",
            Self::TargetMet => "target_met",
            Self::Done => "done",
            Self::Missed => "missed",
        }
    }
}

/// A strategy is being run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupStart {
    /// Of which round.
    pub round: u64,
    /// Whose memory it frees.
    pub service: ServiceName,
    /// Its class.
    pub class: CleanupClass,
    /// How urgent it is.
    pub priority: CleanupPriority,
    /// How many bytes it is to free, if that is known.
    pub target: Option<u64>,
}

/// A strategy was run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupEnd {
    /// Of which round.
    pub round: u64,
    /// Whose memory it was to free.
    pub service: ServiceName,
    /// Its class.
    pub class: CleanupClass,
    /// How it ended.
    pub result: CleanupResult,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// By how many bytes less of the heap is in use; none if that is not measured.
    pub freed: Option<u64>,
    /// How many bytes it says to have freed.
    pub told: Option<u64>,
    /// How many things it says have gone.
    pub entries: u64,
    /// How long it took.
    pub took: Duration,
}

/// A round of cleanups is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoundEnd {
    /// Which round.
    pub round: u64,
    /// Which service was cleaned; none for all.
    pub service: Option<ServiceName>,
    /// What it came to.
    pub outcome: RoundOutcome,
    /// The highest class that was come to, if anything was run.
    pub class: Option<CleanupClass>,
    /// How many strategies were run.
    pub runs: u32,
    /// By how many bytes less of the heap is in use; none if that is not measured.
    pub freed: Option<u64>,
    /// How long it took.
    pub took: Duration,
}
