//! How one check is run, and what it counts for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CheckKind, Importance, setters};
use crate::finding::Report;
use crate::path::At;
use crate::{Faults, ServiceName};

/// How a check is run, and what its result counts for. The default is a check that is required, every ten seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HealthCheckConfig {
    /// What it means for the whole that it is not healthy. Default: required.
    pub importance: Importance,
    /// What it is asked for. Default: readiness.
    pub kind: CheckKind,
    /// What it counts for in the score of the whole, more than 0 to 1,000. Default: 1.
    pub weight: f64,
    /// How long after one run has begun the next does, 10 ms to 1 h; a run that lasts for longer is waited for. Default: 10 s.
    #[serde(with = "crate::duration")]
    pub interval: Duration,
    /// The share of `interval` by which each run comes earlier, at most and at random, so that not all come at once: 0 to 1. Default: 0.1.
    pub jitter: f64,
    /// How long a run may last, 1 ms to 10 min. One that lasts for longer counts as down, and is not begun again until it has ended.
    /// Default: 10 s.
    #[serde(with = "crate::duration")]
    pub time_limit: Duration,
    /// After how many better results in a row its status becomes better, 1 to 1,000. The first result of all counts at once. Default: 1.
    pub rise: u32,
    /// After how many worse results in a row its status becomes worse, 1 to 1,000. Default: 1.
    pub fall: u32,
    /// How long its status stays as it is after a change, up to 1 h: one that flaps changes once in this time at most. Default: 2 s.
    #[serde(with = "crate::duration")]
    pub hold: Duration,
    /// How long after it was registered it may be unknown, up to 1 h, without the whole being degraded for it. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub grace: Duration,
    /// What it can be asked for by, together with others; at most 32. Default: nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<ServiceName>,
    /// The checks of what it depends on, by name; at most 64. Nothing may depend on itself, by way of others or not, and what is of the kind
    /// liveness depends on nothing. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ServiceName>,
}

impl Default for HealthCheckConfig {
    fn default() -> Self {
        Self {
            importance: Importance::Required,
            kind: CheckKind::Readiness,
            weight: 1.0,
            interval: Duration::from_secs(10),
            jitter: 0.1,
            time_limit: Duration::from_secs(10),
            rise: 1,
            fall: 1,
            hold: Duration::from_secs(2),
            grace: Duration::from_secs(30),
            tags: Vec::new(),
            depends_on: Vec::new(),
        }
    }
}

impl HealthCheckConfig {
    setters! {
        /// Sets what it means for the whole that it is not healthy.
        importance: Importance,
        /// Sets what it is asked for.
        kind: CheckKind,
        /// Sets what it counts for in the score.
        weight: f64,
        /// Sets how often it is run.
        interval: Duration,
        /// Sets by which share of the interval a run may come earlier.
        jitter: f64,
        /// Sets how long a run may last.
        time_limit: Duration,
        /// Sets after how many better results its status becomes better.
        rise: u32,
        /// Sets after how many worse results its status becomes worse.
        fall: u32,
        /// Sets how long its status stays as it is after a change.
        hold: Duration,
        /// Sets how long it may be unknown at first.
        grace: Duration,
    }

    /// Adds what it can be asked for by.
    #[must_use]
    pub fn tag(mut self, tag: ServiceName) -> Self {
        self.tags.push(tag);
        self
    }

    /// Adds the check of something that it depends on.
    #[must_use]
    pub fn depends_on(mut self, check: ServiceName) -> Self {
        self.depends_on.push(check);
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

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
