//! What operators see.

use std::time::Duration;

use mainstay_specs::PressureLevel;
use serde::{Serialize, Serializer};

use super::reading::Reading;

/// A memory manager at one moment. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Whether the keeper runs.
    pub available: bool,
    /// The level.
    pub pressure_level: PressureLevel,
    /// What it comes from.
    pub reading: Reading,
    /// How long ago the last sample was taken; `None` before the first.
    #[serde(rename = "age_ms", serialize_with = "maybe_milliseconds")]
    pub age: Option<Duration>,
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
