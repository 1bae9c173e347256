//! One pool.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::choices::{CoDel, LeaseMax, OnSelfDeadlock, PoolHealth};
use crate::finding::Report;
use crate::path::At;
use crate::{Backoff, Faults, ServiceName};

/// What a connection pool goes by.
///
/// The first five fields are all that a simple one needs; everything else has a default that holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PoolConfig {
    /// How many connections are kept open although nobody needs them, at most `max_size`. Default: 0.
    pub min_size: u32,
    /// The most connections at a time, whatever they are doing, 1 to 65,536. Default: 10.
    pub max_size: u32,
    /// How long a checkout may take in all: waiting, connecting, validating. Zero: no lease is waited for; it gets an idle
    /// connection, or a new one if there is room for it, within `connect_timeout`, or is refused at once. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub checkout_timeout: Duration,
    /// How long a connection may be idle before it is closed, longer than zero; `min_size` are kept. `None`: for ever.
    /// Default: 10 minutes.
    #[serde(with = "crate::duration::optional")]
    pub idle_timeout: Option<Duration>,
    /// How often more is tried: after so many attempts to connect *more* have failed in a row, those who wait are told of the last
    /// error, if there is no connection that could come back to them; and a checkout that found so many idle connections *more* to be broken waits for a fresh one. At most 1,000.
    /// Default: 3.
    pub max_retries: u32,
    /// How long an attempt to connect may take, longer than zero. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub connect_timeout: Duration,
    /// The most attempts to connect at a time, at least 1. After a failure there is one, and twice as many after each success.
    /// Default: 2.
    pub connects_max: u32,
    /// How long to wait after failed attempts to connect; its `reset_after` is not looked at, as one success resets it. Default:
    /// from 50 ms to 5 s, doubling, a fifth of it up to chance.
    pub backoff: Backoff,
    /// How old a connection may become, longer than zero; then it is closed at once if it is idle, and when it comes back if it is
    /// lent. `None`: as old as it likes. Default: 30 minutes.
    #[serde(with = "crate::duration::optional")]
    pub max_lifetime: Option<Duration>,
    /// The share of `max_lifetime` that chance may take away, 0 to 1, once for each connection, so that those that were opened
    /// together are not closed together. Default: 0.1.
    pub lifetime_jitter: f64,
    /// A connection that was idle for as long is pinged before it is lent; zero: each one is. `None`: none is. Default: 500 ms.
    #[serde(with = "crate::duration::optional")]
    pub validate_after: Option<Duration>,
    /// How long a ping may take, longer than zero. A checkout does not wait for it beyond its own time. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub ping_timeout: Duration,
    /// A connection that was idle for as long is pinged by the keeper, longer than zero. `None`: none is. Default: none.
    #[serde(
        with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub keepalive: Option<Duration>,
    /// How long it may take to bring a connection back to how it was made, longer than zero. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub reset_timeout: Duration,
    /// The most checkouts that may wait at a time, at most 1,048,576; 0 for none. Those for whom there is room for a connection to be
    /// made are let in whatever the bound. Default: 1,024.
    pub waiters_max: u32,
    /// Whether those who wait are sent away when all of them wait for long. Default: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codel: Option<CoDel>,
    /// How long a lease may last. Default: for ever.
    #[serde(skip_serializing_if = "LeaseMax::is_none")]
    pub lease_max: LeaseMax,
    /// How long it may take to close a connection, longer than zero. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub close_timeout: Duration,
    /// How long leases are waited for when the pool is closed, before they are taken away. Default: 10 s.
    #[serde(with = "crate::duration")]
    pub drain_timeout: Duration,
    /// How it is looked after.
    pub health: PoolHealth,
    /// The circuit breaker that is told of attempts to connect; while it is open, none is made. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<ServiceName>,
    /// What becomes of a checkout that waits for those who wait themselves. Default: it is told of.
    pub on_self_deadlock: OnSelfDeadlock,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            min_size: 0,
            max_size: 10,
            checkout_timeout: Duration::from_secs(5),
            idle_timeout: Some(Duration::from_secs(10 * 60)),
            max_retries: 3,
            connect_timeout: Duration::from_secs(5),
            connects_max: 2,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
            lifetime_jitter: 0.1,
            // HikariCP's bypass window has the same length.
            validate_after: Some(Duration::from_millis(500)),
            ping_timeout: Duration::from_secs(1),
            keepalive: None,
            reset_timeout: Duration::from_secs(5),
            waiters_max: 1024,
            codel: None,
            lease_max: LeaseMax::default(),
            close_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(10),
            health: PoolHealth::default(),
            breaker: None,
            on_self_deadlock: OnSelfDeadlock::default(),
        }
    }
}

