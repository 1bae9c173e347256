//! What operators see.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use super::path::ConfigPath;
use super::value::ConfigKind;

/// The state of a config server. As JSON, times are RFC 3339 and durations milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConfigStatus {
    /// Whether the actor runs, so that the configuration can be changed. It can be read in any case.
    pub available: bool,
    /// The version of the content: how many changes there were, updates and resets.
    pub version: u64,
    /// How many updates were carried out, over all incarnations of the actor.
    pub updates_count: u64,
    /// How many resets were carried out, over all incarnations of the actor.
    pub resets_count: u64,
    /// When the last change was made; `None` before the first.
    #[serde(serialize_with = "rfc3339")]
    pub last_update: Option<SystemTime>,
    /// How many subscribers there are.
    pub subscribers_count: usize,
    /// How large the content is, as [`Document::bytes`](super::Document::bytes) counts.
    pub bytes: u64,
    /// How many decoded values are kept for [`get_shared`](super::ConfigServer::get_shared).
    pub cached: u64,
    /// How long the actor that runs now has been running; `None` while there is none.
    #[serde(rename = "uptime_ms", serialize_with = "milliseconds")]
    pub uptime: Option<Duration>,
}

/// What is known of a path. As JSON, times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PathStatus {
    /// The path.
    pub path: ConfigPath,
    /// Whether there is a value.
    pub exists: bool,
    /// Which kind of value; `None` if there is none.
    pub kind: Option<ConfigKind>,
    /// The version that made the value what it is; 0 if it is as at the start; `None` if there is none. For a map or list:
    /// the last version that changed anything in it.
    pub version: Option<u64>,
    /// When that was.
    #[serde(serialize_with = "rfc3339")]
    pub changed_at: Option<SystemTime>,
    /// How often the value has become another since the path came to lead somewhere, coming to be included if it was not
    /// there at the start. Updates that set what was there already do not count.
    pub changes_count: u64,
    /// Whether it may be updated, as far as the path goes.
    pub updatable: bool,
}

fn rfc3339<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&humantime::format_rfc3339_millis(*time)),
        None => serializer.serialize_none(),
    }
}

fn milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let milliseconds = duration.map(|duration| duration.as_millis());
    let milliseconds = milliseconds.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    milliseconds.serialize(serializer)
}
