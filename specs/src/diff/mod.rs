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
//! Structs are taken apart field by field: one more field does not compile before somebody has said what a change of it takes.

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
use crate::{HttpSpec, NamespaceName, NamespaceSpec, NodeSpec, WatchdogSpec};

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
        services,
        children,
    } = old;
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
