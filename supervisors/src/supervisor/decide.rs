//! Who is restarted, in which order, or whether to give up. Pure: no clock, no I/O, no chance.
//!
//! The rules are those of OTP's `supervisor` (OTP 25), of which every one is checked against recorded traces of the
//! original by the replayer in `tests/`. Beyond OTP: children that name what they depend on.

use mainstay_specs::{AutoShutdown, ChildId, ChildSpec, Restart, Strategy, SupervisorFlags};
use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use super::history::History;
use crate::exit::ExitReason;

/// A child's place in the start order of its supervisor; never used again.
pub(crate) type Key = u64;

/// Children that are restarted together. Mostly one, which then costs no allocation.
pub(crate) type Keys = SmallVec<[Key; 1]>;

/// What a decision has to know of each child.
pub(crate) trait Sibling {
    fn spec(&self) -> &ChildSpec;
    /// It has a process, or is about to be restarted.
    fn is_present(&self) -> bool;
}

/// What is to be done about a child that has ended, or whose restart has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It stays down; its entry is kept.
    Keep,
    /// It stays down; its entry is dropped.
    Forget,
    /// Stop these, in reverse, then start these, in order.
    Restart(Keys),
    /// Too many restarts: stop everything and end.
    GiveUp,
    /// A significant child has ended: stop everything and end.
    ShutDown,
}

/// All children, in start order. Walked only where siblings matter.
pub(crate) trait Siblings {
    type Child: Sibling;
    fn in_order(&self) -> impl Iterator<Item = (Key, &Self::Child)>;
    /// Whether any child names what it depends on.
    fn has_dependents(&self) -> bool;
}

/// Decides about a child that has ended by itself.
pub(crate) fn on_exit(
    flags: &SupervisorFlags,
    history: &mut History,
    (key, spec): (Key, &ChildSpec),
    reason: &ExitReason,
    siblings: &impl Siblings,
    now: Instant,
) -> Decision {
    let restart = match spec.restart {
        Restart::Permanent => true,
        Restart::Transient => reason.is_abnormal(),
        Restart::Temporary => false,
    };
    if restart {
        return on_retry(flags, history, (key, spec), siblings, now);
    }
    if shuts_down(flags, (key, spec), siblings) {
        return Decision::ShutDown;
    }
    stay_down(spec)
}

/// Decides about a child that is due for a restart: it has just ended, or its last restart has failed.
pub(crate) fn on_retry(
    flags: &SupervisorFlags,
    history: &mut History,
    (key, spec): (Key, &ChildSpec),
    siblings: &impl Siblings,
    now: Instant,
) -> Decision {
    if history.allows_another(flags, now) {
        Decision::Restart(affected(flags.strategy, (key, &spec.id), siblings))
    } else {
        Decision::GiveUp
    }
}

/// What becomes of the entry of a child that stays down.
pub(crate) const fn stay_down(spec: &ChildSpec) -> Decision {
    match spec.restart {
        Restart::Temporary => Decision::Forget,
        Restart::Permanent | Restart::Transient => Decision::Keep,
    }
}

/// The children that a restart of `failed` concerns, itself included, in start order.
pub(crate) fn affected(
    strategy: Strategy,
    (failed, id): (Key, &ChildId),
    siblings: &impl Siblings,
) -> Keys {
    let keys = siblings.in_order().map(|(key, _)| key);
    match strategy {
        Strategy::OneForAll => keys.collect(),
        Strategy::RestForOne => keys.filter(|key| *key >= failed).collect(),
        Strategy::OneForOne if siblings.has_dependents() => with_dependents((failed, id), siblings),
        Strategy::OneForOne => smallvec![failed],
    }
}

/// What depends on something is started after it, so one pass in start order finds all that depend on it indirectly.
fn with_dependents((failed, id): (Key, &ChildId), siblings: &impl Siblings) -> Keys {
    let mut affected: Keys = smallvec![failed];
    let mut names = vec![id];
    for (key, child) in siblings.in_order().filter(|(key, _)| *key > failed) {
        if child
            .spec()
            .depends_on
            .iter()
            .any(|needed| names.contains(&needed))
        {
            affected.push(key);
            names.push(&child.spec().id);
        }
    }
    affected
}

fn shuts_down(
    flags: &SupervisorFlags,
    (key, spec): (Key, &ChildSpec),
    siblings: &impl Siblings,
) -> bool {
    let others_left = || {
        siblings
            .in_order()
            .any(|(other, child)| other != key && child.spec().significant && child.is_present())
    };
    spec.significant
        && match flags.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => !others_left(),
        }
}
