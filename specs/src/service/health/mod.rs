//! The health of a namespace: what is checked, how often, and what it means.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`HealthAggregatorSpec`], [`NamedHealthCheck`] |
//! | `config.rs` | [`HealthCheckConfig`]: how one check is run, and what it counts for |
//! | `choices.rs` | what there is to choose from: [`Importance`], [`CheckKind`], [`HealthThresholds`] |
//! | `group.rs` | [`HealthGroup`] |
//! | `tree.rs` | [`TreeLimits`]: from when on something in the tree is not as it should be |
//! | `check.rs` | what makes a spec wrong |
//! | `cycle.rs` | [`dependency_cycle`]: who depends on itself by way of others; pure |

mod check;
mod choices;
mod config;
mod cycle;
mod group;
#[cfg(test)]
mod tests;
mod tree;

pub use choices::{CheckKind, HealthThresholds, Importance};
pub use config::HealthCheckConfig;
pub use cycle::dependency_cycle;
pub use group::HealthGroup;
pub use tree::TreeLimits;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;
use crate::{Faults, ServiceName};

/// What looks after the health of a namespace: which checks there are, how each is run, and how many there may be.
///
/// In RON: `health_aggregator: (checks: [(name: "search", config: (importance: optional, depends_on: ["db"]))])`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HealthAggregatorSpec {
    /// How checks of these names are run, whatever the program says that registers them. One that nobody has registered is unknown, which
    /// is not healthy. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<NamedHealthCheck>,
    /// Checks that can be asked for together. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<HealthGroup>,
    /// How checks are run of which neither this spec nor the program says anything.
    #[serde(skip_serializing_if = "HealthCheckConfig::is_default")]
    pub defaults: HealthCheckConfig,
    /// Whether the services of the namespace are checked without being told to: config server, event store, telemetry, circuit breakers,
    /// rate limiters, connection pools. Default: yes.
    pub foundation: bool,
    /// Whether health is read off the supervision tree without being told to. Default: yes.
    pub tree: bool,
    /// From when on something in the supervision tree is not as it should be.
    #[serde(skip_serializing_if = "TreeLimits::is_default")]
    pub tree_limits: TreeLimits,
    /// How long a sweep that was asked for may take, 1 ms to 10 min; it returns what is there by then. Default: 80 ms.
    #[serde(with = "crate::duration")]
    pub sweep_deadline: Duration,
    /// An answer that was not confirmed for so long counts as unknown, as what looks after it is down: 1 s to 1 h. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub stale_after: Duration,
    /// How the score bounds the status. Default: not at all.
    #[serde(skip_serializing_if = "HealthThresholds::is_default")]
    pub thresholds: HealthThresholds,
    /// The most checks, those of services and of the tree included; 1 to 100,000. Default: 1,024.
    pub checks_max: u32,
    /// The most parts of one check whose results are kept, 1 to 10,000; the worst are, and it is said how many are left out. Default: 64.
    pub parts_max: u32,
    /// The most bytes of a message, 16 to 65,536, and of all metadata of one result; longer ones are cut. Default: 1,024.
    pub text_max: u32,
    /// How many changes are remembered, 1 to 65,536. Default: 256.
    pub history_max: u32,
    /// The most subscribers and watchers at a time, at least 1. Default: 256.
    pub subscribers_max: u32,
    /// How many changes a subscriber may be behind before it loses the oldest, 1 to 65,536. Default: 256.
    pub backlog_max: u32,
}

/// How a check of this name is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamedHealthCheck {
    /// Which check, unique among those of the namespace: of a service, the name of the service.
    pub name: ServiceName,
    /// How it is run, and what it counts for.
    #[serde(default)]
    pub config: HealthCheckConfig,
}

impl Default for HealthAggregatorSpec {
    fn default() -> Self {
        Self {
            checks: Vec::new(),
            groups: Vec::new(),
            defaults: HealthCheckConfig::default(),
            foundation: true,
            tree: true,
            tree_limits: TreeLimits::default(),
            sweep_deadline: Duration::from_millis(80),
            stale_after: Duration::from_secs(30),
            thresholds: HealthThresholds::default(),
            checks_max: 1024,
            parts_max: 64,
            text_max: 1024,
            history_max: 256,
            subscribers_max: 256,
            backlog_max: 256,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $field(mut self, $field: $kind) -> Self {
            self.$field = $field;
            self
        }
    )*};
}
use setters;

impl HealthAggregatorSpec {
    /// Says how the check of this name is run.
    #[must_use]
    pub fn check(mut self, name: ServiceName, config: HealthCheckConfig) -> Self {
        self.checks.push(NamedHealthCheck { name, config });
        self
    }

    /// Adds checks that can be asked for together.
    #[must_use]
    pub fn group(mut self, group: HealthGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Sets from when on something in the supervision tree is not as it should be.
    #[must_use]
    pub const fn tree_limits(mut self, limits: TreeLimits) -> Self {
        self.tree_limits = limits;
        self
    }

    /// Sets how checks are run of which nothing is said.
    #[must_use]
    pub fn defaults(mut self, config: HealthCheckConfig) -> Self {
        self.defaults = config;
        self
    }

    setters! {
        /// Sets whether the services of the namespace are checked without being told to.
        foundation: bool,
        /// Sets whether health is read off the supervision tree.
        tree: bool,
        /// Sets how long a sweep that was asked for may take.
        sweep_deadline: Duration,
        /// Sets from when on an answer counts as unknown.
        stale_after: Duration,
        /// Sets how the score bounds the status.
        thresholds: HealthThresholds,
        /// Sets the most checks.
        checks_max: u32,
        /// Sets the most parts of one check.
        parts_max: u32,
        /// Sets the most bytes of a message.
        text_max: u32,
        /// Sets how many changes are remembered.
        history_max: u32,
        /// Sets the most subscribers at a time.
        subscribers_max: u32,
        /// Sets how many changes a subscriber may be behind.
        backlog_max: u32,
    }

    /// How the check of this name is run, if this spec says so.
    #[must_use]
    pub fn config_of(&self, name: &str) -> Option<&HealthCheckConfig> {
        let named = self.checks.iter().find(|check| check.name.as_str() == name);
        named.map(|check| &check.config)
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check_spec(&mut report, &At::Root);
        report.without_text()
    }
}
