//! What operators see.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

/// The state of an event store. As JSON, times are RFC 3339 and durations milliseconds.
///
/// What is counted is counted in this process, over all incarnations of the keeper; `events`, `bytes` and `last_id` are as of the last
/// time that something was stored or taken away from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EventStoreStats {
    /// Whether the keeper runs, so that events are stored.
    pub available: bool,
    /// Where the events are: `memory`, `sqlite`, `postgres`.
    pub backend: &'static str,
    /// How many events there are.
    pub events: u64,
    /// How many there may be.
    pub max_events: u64,
    /// How many bytes they have as JSON.
    pub bytes: u64,
    /// How many they may have.
    pub bytes_max: u64,
    /// The highest number that was given; 0 before the first.
    pub last_id: u64,
    /// How many events were stored.
    pub events_stored: u64,
    /// How many of them were alerts.
    pub alerts_stored: u64,
    /// How many went because they were too old, or somebody asked for it.
    pub events_pruned: u64,
    /// How many went because there was no room.
    pub events_evicted: u64,
    /// How many were refused because too much was waiting.
    pub events_refused: u64,
    /// How many were not stored, or are not known to be, because the backend has failed.
    pub events_failed: u64,
    /// How many transactions there were.
    pub commits: u64,
    /// The most callers that one of them has served.
    pub largest_group: u64,
    /// How many events wait to be stored.
    pub waiting: u64,
    /// How many bytes they have.
    pub waiting_bytes: u64,
    /// How long those have waited whose events are not stored yet; `None` if there are none.
    #[serde(rename = "longest_wait_ms", serialize_with = "milliseconds")]
    pub longest_wait: Option<Duration>,
    /// How many questions are being answered.
    pub questions: u64,
    /// How many more wait for their turn.
    pub questions_waiting: u64,
    /// How many subscribers there are.
    pub subscribers: u64,
    /// What went wrong last, if anything has.
    pub last_failure: Option<String>,
    /// When that was.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub last_failure_time: Option<SystemTime>,
    /// How often something went wrong since the last transaction that was done: 0 if all is well.
    pub failures_in_a_row: u64,
    /// When the store was made in this process.
    #[serde(serialize_with = "rfc3339")]
    pub start_time: SystemTime,
    /// How long the keeper that runs now has been running; `None` while there is none.
    #[serde(rename = "uptime_ms", serialize_with = "milliseconds")]
    pub uptime: Option<Duration>,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

fn rfc3339_if_any<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let time = time.map(|time| humantime::format_rfc3339_millis(time).to_string());
    time.serialize(serializer)
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let milliseconds = duration.map(|duration| duration.as_millis());
    let milliseconds = milliseconds.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    milliseconds.serialize(serializer)
}
