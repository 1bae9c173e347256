//! What operators see of the service itself.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::result::{milliseconds, rfc3339};

/// The state of a health aggregator. As JSON, times are RFC 3339 and durations milliseconds.
///
/// What is counted is counted over all incarnations of the keeper.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HealthStats {
    /// Whether the keeper runs, so that checks are run without being asked for.
    pub available: bool,
    /// How many checks there are.
    pub checks: usize,
    /// How many there may be.
    pub checks_max: u32,
    /// How many were found in the namespace and have no room.
    pub checks_left_out: usize,
    /// How many are healthy.
    pub healthy: usize,
    /// How many are degraded.
    pub degraded: usize,
    /// How many are unknown.
    pub unknown: usize,
    /// How many are unhealthy.
    pub unhealthy: usize,
    /// How many runs are under way.
    pub running: usize,
    /// How many of them have lasted for longer than they may.
    pub stuck: usize,
    /// How many runs were begun.
    pub runs: u64,
    /// How many have lasted for longer than they may.
    pub timeouts: u64,
    /// How many have panicked, or lost their task.
    pub panics: u64,
    /// How many have ended after their time, their result counting for nothing.
    pub late: u64,
    /// How many sweeps were asked for and done.
    pub sweeps: u64,
    /// How many more were asked for, and got the answer of one that was under way.
    pub sweeps_joined: u64,
    /// How long the last one took; zero before the first.
    #[serde(rename = "last_sweep_ms", with = "milliseconds")]
    pub last_sweep: Duration,
    /// How many changes there were, of services and of the whole.
    pub changes: u64,
    /// How many of services went untold, as there were too many at once.
    pub changes_lost: u64,
    /// How many subscribers and watchers there are.
    pub subscribers: usize,
    /// The number of the present picture.
    pub sequence: u64,
    /// When health was first asked for in this namespace, or its checks registered.
    #[serde(with = "rfc3339")]
    pub start_time: SystemTime,
    /// How long the keeper that runs now has been running; `None` while there is none.
    #[serde(rename = "uptime_ms", serialize_with = "milliseconds_or_null")]
    pub uptime: Option<Duration>,
}

fn milliseconds_or_null<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(milliseconds::number).serialize(serializer)
}
