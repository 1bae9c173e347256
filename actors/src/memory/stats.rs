//! What operators see.

use std::time::Duration;

use mainstay_specs::PressureLevel;
use serde::{Serialize, Serializer};

use super::admission::AdmissionStats;
use super::cleanup::CleanupStats;
use super::reading::Reading;

/// A memory manager at one moment. As JSON, times are in milliseconds, in fields that end in `_ms`, or in microseconds, in `_us`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Whether the keeper runs.
    pub available: bool,
    /// The level.
    pub pressure_level: PressureLevel,
    /// The share that it comes from, 0 to 1.
    pub threshold_percentage: f64,
    /// How many bytes there are to the source with the highest share, headroom left out; `None` if it does not count bytes.
    pub total_memory: Option<u64>,
    /// How many bytes this process has in use: of its heap, where that is counted, or resident. `None`: not measured.
    pub process_memory: Option<u64>,
    /// How many bytes the machine has. `None`: not measured.
    pub system_memory: Option<u64>,
    /// How often the level has changed.
    pub level_changes: u64,
    /// How many of these changes were not told to telemetry, as more than 256 waited for a keeper.
    pub changes_lost: u64,
    /// How many subscribers there are.
    pub subscribers: u64,
    /// Who takes samples.
    pub sampler: SamplerStats,
    /// What the level comes from.
    pub reading: Reading,
    /// What has come of cleanups.
    pub cleanup: CleanupStats,
    /// What has come of operations that asked to be let in.
    pub admission: AdmissionStats,
}

/// The sampler at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SamplerStats {
    /// Whether its thread is there.
    pub running: bool,
    /// How many samples were taken.
    pub samples: u64,
    /// How often the thread was started anew as it was gone.
    pub restarts: u64,
    /// How long the last sample took.
    #[serde(rename = "last_took_us", serialize_with = "microseconds")]
    pub last_took: Duration,
    /// How long ago that was; `None` before the first.
    #[serde(rename = "age_ms", serialize_with = "maybe_milliseconds")]
    pub age: Option<Duration>,
}

fn microseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

pub(super) fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

// It is given what the field is, by reference.
#[allow(clippy::ref_option)]
pub(super) fn maybe_milliseconds<S: Serializer>(
    time: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, to),
        None => to.serialize_none(),
    }
}
