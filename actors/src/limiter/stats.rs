//! What callers and operators see.

use std::time::Duration;

use mainstay_specs::{Algorithm, NamespaceName, ServiceName};
use serde::Serialize;

/// What a key has left. Looking takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// How much the limiter lets through in each window.
    pub limit: u32,
    /// How much can be had at once.
    pub remaining: u32,
    /// Whether a call that costs 1 would be refused now.
    pub limited: bool,
    /// In how long such a call would be let through, if it would be refused now. Never zero.
    pub retry_after: Option<Duration>,
    /// In how long the key will look as if it had not been used for long, if it is not used.
    pub reset_after: Duration,
}

/// A limiter at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimiterStats {
    /// The namespace; none for a limiter that stands alone.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub name: ServiceName,
    /// How it counts.
    pub algorithm: Algorithm,
    /// How much it lets through in each window.
    pub limit: u32,
    /// The window, in nanoseconds.
    pub window_ns: u64,
    /// Whether it only looks on.
    pub shadow: bool,
    /// The calls that were let through, over its life.
    pub admitted: u64,
    /// The calls that were refused, over its life.
    pub refused: u64,
    /// The calls that were let through only because it looks on.
    pub shadowed: u64,
    /// The calls of new keys that found no room, whatever became of them.
    pub crowded: u64,
    /// The idle keys that were forgotten.
    pub evicted: u64,
    /// How many keys there are.
    pub keys: u64,
    /// How many there may be.
    pub keys_max: u32,
    /// The bytes that they take.
    pub bytes: u64,
    /// The bytes that they may take.
    pub bytes_max: u64,
    /// The callers that wait.
    pub waiting: u64,
    /// The version of its configuration, from 1.
    pub config_version: u64,
    /// The calls that were decided without the server that has the counts; 0 where the counts are in this process.
    pub undecided: u64,
    /// The connection to the server; none where the counts are in this process.
    pub redis: Option<RedisStats>,
}

/// A connection to a Redis at one moment. Limiters with the same backend in one namespace share one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RedisStats {
    /// Whether calls are sent: not during a pause after some without an answer.
    pub is_up: bool,
    /// How often calls were stopped, over its life.
    pub outages: u64,
    /// The calls that were answered.
    pub answered: u64,
    /// The calls that were sent and not answered, or not with what they asked for.
    pub failed: u64,
    /// Those of them that were not answered within the time limit.
    pub late: u64,
    /// The calls that were not sent, during a pause or as too many were under way.
    pub withheld: u64,
    /// How often the server did not know a script and was sent its text.
    pub reloaded: u64,
    /// The calls that are under way.
    pub in_flight: u32,
    /// How many may be.
    pub in_flight_max: u32,
    /// What was wrong the last time. It names neither keys nor the address.
    pub last_failure: Option<String>,
}
