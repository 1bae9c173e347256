//! What is different between two specs of one node, and what it takes to get from one to the other: pure.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`SpecDiff`], [`NodeSpec::diff`] |
//! | `change.rs` | [`SpecChange`], [`SpecPart`], [`ChangeEffect`] |
//! | `compare.rs` | going through the fields of two structs, all of them |
//! | `children.rs` | supervisors and their children |
//! | `services.rs` | the services of a namespace |
//!
//! Structs are taken apart field by field: one more field does not compile before somebody has said what a change of it takes. The table for
//! people is that of [`NodeSpec::diff`].

mod change;
mod children;
mod compare;
mod services;
#[cfg(test)]
mod tests;

use std::fmt;

pub use change::{ChangeEffect, ChangeKind, ServicePart, SpecChange, SpecPart};
use compare::{Course, Walk, compare, sequence};

use crate::path::At;
use crate::{HttpSpec, NamespaceName, NamespaceSpec, NodeSpec, RestartLimit, WatchdogSpec};

/// What is different between two specs of one node, in the order in which it is brought about.
///
/// ```
/// use mainstay_specs::{AnyKind, NodeSpec};
///
/// let read = |every: &str| {
///     let text = format!(r#"(namespaces: [(name: "app", children: [(id: "clock", kind: "ticker", args: (every: "{every}"))])])"#);
///     NodeSpec::from_ron(&text, &AnyKind)
/// };
/// let diff = read("1s")?.diff(&read("2s")?);
/// assert_eq!(
///     diff.to_string(),
///     "namespaces[0].children[0].args: changed, restarts app/children/clock: what it runs is made when it starts",
/// );
/// # Ok::<(), mainstay_specs::Faults>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecDiff {
    changes: Vec<SpecChange>,
}

impl SpecDiff {
    /// Whether nothing is different.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Everything that is different, each thing once.
    #[must_use]
    pub fn changes(&self) -> &[SpecChange] {
        &self.changes
    }

    /// What a running node cannot become.
    pub fn refused(&self) -> impl Iterator<Item = &SpecChange> {
        let changes = self.changes.iter();
        changes.filter(|change| matches!(change.effect, ChangeEffect::Refused { .. }))
    }
}

/// One line for each change.
impl fmt::Display for SpecDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, change) in self.changes.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{change}")?;
        }
        Ok(())
    }
}

impl NodeSpec {
    /// What is different in `new`, and what it takes to bring it about in a node that runs by `self`. Both are valid.
    ///
    /// Things that have names are compared by them, so what only stands elsewhere in a list is not different; but for children of
    /// supervisors to which their order matters. Paths are those of `new`; of what was removed, those of `self`.
    ///
    /// # What takes what
    ///
    /// | field | of it is |
    /// |---|---|
    /// | `shutdown_deadline` | changed in place |
    /// | `http`, `watchdog`: every field | refused: it takes a new node |
    /// | `namespaces`: one that comes, goes | started, stopped |
    /// | `namespaces`: their order | noted for the next boot |
    ///
    /// Of a namespace `n`, and of every supervisor in it:
    ///
    /// | field | of it is |
    /// |---|---|
    /// | `supervisor`: `strategy`, `intensity`, `period`, `auto_shutdown` | changed in place: restarts so far count against the new intensity and period |
    /// | `root_limit`, of the namespace: `intensity`, `period` | changed in place, in the same way |
    /// | `children`: one that comes, goes | started, stopped; with it those that its supervisor restarts with it |
    /// | `children`: their order | noted, if the strategy is `one_for_one`; else that supervisor is restarted |
    /// | child: `restart`, `shutdown`, `significant`, `type`, `backoff` | changed in place: it counts when the child ends next |
    /// | child: `kind`, `args`, `name`, `mailbox_limit`, `depends_on` | that child is restarted; with it those that its supervisor restarts with it |
    /// | child: a worker becomes a supervisor, or the other way round | the same |
    ///
    /// Arguments are the same however they are written: see [`Args`](crate::Args). Of the `services` of a namespace:
    ///
    /// | service, field | of it is |
    /// |---|---|
    /// | any service that comes, goes | started, stopped; what comes after it in the namespace, and all children, are restarted |
    /// | `telemetry.metrics`: `series_max`, `bytes_max`, `expire_after` | changed in place: series that are there stay |
    /// | `telemetry.events`: every field | changed in place: handlers and subscribers that are there stay, with the backlog they have |
    /// | `telemetry.alerts`: `every`, `rules_max`, `watches_max`, `history_max`, `subscribers_max` | changed in place |
    /// | `telemetry.alerts.rules` | changed in place, rule by rule: what the program has put or taken away stays so, but for what the two specs say otherwise |
    /// | `telemetry.breaker` | changed in place |
    /// | `telemetry.processes` | restarted from telemetry on, which is the whole namespace but its root: a process is measured from its start on |
    /// | `config_server`: `initial`, `file` | changed in place: what is as it was at the start follows the new start, what was changed at run time stays as it was changed, and a reset goes back to the new start; one version, told to subscribers as `Reloaded` |
    /// | `config_server`: every other field | changed in place |
    /// | `memory_manager`: every field | changed in place: a sample is taken at once, and judged by the new thresholds |
    /// | `circuit_breakers`: every field | changed in place, breaker by breaker: an open one stays open |
    /// | `rate_limiters`: every field | changed in place, limiter by limiter: what was counted stays counted, unless the algorithm or the backend is another |
    /// | `connection_pools`: every field, but for `pools[].source` | changed in place, pool by pool |
    /// | `connection_pools.pools[].source` | restarted from the pools on: what comes after them may hold their connections |
    /// | `event_store`: every field | restarted from the event store on; what a store in memory holds stays, if it is one in memory again |
    /// | `protections`: every field | changed in place, operation by operation |
    /// | `health_aggregator`: every field, but for `tree` | changed in place: checks that stay keep their status, and are run no later than by their new interval |
    /// | `health_aggregator.tree` | restarted from the health aggregator on: messages are counted from the start of a process on |
    ///
    /// "Restarted from … on" is what the namespace's root does when that service crashes: it, the services after it (they are started in the order
    /// telemetry, config server, memory manager, circuit breakers, rate limiters, connection pools, event store, protections, health aggregator),
    /// and all children.
    #[must_use]
    pub fn diff(&self, new: &Self) -> SpecDiff {
        let mut walk = Walk::default();
        node(self, new, &mut walk);
        SpecDiff {
            changes: walk.changes,
        }
    }
}

