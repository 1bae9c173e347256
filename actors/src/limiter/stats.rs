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
}
