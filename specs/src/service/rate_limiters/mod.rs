//! The rate limiters of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`RateLimitersSpec`], [`NamedLimiter`] |
//! | `config.rs` | [`RateLimitConfig`]: one policy |
//! | `backend.rs` | where the counts are: [`Backend`], [`RedisBackend`] |
//! | `choices.rs` | what there is to choose from: [`Algorithm`], [`KeyStrategy`] and others |

mod backend;
mod choices;
mod config;

pub use backend::{Backend, OnUnavailable, RedisBackend};
pub use choices::{Algorithm, Inherit, KeyStrategy, OnFull, OnMissingKey, WindowStart};
pub use config::RateLimitConfig;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::named::check_names;
use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Faults, ServiceName};

/// The rate limiters of a namespace: those that are there from the start, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RateLimitersSpec {
    /// The limiters that are there from the start. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limiters: Vec<NamedLimiter>,
    /// The most limiters, at least 1. Default: 1,024.
    pub limiters_max: u32,
    /// How often keys that are idle are cleared away, 100 ms to an hour. Limits do not hang on it: where room is needed, idle
    /// keys go at once. Default: 10 s.
    #[serde(with = "crate::duration")]
    pub sweep_every: Duration,
    /// How often telemetry and metrics are told what limiters have done, 100 ms to an hour: one event of a kind for each limiter at
    /// most. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub report_every: Duration,
}

/// A limiter that is there from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamedLimiter {
    /// What it limits, unique among the limiters of the namespace.
    pub name: ServiceName,
    /// What it goes by.
    pub config: RateLimitConfig,
}

impl Default for RateLimitersSpec {
    fn default() -> Self {
        Self {
            limiters: Vec::new(),
            limiters_max: 1024,
            sweep_every: Duration::from_secs(10),
            report_every: Duration::from_secs(1),
        }
    }
}

impl RateLimitersSpec {
    /// Adds a limiter that is there from the start.
    #[must_use]
    pub fn limiter(mut self, name: ServiceName, config: RateLimitConfig) -> Self {
        self.limiters.push(NamedLimiter { name, config });
        self
    }

    /// Sets the most limiters.
    #[must_use]
    pub const fn limiters_max(mut self, limiters: u32) -> Self {
        self.limiters_max = limiters;
        self
    }

    /// Sets how often idle keys are cleared away.
    #[must_use]
    pub const fn sweep_every(mut self, time: Duration) -> Self {
        self.sweep_every = time;
        self
    }

    /// Sets how often telemetry and metrics are told.
    #[must_use]
    pub const fn report_every(mut self, time: Duration) -> Self {
        self.report_every = time;
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
        if self.limiters_max == 0 {
            let message = "expected at least 1, found 0";
            report.add(Finding::new(at.field("limiters_max"), message));
        }
        let every = Duration::from_millis(100)..=Duration::from_secs(3600);
        let times = [
            ("sweep_every", self.sweep_every),
            ("report_every", self.report_every),
        ];
        for (name, time) in times {
            if !every.contains(&time) {
                let found = humantime::format_duration(time);
                let message = format!("expected 100ms to 1h, found {found}");
                report.add(Finding::new(at.field(name), message));
            }
        }
        self.check_limiters(report, at);
    }

    fn check_limiters(&self, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "limiters");
        let names = self.limiters.iter().map(|limiter| &limiter.name);
        let max = ("limiters_max", self.limiters_max);
        check_names(report, at, ("limiters", "limiter"), max, names);
        for (nth, limiter) in self.limiters.iter().enumerate() {
            let place = At::Index(&list, nth);
            limiter.config.check(report, &At::Field(&place, "config"));
        }
    }
}