fn node(old: &NodeSpec, new: &NodeSpec, walk: &mut Walk) {
    let at = &At::Root;
    let deadline = Course::in_place(SpecPart::ShutdownDeadline);
    compare!(NodeSpec { old, new, at, walk } fields {
        shutdown_deadline => deadline,
    } apart {
        http => http,
        watchdog => watchdog,
        namespaces => namespaces,
    });
}

fn http(old: &HttpSpec, new: &HttpSpec, at: &At<'_>, walk: &mut Walk) {
    let part = || SpecPart::Http;
    let address = Course::refused(part(), "the node is found by its address");
    let token = Course::refused(
        part(),
        "who has the old token is not to lose it while the node runs",
    );
    let details = Course::refused(
        part(),
        "what is told to whom is settled when the node boots",
    );
    let guards = Course::refused(
        part(),
        "the guards of the API are there before the namespaces are",
    );
    compare!(HttpSpec { old, new, at, walk } fields {
        enabled => address,
        bind => address,
        token => token,
        health_details => details,
        guards => guards,
    } apart {});
}

fn watchdog(old: &WatchdogSpec, new: &WatchdogSpec, at: &At<'_>, walk: &mut Walk) {
    let outside = Course::refused(
        SpecPart::Watchdog,
        "the watchdog stands outside of everything that it watches, and of this",
    );
    compare!(WatchdogSpec { old, new, at, walk } fields {
        enabled => outside,
        blocked_after => outside,
    } apart {});
}

/// Those that go first, then those that stay, then those that come; so that nothing runs twice meanwhile.
fn namespaces(old: &[NamespaceSpec], new: &[NamespaceSpec], at: &At<'_>, walk: &mut Walk) {
    let name = |namespace: &NamespaceSpec| namespace.name.clone();
    let part = |name: &NamespaceName| SpecPart::Namespace(name.clone());
    let pairs = sequence(old, new, name);
    for (nth, gone) in pairs.gone {
        let process = gone.name.to_string();
        walk.removed(
            &At::Index(at, nth),
            part(&gone.name),
            ChangeEffect::Stop { process },
        );
    }
    for (nth, before, after) in pairs.kept {
        namespace(before, after, &At::Index(at, nth), walk);
    }
    for (nth, come) in pairs.come {
        let process = come.name.to_string();
        walk.added(
            &At::Index(at, nth),
            part(&come.name),
            ChangeEffect::Start { process },
        );
    }
    if pairs.moved {
        walk.changed(at, &Course::in_place(SpecPart::NamespaceOrder));
    }
}

fn namespace(old: &NamespaceSpec, new: &NamespaceSpec, at: &At<'_>, walk: &mut Walk) {
    let NamespaceSpec {
        name,
        supervisor,
        root_limit,
        services,
        children,
    } = old;
    let root = Course::in_place(SpecPart::RootLimit(name.clone()));
    compare!(RestartLimit { root_limit, &new.root_limit, &At::Field(at, "root_limit"), walk } fields {
        intensity => root,
        period => root,
    } apart {});
    services::services(
        name,
        services,
        &new.services,
        &At::Field(at, "services"),
        walk,
    );
    let place = children::Place::of(name);
    let level = children::Level {
        flags: (supervisor, &new.supervisor),
        children: (children, &new.children),
    };
    children::level(&place, &level, at, walk);
}
