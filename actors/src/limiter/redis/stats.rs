//! What operators see.

use mainstay_specs::{NamespaceName, ServiceName};
use serde::Serialize;

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

/// A limiter whose counts are in a Redis, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RedisLimiterStats {
    /// The namespace; none for a limiter that stands alone.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub name: ServiceName,
    /// The calls that were let through, whoever decided.
    pub admitted: u64,
    /// The calls that were refused, whoever decided.
    pub refused: u64,
    /// The calls that were let through only because it looks on.
    pub shadowed: u64,
    /// The calls that the server did not decide.
    pub undecided: u64,
    /// The version of its configuration, from 1.
    pub config_version: u64,
    /// Its connection.
    pub redis: RedisStats,
}
