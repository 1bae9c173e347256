//! The connection pools of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`ConnectionPoolsSpec`], [`NamedPool`] |
//! | `config.rs` | [`PoolConfig`]: what one pool goes by |
//! | `choices.rs` | what there is to choose from: [`CoDel`], [`LeaseMax`], [`PoolHealth`], [`OnSelfDeadlock`] |
//! | `check.rs` | what can be wrong with them |
//! | `source.rs`, `address.rs` | [`PoolSource`]: what its connections go to |
//! | `settings.rs` | what there is to choose of connections of each kind: [`SqliteSync`], [`SqliteReset`], [`PostgresReset`], [`RedisReset`] |

mod address;
mod check;
mod choices;
mod config;
mod settings;
mod source;

pub(super) use address::wrong_url;
pub use choices::{CoDel, LeaseMax, OnSelfDeadlock, PoolHealth};
pub use config::PoolConfig;
pub use settings::{PostgresReset, RedisReset, SqliteReset, SqliteSync};
pub use source::PoolSource;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::check::check_whole;
use super::circuit_breakers::CircuitBreakersSpec;
use super::named::check_names;
use crate::finding::{Finding, Report};
use crate::kinds::Kinds;
use crate::path::At;
use crate::suggest::hint;
use crate::{EventStoreSpec, Faults, ServiceName};

/// The connection pools of a namespace: those that are there from the start, and how many there may be.
///
/// ```
/// use mainstay_specs::{AnyKind, NodeSpec};
///
/// let text = r#"(namespaces: [(name: "app", services: (connection_pools: (pools: [
///     (name: "db", source: sqlite(path: "app.db"), config: (min_size: 1, max_size: 4)),
///     (name: "ldap", source: other(kind: "ldap", args: (host: "ldap.local"))),
/// ])))])"#;
/// let node = NodeSpec::from_ron(text, &AnyKind)?;
/// let pools = node.namespaces[0].services.connection_pools.as_ref().expect("they are given");
/// assert_eq!(pools.pools[0].config.max_size, 4);
/// # Ok::<(), mainstay_specs::Faults>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ConnectionPoolsSpec {
    /// The pools that are there from the start. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<NamedPool>,
    /// The most pools, 1 to 65,536. Default: 256, more than a service has dependencies: each has four processes of its own.
    pub pools_max: u32,
    /// How often telemetry and metrics are told what happens too often to be told one by one, such as checkouts, 100 ms to an hour:
    /// one event of a kind for each pool at most. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub report_every: Duration,
}

/// A pool that is there from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamedPool {
    /// What it is called, unique among the pools of the namespace.
    pub name: ServiceName,
    /// What its connections go to.
    pub source: PoolSource,
    /// What it goes by. Default: [`PoolConfig::default`].
    #[serde(default)]
    pub config: PoolConfig,
}

impl NamedPool {
    /// Of this name, to this source, by the default.
    #[must_use]
    pub fn new(name: ServiceName, source: PoolSource) -> Self {
        Self {
            name,
            source,
            config: PoolConfig::default(),
        }
    }

    /// Sets what it goes by.
    #[must_use]
    pub fn config(mut self, config: PoolConfig) -> Self {
        self.config = config;
        self
    }
}

impl Default for ConnectionPoolsSpec {
    fn default() -> Self {
        Self {
            pools: Vec::new(),
            pools_max: 256,
            report_every: Duration::from_secs(1),
        }
    }
}

/// The most pools: each has processes of its own.
const POOLS_MAX: u32 = 65_536;

impl ConnectionPoolsSpec {
    /// Adds a pool that is there from the start.
    #[must_use]
    pub fn pool(mut self, pool: NamedPool) -> Self {
        self.pools.push(pool);
        self
    }

    /// Sets the most pools.
    #[must_use]
    pub const fn pools_max(mut self, pools: u32) -> Self {
        self.pools_max = pools;
        self
    }

    /// Sets how often telemetry and metrics are told.
    #[must_use]
    pub const fn report_every(mut self, time: Duration) -> Self {
        self.report_every = time;
        self
    }

    /// Checks it as a whole, but for which kinds of connections there are: that is known where it is started.
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
        check_whole(report, at, "pools_max", self.pools_max, 1, POOLS_MAX);
        let every = Duration::from_millis(100)..=Duration::from_secs(3600);
        if !every.contains(&self.report_every) {
            let found = humantime::format_duration(self.report_every);
            let message = format!("expected 100ms to 1h, found {found}");
            report.add(Finding::new(at.field("report_every"), message));
        }
        self.check_pools(report, at);
    }

    fn check_pools(&self, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "pools");
        let names = self.pools.iter().map(|pool| &pool.name);
        let max = ("pools_max", self.pools_max);
        check_names(report, at, ("pools", "pool"), max, names);
        for (nth, pool) in self.pools.iter().enumerate() {
            let place = At::Index(&list, nth);
            if pool.name.as_str() == EventStoreSpec::POOL {
                let name = pool.name.as_str();
                let message = format!(
                    "expected another name than {name:?}, which is that of the event store's own"
                );
                report.add(Finding::new(place.field("name"), message));
            }
            pool.source.check(report, &At::Field(&place, "source"));
            pool.config.check(report, &At::Field(&place, "config"));
        }
    }

    /// A pool tells a breaker how its connects fare: one that is not there would be no protection.
    pub(super) fn check_breakers(
        &self,
        breakers: Option<&CircuitBreakersSpec>,
        report: &mut Report,
        services: &At<'_>,
    ) {
        let known: Vec<&str> = breakers
            .iter()
            .flat_map(|spec| spec.breakers.iter().map(|breaker| breaker.name.as_str()))
            .collect();
        let at = At::Field(services, "connection_pools");
        let list = At::Field(&at, "pools");
        for (nth, pool) in self.pools.iter().enumerate() {
            let Some(breaker) = &pool.config.breaker else {
                continue;
            };
            if known.contains(&breaker.as_str()) {
                continue;
            }
            let hint = hint(breaker.as_str(), &known);
            let message = format!("unknown circuit breaker {breaker:?}, {hint}");
            let place = At::Index(&list, nth);
            let path = At::Field(&place, "config").field("breaker");
            let breakers = At::Field(services, "circuit_breakers").field("breakers");
            let finding = Finding::new(path, message).and_on(services.field("circuit_breakers"));
            report.add(finding.and_on_names_in(breakers, "name"));
        }
    }

    /// Whether the kinds that the application brings are there, and take their arguments.
    pub(crate) fn check_kinds(&self, kinds: &dyn Kinds, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "pools");
        for (nth, pool) in self.pools.iter().enumerate() {
            let place = At::Index(&list, nth);
            let source = At::Field(&place, "source");
            pool.source.check_kind(kinds, report, &source);
        }
    }
}
