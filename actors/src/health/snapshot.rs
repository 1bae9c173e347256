//! How a namespace fares, at one moment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_specs::{CheckKind, Importance, NamespaceName, ServiceName};
use serde::{Deserialize, Serialize};

use super::result::{CheckResult, milliseconds, rfc3339, rfc3339_or_none};
use super::status::HealthStatus;

/// How all that is checked in a namespace fares, at one moment. It never changes: the next one is another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SystemHealth {
    /// Which namespace.
    pub namespace: NamespaceName,
    /// How it fares as a whole. Unknown if nothing is checked.
    pub status: HealthStatus,
    /// What is checked, by name.
    pub services: Vec<Arc<ServiceHealth>>,
    /// The mean of what each service counts for, by weight, 0 to 1. At most 0.49 if one that is required is unhealthy; 1 if nothing is
    /// checked.
    pub overall_score: f64,
    /// How many are healthy, those that count for nothing included.
    pub healthy_services: usize,
    /// How many there are.
    pub total_services: usize,
    /// When this was put together. As JSON, as RFC 3339.
    #[serde(with = "rfc3339")]
    pub timestamp: SystemTime,
    /// Whether work can be given to it: it is healthy or degraded, and all that has to come up first has.
    pub ready: bool,
    /// What is at the bottom of it: those that fail by themselves, and who is impaired by each.
    pub causes: Vec<RootCause>,
    /// How many more of those there are than the 100 that are told of.
    pub causes_left_out: usize,
    /// The number of this picture, rising over the life of the namespace.
    pub sequence: u64,
}

/// How one service fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceHealth {
    /// The name of its check.
    pub name: ServiceName,
    /// How it fares: what its last results come to, with rise, fall and hold.
    pub status: HealthStatus,
    /// That in words, for operators.
    pub message: String,
    /// What was looked at the last time that it has answered; the worst, if there were more than are kept.
    pub checks: Vec<CheckResult>,
    /// How many of those are left out.
    pub checks_left_out: usize,
    /// The mean of what was looked at, 0 to 1.
    pub overall_score: f64,
    /// When it has last answered, or was found not to; none before the first time. As JSON, as RFC 3339.
    #[serde(with = "rfc3339_or_none")]
    pub timestamp: Option<SystemTime>,
    /// How long that took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub duration: Duration,
    /// What it means for the whole.
    pub importance: Importance,
    /// What it is asked for.
    pub kind: CheckKind,
    /// What it counts for in the score.
    pub weight: f64,
    /// What it can be asked for by.
    pub tags: Vec<ServiceName>,
    /// What its last result alone says, if its status does not say so (yet).
    pub pending: Option<HealthStatus>,
    /// Since when its status is what it is. As JSON, as RFC 3339.
    #[serde(with = "rfc3339")]
    pub since: SystemTime,
    /// When it was last healthy; none if it never was. As JSON, as RFC 3339.
    #[serde(with = "rfc3339_or_none")]
    pub last_success: Option<SystemTime>,
    /// How many results in a row were not healthy, up to the last one.
    pub consecutive_failures: u64,
    /// Since when the run lasts that was under way when this was last looked at; none if there was none, as of most that answer in time. As JSON, as RFC 3339.
    #[serde(with = "rfc3339_or_none")]
    pub running_since: Option<SystemTime>,
    /// Whether it was registered so short a time ago that it may be unknown.
    pub in_grace: bool,
    /// What it depends on, by name.
    pub depends_on: Vec<ServiceName>,
    /// What of that there is no check of: a name that was misspelt, or is still to come.
    pub depends_on_unknown: Vec<ServiceName>,
    /// What is at the bottom of it, if something it depends on fails: those that fail by themselves.
    pub impaired_by: Vec<ServiceName>,
    /// The shortest way to the first of those, along dependencies, this one left out; its first 64 steps if there are more.
    pub cause_chain: Vec<ServiceName>,
    /// Whether its result is not its own: somebody has asked for it to look so.
    pub simulated: bool,
}

/// Something that fails by itself: nothing that it depends on does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RootCause {
    /// Which.
    pub name: ServiceName,
    /// How it fares.
    pub status: HealthStatus,
    /// Who depends on it, directly or by way of others, by name.
    pub impairs: Vec<ServiceName>,
}

impl SystemHealth {
    /// How the service of this name fares.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&ServiceHealth> {
        let found = self
            .services
            .binary_search_by(|service| service.name.as_str().cmp(name));
        found.ok().map(|nth| &*self.services[nth])
    }

    /// Whether both have services of the same names.
    pub(super) fn has_those_of(&self, other: &Self) -> bool {
        let own = self.services.iter().map(|service| &service.name);
        own.eq(other.services.iter().map(|service| &service.name))
    }
}

/// How a namespace was found to fare, and how long ago that was confirmed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthAnswer {
    /// How it was found to fare.
    pub health: Arc<SystemHealth>,
    /// How long ago that was confirmed to be the state of things.
    pub age: Duration,
    /// Whether that is so long ago that it counts as unknown: what looks after it is down.
    pub stale: bool,
}

impl HealthAnswer {
    /// What was found just now, such as by a sweep.
    #[must_use]
    pub const fn fresh(health: Arc<SystemHealth>) -> Self {
        Self {
            health,
            age: Duration::ZERO,
            stale: false,
        }
    }

    /// How the namespace fares: unknown if the answer is stale.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        if self.stale {
            return HealthStatus::Unknown;
        }
        self.health.status
    }

    /// Whether work can be given to it: not if the answer is stale.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stale && self.health.ready
    }
}

/// A change of the status of a service, or of the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HealthChange {
    /// Which service; none for the whole.
    pub service: Option<ServiceName>,
    /// What it was.
    pub from: HealthStatus,
    /// What it is now.
    pub to: HealthStatus,
    /// That in words, for operators.
    pub message: String,
    /// When. As JSON, as RFC 3339.
    #[serde(with = "rfc3339")]
    pub timestamp: SystemTime,
    /// The number of the picture that shows it first.
    pub sequence: u64,
}
