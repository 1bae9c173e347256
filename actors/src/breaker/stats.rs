//! What operators see.

use std::panic::Location;
use std::time::{Duration, SystemTime};

use mainstay_specs::{NamespaceName, ServiceName};
use mainstay_supervisors::Process;
use serde::Serialize;

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
    /// How many outcomes there were on which it would have opened, while it only took metrics.
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

/// A breaker at one moment. As JSON, times are in milliseconds.
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
    /// When a call last failed, by the system's clock: for people; nothing is decided by it.
    #[serde(skip)]
    pub last_failure_time: Option<SystemTime>,
    /// How often it went from one state to another.
    pub state_changes: u64,
    /// How long it will go on refusing, if it refuses and that is known. Never zero.
    #[serde(skip)]
    pub next_attempt: Option<Duration>,
    /// The calls that rates are taken of; empty if no rule asks for rates.
    pub window: WindowStats,
    /// How calls came out, over its life.
    pub totals: Totals,
    /// The last transitions, oldest first, at most 16.
    pub transitions: Vec<Transition>,
    /// Who holds permits of probes, oldest first.
    #[serde(skip)]
    pub probes: Vec<ProbeStats>,
    /// The name of the process that it follows, if it follows one.
    pub follows: Option<ServiceName>,
    /// The version of its configuration, from 1.
    pub config_version: u64,
    /// The number of its last event; 0 before the first.
    pub sequence: u64,
}

/// Somebody who holds the permit of a probe.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProbeStats {
    /// The process, if it is one.
    pub holder: Option<Process>,
    /// Where in the code it asked for it.
    pub made_at: &'static Location<'static>,
    /// How long it has had it.
    pub held_for: Duration,
    /// How long until it is taken from it.
    pub expires_in: Duration,
}
