//! Alerts: which rules, and how much is kept of what came of them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`AlertsSpec`] |
//! | `rule.rs` | [`AlertRule`] |
//! | `look.rs` | [`Aspect`], [`Each`], [`Comparison`], [`Severity`], [`NoData`] |

mod look;
mod rule;

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Faults;
use crate::finding::{Finding, Report};
use crate::path::At;

pub use look::{Aspect, Comparison, Each, NoData, Severity};
pub use rule::{ALERT_EVENT, AlertRule};

/// The most alerts that [`AlertsSpec::history_max`] may keep.
const HISTORY_MAX: u32 = 1 << 20;

/// The alerts of the telemetry service: the rules, and how much is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AlertsSpec {
    /// The rules, each with a name of its own. More can be added while it runs. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<AlertRule>,
    /// How often the rules are looked at, 100 ms to an hour. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub every: Duration,
    /// The most rules at a time, those added while it runs included; at least 1. Default: 256.
    pub rules_max: u32,
    /// The most pairs of a rule and a metric that are watched at a time, at least 1; what goes beyond is counted and left out.
    /// Default: 1,024.
    pub watches_max: u32,
    /// How many alerts, fired and resolved, are remembered, 1 to 1,048,576. Default: 256.
    pub history_max: u32,
    /// The most subscribers at a time, at least 1. Default: 64.
    pub subscribers_max: u32,
}

impl Default for AlertsSpec {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            every: Duration::from_secs(1),
            rules_max: 256,
            watches_max: 1024,
            history_max: 256,
            subscribers_max: 64,
        }
    }
}

impl AlertsSpec {
    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: AlertRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Sets how often the rules are looked at.
    #[must_use]
    pub const fn every(mut self, period: Duration) -> Self {
        self.every = period;
        self
    }

    /// Sets the most rules at a time.
    #[must_use]
    pub const fn rules_max(mut self, rules: u32) -> Self {
        self.rules_max = rules;
        self
    }

    /// Sets the most pairs of a rule and a metric that are watched at a time.
    #[must_use]
    pub const fn watches_max(mut self, watches: u32) -> Self {
        self.watches_max = watches;
        self
    }

    /// Sets how many alerts are remembered.
    #[must_use]
    pub const fn history_max(mut self, alerts: u32) -> Self {
        self.history_max = alerts;
        self
    }

    /// Sets the most subscribers at a time.
    #[must_use]
    pub const fn subscribers_max(mut self, subscribers: u32) -> Self {
        self.subscribers_max = subscribers;
        self
    }

    /// Checks the spec by itself, as it is checked within a node.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.check_limits(report, at);
        let rules = At::Field(at, "rules");
        let mut names = HashMap::with_capacity(self.rules.len());
        for (nth, rule) in self.rules.iter().enumerate() {
            let place = At::Index(&rules, nth);
            rule.check(report, &place);
            let first = *names.entry(&*rule.name).or_insert(nth);
            if first != nth {
                let message = format!("duplicate rule name {:?}", rule.name);
                let finding = Finding::new(place.field("name"), message);
                report.add(finding.first_at(At::Index(&rules, first).field("name")));
            }
        }
    }

    fn check_limits(&self, report: &mut Report, at: &At<'_>) {
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                report.add(Finding::new(at.field(field), message));
            }
        };
        let periods = Duration::from_millis(100)..=Duration::from_secs(3600);
        let every = humantime::format_duration(self.every);
        let message = format!("expected 100ms to 1h, found {every}");
        need(periods.contains(&self.every), "every", message);
        for (field, count) in [
            ("watches_max", self.watches_max),
            ("subscribers_max", self.subscribers_max),
        ] {
            need(count > 0, field, "expected at least 1, found 0".to_owned());
        }
        let history = self.history_max;
        let message = format!("expected 1 to {HISTORY_MAX}, found {history}");
        need((1..=HISTORY_MAX).contains(&history), "history_max", message);
        let (given, max) = (self.rules.len(), self.rules_max);
        let message =
            format!("expected at least 1 and the {given} rules that are given, found {max}");
        let fits = max > 0 && u32::try_from(given).is_ok_and(|given| given <= max);
        need(fits, "rules_max", message);
    }
}
