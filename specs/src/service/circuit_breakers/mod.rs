//! The circuit breakers of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`CircuitBreakersSpec`], [`NamedCircuit`], [`CircuitFamily`] |
//! | `config.rs` | [`CircuitConfig`]: one breaker |
//! | `trip.rs` | [`TripRules`]: what opens it |
//! | `recovery.rs` | [`OpenTime`], [`HalfOpen`]: what comes after |

mod config;
mod recovery;
mod trip;

pub use config::CircuitConfig;
pub use recovery::{HalfOpen, OpenTime, ProbeExpiry};
pub use trip::{CallRate, CircuitWindow, FailureCount, SlowCalls, TripRules};

use serde::{Deserialize, Serialize};

use super::named::check_names;
use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Faults, ServiceName};

/// The circuit breakers of a namespace: those that are there from the start, and how many there may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CircuitBreakersSpec {
    /// The breakers that are there from the start. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breakers: Vec<NamedCircuit>,
    /// The families of breakers by key that are there from the start, each without keys. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<CircuitFamily>,
    /// The most breakers with a name of their own, and the most families, at least 1. Default: 1,024, far more than a service has
    /// dependencies.
    pub breakers_max: u32,
    /// The most keys of one family of breakers, at least 1. Default: 10,000. A breaker takes about a kilobyte; beside that it keeps 8
    /// bytes for each failure that [`failure_threshold`](CircuitConfig::failure_threshold) and [`FailureCount`] count (up to 80
    /// kB), at most 16 bytes for each call of a window of calls (up to 1.6 MB), and less than 40 for each part of a window of
    /// time.
    pub keys_max: u32,
    /// How many events a subscriber may be behind before it loses the oldest, 1 to 65,536; the next power of two is taken. An event takes
    /// about 140 bytes, and nothing is set aside until somebody subscribes. Default: 256.
    pub events_backlog: u32,
    /// What a breaker goes by that is made without a configuration of its own. Default: [`CircuitConfig::default`].
    pub default: CircuitConfig,
}

/// A breaker that is there from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamedCircuit {
    /// What it protects, unique among the breakers of the namespace.
    pub name: ServiceName,
    /// What it goes by. Default: that of the namespace, [`CircuitBreakersSpec::default`](struct@CircuitBreakersSpec).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<CircuitConfig>,
    /// The name of a process of the namespace that it follows: when that is restarted, an open breaker is half open at once.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ServiceName>,
}

/// A family of breakers by key, such as one for each shard, that is there from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CircuitFamily {
    /// What it protects, unique among the families of the namespace.
    pub name: ServiceName,
    /// What each of its breakers goes by. Default: as of a breaker with a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<CircuitConfig>,
}

impl NamedCircuit {
    /// Of this name, by the default of the namespace.
    #[must_use]
    pub const fn new(name: ServiceName) -> Self {
        Self {
            name,
            config: None,
            follows: None,
        }
    }

    /// Sets what it goes by.
    #[must_use]
    pub fn config(mut self, config: CircuitConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets whom it follows.
    #[must_use]
    pub fn follows(mut self, process: ServiceName) -> Self {
        self.follows = Some(process);
        self
    }
}

impl Default for CircuitBreakersSpec {
    fn default() -> Self {
        Self {
            breakers: Vec::new(),
            families: Vec::new(),
            breakers_max: 1024,
            keys_max: 10_000,
            events_backlog: 256,
            default: CircuitConfig::default(),
        }
    }
}

impl CircuitBreakersSpec {
    /// Adds a breaker that is there from the start and goes by the default of the namespace.
    #[must_use]
    pub fn breaker(mut self, name: ServiceName) -> Self {
        self.breakers.push(NamedCircuit::new(name));
        self
    }

    /// Adds a breaker that is there from the start, with a configuration of its own.
    #[must_use]
    pub fn breaker_with(mut self, name: ServiceName, config: CircuitConfig) -> Self {
        self.breakers.push(NamedCircuit::new(name).config(config));
        self
    }

    /// Adds a breaker that is there from the start.
    #[must_use]
    pub fn circuit(mut self, breaker: NamedCircuit) -> Self {
        self.breakers.push(breaker);
        self
    }

    /// Adds a family of breakers that is there from the start, each of which goes by this.
    #[must_use]
    pub fn family(mut self, name: ServiceName, config: CircuitConfig) -> Self {
        let config = Some(config);
        self.families.push(CircuitFamily { name, config });
        self
    }

    /// Sets the most breakers with a name of their own.
    #[must_use]
    pub const fn breakers_max(mut self, breakers: u32) -> Self {
        self.breakers_max = breakers;
        self
    }

    /// Sets the most keys of one family of breakers.
    #[must_use]
    pub const fn keys_max(mut self, keys: u32) -> Self {
        self.keys_max = keys;
        self
    }

    /// Sets how many events a subscriber may be behind.
    #[must_use]
    pub const fn events_backlog(mut self, events: u32) -> Self {
        self.events_backlog = events;
        self
    }

    /// Sets what a breaker goes by that is made without a configuration of its own.
    #[must_use]
    pub fn default_config(mut self, config: CircuitConfig) -> Self {
        self.default = config;
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

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        for (field, max) in [
            ("breakers_max", self.breakers_max),
            ("keys_max", self.keys_max),
        ] {
            if max == 0 {
                report.add(Finding::new(
                    at.field(field),
                    "expected at least 1, found 0",
                ));
            }
        }
        if !(1..=BACKLOG_MAX).contains(&self.events_backlog) {
            let found = self.events_backlog;
            let message = format!("expected 1 to {BACKLOG_MAX}, found {found}");
            report.add(Finding::new(at.field("events_backlog"), message));
        }
        self.default.check(report, &At::Field(at, "default"));
        let breakers = self.breakers.iter();
        let breakers = breakers.map(|one| (&one.name, one.config.as_ref()));
        self.check_list(report, at, ("breakers", "breaker"), breakers);
        let families = self.families.iter();
        let families = families.map(|one| (&one.name, one.config.as_ref()));
        self.check_list(report, at, ("families", "family"), families);
    }

    /// Checks the breakers, or the families: by what the list is called, and one of them.
    fn check_list<'a>(
        &self,
        report: &mut Report,
        at: &At<'_>,
        (field, one): (&'static str, &str),
        all: impl Iterator<Item = (&'a ServiceName, Option<&'a CircuitConfig>)>,
    ) {
        let list = At::Field(at, field);
        let all: Vec<_> = all.collect();
        let names = all.iter().map(|&(name, _)| name);
        let max = ("breakers_max", self.breakers_max);
        check_names(report, at, (field, one), max, names);
        for (nth, (_, config)) in all.into_iter().enumerate() {
            let place = At::Index(&list, nth);
            if let Some(config) = config {
                config.check(report, &At::Field(&place, "config"));
            }
        }
    }
}

/// The most events that a subscriber may be behind.
const BACKLOG_MAX: u32 = 65_536;
