//! The configuration, in the units of the core.

use std::time::Duration;

use mainstay_specs::{Backoff, OnSelfDeadlock, PoolConfig};

pub(crate) use crate::clock::whole as nanos;

/// What the core goes by. Times are in nanoseconds, and [`NEVER`] where there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) waiters_max: u32,
    pub(crate) retries: u32,
    pub(crate) connects_max: u32,
    pub(crate) connect_timeout: u64,
    pub(crate) backoff: Backoff,
    pub(crate) idle_timeout: u64,
    pub(crate) lifetime: u64,
    pub(crate) lifetime_jitter: f64,
    pub(crate) validate_after: u64,
    pub(crate) keepalive: u64,
    pub(crate) warn: u64,
    pub(crate) revoke: u64,
    /// Target and interval.
    pub(crate) codel: Option<(u64, u64)>,
    pub(crate) refuse_deadlock: bool,
}

/// After the end of time.
pub(crate) const NEVER: u64 = u64::MAX;

impl Terms {
    pub(crate) fn of(config: &PoolConfig) -> Self {
        let codel = |codel: mainstay_specs::CoDel| (nanos(codel.target), nanos(codel.interval));
        Self {
            min: config.min_size,
            max: config.max_size,
            waiters_max: config.waiters_max,
            retries: config.max_retries,
            connects_max: config.connects_max,
            connect_timeout: nanos(config.connect_timeout),
            backoff: config.backoff,
            idle_timeout: or_never(config.idle_timeout),
            lifetime: or_never(config.max_lifetime),
            lifetime_jitter: config.lifetime_jitter,
            validate_after: or_never(config.validate_after),
            keepalive: or_never(config.keepalive),
            warn: or_never(config.lease_max.warn),
            revoke: or_never(config.lease_max.revoke),
            codel: config.codel.map(codel),
            refuse_deadlock: config.on_self_deadlock == OnSelfDeadlock::Refuse,
        }
    }
}

fn or_never(time: Option<Duration>) -> u64 {
    time.map_or(NEVER, nanos)
}
