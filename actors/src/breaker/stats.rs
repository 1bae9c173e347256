//! What operators see.

use std::panic::Location;
use std::time::{Duration, SystemTime};

use mainstay_specs::{ChildId, NamespaceName, ServiceName};
use mainstay_supervisors::Pid;
use serde::{Serialize, Serializer};

use super::event::{CircuitState, Transition};
use super::outcome::Outcome;

/// How calls came out, over the life of a breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// How many succeeded, slow ones included.
    pub successes: u64,
    /// How many failed, those that were not done in time and those that panicked included.
    pub failures: u64,
    /// How many of them were not done in time.
    pub timed_out: u64,
    /// How many of them panicked.
    pub panicked: u64,
    /// How many were slow, failed or not.
    pub slow: u64,
    /// How many told nothing, as the classifier said, or were refused elsewhere.
    pub ignored: u64,
    /// How many callers gave up.
    pub cancelled: u64,
    /// How many came back in another generation than the one they began in. They count nowhere else.
    pub late: u64,
    /// How many probes had their permit taken from them.
    pub expired: u64,
    /// How often it would have opened, while it only took metrics: on so many outcomes, and so many times over calls that did not
    /// come back, each of which counts once for that.
    pub would_open: u64,
    /// How often it went from one state to another.
    pub state_changes: u64,
}

impl Totals {
    pub(crate) const fn count(&mut self, outcome: Outcome, slow: bool) {
        if slow {
            self.slow += 1;
        }
        match outcome {
            Outcome::Success | Outcome::Slow => self.successes += 1,
            Outcome::Failure => self.failures += 1,
            Outcome::TimedOut => {
                self.failures += 1;
                self.timed_out += 1;
            }
            Outcome::Panicked => {
                self.failures += 1;
                self.panicked += 1;
            }
            Outcome::Ignored | Outcome::Refused => self.ignored += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
    }
}

/// The calls that rates are taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WindowStats {
    /// How many there are.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many of them were slow.
    pub slow: u64,
    /// The share that failed; none without calls.
    pub failure_rate: Option<f64>,
    /// The share that was slow; none without calls.
    pub slow_rate: Option<f64>,
}

/// A breaker at one moment. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CircuitStats {
    /// The namespace; none for a breaker that stands alone.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub name: ServiceName,
    /// Which of a family it is, if it is of one.
    pub key: Option<String>,
    /// What it does with calls.
    pub state: CircuitState,
    /// How many calls have failed since the last transition.
    pub failure_count: u64,
    /// How many calls have succeeded since the last transition.
    pub success_count: u64,
    /// How many calls were refused, over its life.
    pub rejected: u64,
    /// When a call last failed, by the system's clock: for people; nothing is decided by it. As JSON in milliseconds since 1970.
    #[serde(rename = "last_failure_time_ms", serialize_with = "since_1970")]
    pub last_failure_time: Option<SystemTime>,
    /// How often it went from one state to another.
    pub state_changes: u64,
    /// How long it will go on refusing, if it refuses and that is known. Never zero; as JSON rounded up.
    #[serde(rename = "next_attempt_ms", serialize_with = "at_most_so_long")]
    pub next_attempt: Option<Duration>,
    /// The calls that rates are taken of; empty if no rule asks for rates.
    pub window: WindowStats,
    /// How calls came out, over its life.
    pub totals: Totals,
    /// The last transitions, oldest first, at most 16.
    pub transitions: Vec<Transition>,
    /// Who holds permits of probes, oldest first.
    pub probes: Vec<ProbeStats>,
    /// The name of the process that it follows, if it follows one.
    pub follows: Option<ServiceName>,
    /// The version of its configuration, from 1.
    pub config_version: u64,
    /// The number of its last event; 0 before the first.
    pub sequence: u64,
}

/// Somebody who holds the permit of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProbeStats {
    /// The process, if it is one.
    pub holder: Option<ProbeHolder>,
    /// Where in the code it asked for it.
    #[serde(serialize_with = "place")]
    pub made_at: &'static Location<'static>,
    /// How long it has had it.
    #[serde(rename = "held_for_ms", serialize_with = "milliseconds")]
    pub held_for: Duration,
    /// How long until it is taken from it; as JSON rounded up.
    #[serde(rename = "expires_in_ms", serialize_with = "rounded_up")]
    pub expires_in: Duration,
}

/// A process that holds the permit of a probe. It may have ended since: nothing is kept of it but this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProbeHolder {
    /// The number of the incarnation.
    pub pid: Pid,
    /// What its supervisor calls it.
    pub id: ChildId,
}

pub(super) fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn rounded_up<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    let time = time.as_nanos().div_ceil(1_000_000);
    to.serialize_u64(u64::try_from(time).unwrap_or(u64::MAX))
}

// Both are given what the field is, by reference.
#[allow(clippy::ref_option)]
fn at_most_so_long<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => rounded_up(time, to),
        None => to.serialize_none(),
    }
}

#[allow(clippy::ref_option)]
fn since_1970<S: Serializer>(time: &Option<SystemTime>, to: S) -> Result<S::Ok, S::Error> {
    match time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()) {
        Some(time) => milliseconds(&time, to),
        None => to.serialize_none(),
    }
}

fn place<S: Serializer>(place: &&'static Location<'static>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(place)
}
