//! What operators see.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

/// The state of a metrics store. As JSON, durations are milliseconds.
///
/// What can be counted is recorded by the store as series of its own as well: `mainstay.metrics.series`, `.bytes`, `.overflowed`,
/// `.dropped`, `.unplaced`, `.expired`, `.shed` and `.tick_lateness`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MetricsStatus {
    /// Whether the keeper runs. Without it all can be recorded and asked, but slots become longer and nothing expires.
    pub available: bool,
    /// Which keeper it is, from 1: how often one was started. The series go on from one to the next.
    pub generation: u64,
    /// How many series there are, those of the store itself included.
    pub series: usize,
    /// How many there may be, apart from the few of each family that take what overflows.
    pub series_max: usize,
    /// What they take, about, as of the last tick.
    pub bytes: usize,
    /// What they may take.
    pub bytes_max: usize,
    /// How often somebody asked for a series that there was no room for, and got that of all such ones. An
    /// [`Operation`](super::Operation) asks each time it records, until there is room.
    pub overflowed: u64,
    /// How many samples were not recorded: none, unless another family has taken the name of an [`Operation`](super::Operation).
    pub dropped: u64,
    /// How many samples were recorded as counts and sums only, as there was no room for values of their magnitude: see
    /// [`Distribution::unplaced`](super::Distribution::unplaced).
    pub unplaced: u64,
    /// How many series have expired.
    pub expired: u64,
    /// How often the hours and days of a series were thrown away to make room.
    pub shed: u64,
    /// How many ticks there were.
    pub ticks: u32,
    /// How late the last tick was; `None` before the first.
    #[serde(rename = "tick_lateness_ms", serialize_with = "milliseconds")]
    pub tick_lateness: Option<Duration>,
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let milliseconds = duration.map(|duration| duration.as_millis());
    let milliseconds = milliseconds.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    milliseconds.serialize(serializer)
}

pub(super) fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}
