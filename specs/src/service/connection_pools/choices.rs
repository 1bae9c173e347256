//! What there is to choose from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When those who wait are sent away although they could wait for longer: the control of queue delay of RFC 8289 ("CoDel"), with a
/// waiter for a packet.
///
/// Once everybody who was served within an `interval` had waited for longer than `target`, those in front are sent away, the
/// more often the longer it lasts, so that the queue becomes short again and those who are served are served soon. The last one
/// who waits is never sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CoDel {
    /// What anybody may wait for, longer than zero. Default: 50 ms.
    #[serde(with = "crate::duration")]
    pub target: Duration,
    /// For how long it may be exceeded, at least `target`. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub interval: Duration,
}

impl Default for CoDel {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(50),
            interval: Duration::from_secs(1),
        }
    }
}

impl CoDel {
    /// Sends away once everybody waits for longer than `target` for as long as `interval`.
    #[must_use]
    pub const fn new(target: Duration, interval: Duration) -> Self {
        Self { target, interval }
    }
}

/// How long a lease may last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LeaseMax {
    /// After how long it is told of, once; longer than zero. Default: never.
    #[serde(
        with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub warn: Option<Duration>,
    /// After how long it is taken away, at least `warn`: its place is filled anew at once, and its connection can only be closed
    /// once the borrower lets go of it. Default: never.
    #[serde(
        with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub revoke: Option<Duration>,
}

impl LeaseMax {
    /// Tells of leases that last as long.
    #[must_use]
    pub const fn warn(mut self, time: Duration) -> Self {
        self.warn = Some(time);
        self
    }

    /// Takes leases away that last as long.
    #[must_use]
    pub const fn revoke(mut self, time: Duration) -> Self {
        self.revoke = Some(time);
        self
    }
}

/// How a pool is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PoolHealth {
    /// How often, longer than zero. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub interval: Duration,
    /// How long a look at a pool may take, longer than zero. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub timeout: Duration,
    /// How many looks in a row may find it sick before the next step is taken against it, at least 1. Default: 3.
    pub failures_max: u32,
}

impl Default for PoolHealth {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            failures_max: 3,
        }
    }
}

impl PoolHealth {
    /// Sets how often.
    #[must_use]
    pub const fn interval(mut self, time: Duration) -> Self {
        self.interval = time;
        self
    }

    /// Sets how long a look may take.
    #[must_use]
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sets how many looks in a row may find it sick.
    #[must_use]
    pub const fn failures_max(mut self, failures: u32) -> Self {
        self.failures_max = failures;
        self
    }
}

/// What becomes of a checkout that waits for those who wait themselves: every connection is lent to a borrower, a process or else a
/// task, that waits for another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnSelfDeadlock {
    /// It is told of, each place in the code once a second at most, and waits on until its time is up: futures that are joined in one
    /// task are one borrower, and one of them may well give back what the other waits for.
    #[default]
    Report,
    /// It is refused at once, and told of in the same way. Not for a task that hands its leases to others, such as one that accepts,
    /// checks out and spawns: it is the borrower of all of them, and is refused as soon as all are lent, though they come back in a
    /// moment. Nor for one that waits for several at a time.
    Refuse,
}