impl PoolConfig {
    /// At most so many connections.
    #[must_use]
    pub fn new(max_size: u32) -> Self {
        Self {
            max_size,
            ..Self::default()
        }
    }

    /// Sets how many connections are kept open although nobody needs them.
    #[must_use]
    pub const fn min_size(mut self, connections: u32) -> Self {
        self.min_size = connections;
        self
    }

    /// Sets the most connections at a time.
    #[must_use]
    pub const fn max_size(mut self, connections: u32) -> Self {
        self.max_size = connections;
        self
    }

    /// Sets how long a checkout may take.
    #[must_use]
    pub const fn checkout_timeout(mut self, time: Duration) -> Self {
        self.checkout_timeout = time;
        self
    }

    /// Sets how long a connection may be idle; `None` for ever.
    #[must_use]
    pub const fn idle_timeout(mut self, time: Option<Duration>) -> Self {
        self.idle_timeout = time;
        self
    }

    /// Sets how often more is tried.
    #[must_use]
    pub const fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets how long an attempt to connect may take.
    #[must_use]
    pub const fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// Sets the most attempts to connect at a time.
    #[must_use]
    pub const fn connects_max(mut self, attempts: u32) -> Self {
        self.connects_max = attempts;
        self
    }

    /// Sets how long to wait after failed attempts to connect.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how old a connection may become; `None` for as old as it likes.
    #[must_use]
    pub const fn max_lifetime(mut self, time: Option<Duration>) -> Self {
        self.max_lifetime = time;
        self
    }

    /// Sets the share of the lifetime that chance may take away.
    #[must_use]
    pub const fn lifetime_jitter(mut self, share: f64) -> Self {
        self.lifetime_jitter = share;
        self
    }

    /// Sets after how long in idleness a connection is pinged before it is lent; `None` for never.
    #[must_use]
    pub const fn validate_after(mut self, time: Option<Duration>) -> Self {
        self.validate_after = time;
        self
    }

    /// Sets how long a ping may take.
    #[must_use]
    pub const fn ping_timeout(mut self, time: Duration) -> Self {
        self.ping_timeout = time;
        self
    }

    /// Sets after how long in idleness the keeper pings a connection; `None` for never.
    #[must_use]
    pub const fn keepalive(mut self, time: Option<Duration>) -> Self {
        self.keepalive = time;
        self
    }

    /// Sets how long it may take to bring a connection back to how it was made.
    #[must_use]
    pub const fn reset_timeout(mut self, time: Duration) -> Self {
        self.reset_timeout = time;
        self
    }

    /// Sets the most checkouts that may wait at a time.
    #[must_use]
    pub const fn waiters_max(mut self, waiters: u32) -> Self {
        self.waiters_max = waiters;
        self
    }

    /// Sets when those who wait are sent away.
    #[must_use]
    pub const fn codel(mut self, codel: CoDel) -> Self {
        self.codel = Some(codel);
        self
    }

    /// Sets how long a lease may last.
    #[must_use]
    pub const fn lease_max(mut self, max: LeaseMax) -> Self {
        self.lease_max = max;
        self
    }

    /// Sets how long it may take to close a connection.
    #[must_use]
    pub const fn close_timeout(mut self, time: Duration) -> Self {
        self.close_timeout = time;
        self
    }

    /// Sets how long leases are waited for when the pool is closed.
    #[must_use]
    pub const fn drain_timeout(mut self, time: Duration) -> Self {
        self.drain_timeout = time;
        self
    }

    /// Sets how it is looked after.
    #[must_use]
    pub const fn health(mut self, health: PoolHealth) -> Self {
        self.health = health;
        self
    }

    /// Sets the circuit breaker that is told of attempts to connect.
    #[must_use]
    pub fn breaker(mut self, name: ServiceName) -> Self {
        self.breaker = Some(name);
        self
    }

    /// Sets what becomes of a checkout that waits for those who wait themselves.
    #[must_use]
    pub const fn on_self_deadlock(mut self, what: OnSelfDeadlock) -> Self {
        self.on_self_deadlock = what;
        self
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }
}
