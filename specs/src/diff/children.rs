//! Supervisors and their children.

use super::change::{ChangeEffect, SpecPart};
use super::compare::{Course, Pairs, Walk, compare, sequence};
use crate::path::At;
use crate::{ChildId, ChildSpec, NamespaceName, NodeChild, Strategy, SupervisorFlags};

/// A supervisor: where it stands, by names.
pub(super) struct Place {
    namespace: NamespaceName,
    ids: Vec<ChildId>,
    process: String,
}

/// The supervisor of all children of a namespace, as `mainstay-supervisors` calls it.
const CHILDREN: &str = "children";

impl Place {
    pub(super) fn of(namespace: &NamespaceName) -> Self {
        Self {
            namespace: namespace.clone(),
            ids: Vec::new(),
            process: format!("{namespace}/{CHILDREN}"),
        }
    }

    fn inner(&self, id: &ChildId) -> Self {
        Self {
            namespace: self.namespace.clone(),
            ids: self.ids.iter().chain([id]).cloned().collect(),
            process: format!("{}/{id}", self.process),
        }
    }

    fn child(&self) -> SpecPart {
        SpecPart::Child {
            namespace: self.namespace.clone(),
            ids: self.ids.clone(),
        }
    }

    fn supervisor(&self) -> SpecPart {
        SpecPart::Supervisor {
            namespace: self.namespace.clone(),
            ids: self.ids.clone(),
        }
    }

    fn process(&self) -> String {
        self.process.clone()
    }

    fn anew(&self, why: &'static str) -> Course {
        Course::restart(self.child(), self.process(), why)
    }
}

/// What a supervisor was, and is to be.
pub(super) struct Level<'a> {
    pub(super) flags: (&'a SupervisorFlags, &'a SupervisorFlags),
    pub(super) children: (&'a [NodeChild], &'a [NodeChild]),
}

/// A supervisor and all below it. `at` is what has its flags and children.
pub(super) fn level(place: &Place, level: &Level<'_>, at: &At<'_>, walk: &mut Walk) {
    let here = Course::in_place(place.supervisor());
    let (old, new) = level.flags;
    compare!(SupervisorFlags { old, new, &At::Field(at, "supervisor"), walk } fields {
        strategy => here,
        intensity => here,
        period => here,
        auto_shutdown => here,
    } apart {});
    children(place, level, &At::Field(at, "children"), walk);
}

fn children(place: &Place, level: &Level<'_>, at: &At<'_>, walk: &mut Walk) {
    let (old, new) = level.children;
    let pairs = sequence(old, new, |child| child.spec.id.clone());
    for &(nth, gone) in &pairs.gone {
        let gone = place.inner(&gone.spec.id);
        let stop = ChangeEffect::Stop {
            process: gone.process(),
        };
        walk.removed(&At::Index(at, nth), gone.child(), stop);
    }
    for &(nth, before, after) in &pairs.kept {
        let place = place.inner(&after.spec.id);
        child(&place, before, after, &At::Index(at, nth), walk);
    }
    for &(nth, come) in &pairs.come {
        let come = place.inner(&come.spec.id);
        let start = ChangeEffect::Start {
            process: come.process(),
        };
        walk.added(&At::Index(at, nth), come.child(), start);
    }
    if order_differs(level, &pairs) {
        let effect = match level.flags.1.strategy {
            Strategy::OneForOne => ChangeEffect::InPlace,
            Strategy::OneForAll | Strategy::RestForOne => ChangeEffect::Restart {
                process: place.process(),
                why: "it restarts its children in the order in which they were started",
            },
        };
        walk.changed(at, &Course::new(place.supervisor(), effect));
    }
}

/// Whether those that stay would not stand as they should if those that come were put behind them. To one_for_one it only matters in
/// which order children are started and stopped, so there it is said of those that stay alone.
fn order_differs(level: &Level<'_>, pairs: &Pairs<'_, NodeChild>) -> bool {
    let last_kept = pairs.kept.last().map(|(nth, ..)| *nth);
    let first_come = pairs.come.first().map(|(nth, _)| *nth);
    let between = first_come
        .zip(last_kept)
        .is_some_and(|(come, kept)| come < kept);
    pairs.moved || (between && level.flags.1.strategy != Strategy::OneForOne)
}

fn child(place: &Place, old: &NodeChild, new: &NodeChild, at: &At<'_>, walk: &mut Walk) {
    let NodeChild {
        spec: _,
        kind: _,
        args: _,
        supervisor,
        children,
    } = old;
    child_spec(place, &old.spec, &new.spec, at, walk);
    let anew = place.anew("what it runs is made when it starts");
    walk.differ(&old.kind, &new.kind, &At::Field(at, "kind"), &anew);
    walk.differ(&old.args, &new.args, &At::Field(at, "args"), &anew);
    if let (Some(before), Some(after)) = (supervisor, &new.supervisor) {
        let inner = Level {
            flags: (before, after),
            children: (children, &new.children),
        };
        level(place, &inner, at, walk);
    } else {
        // A worker that becomes a supervisor, or the other way round.
        let anew = place.anew("a worker does not become a supervisor, nor the other way round");
        walk.differ(
            supervisor,
            &new.supervisor,
            &At::Field(at, "supervisor"),
            &anew,
        );
        walk.differ(children, &new.children, &At::Field(at, "children"), &anew);
    }
}

/// What its supervisor does about it is told to the supervisor.
fn child_spec(place: &Place, old: &ChildSpec, new: &ChildSpec, at: &At<'_>, walk: &mut Walk) {
    let here = Course::in_place(place.child());
    compare!(ChildSpec { old, new, at, walk } fields {
        id => here,
        restart => here,
        shutdown => here,
        significant => here,
        depends_on => place.anew("what it depends on is to be started before it"),
        name => place.anew("it takes its name when it starts"),
        mailbox_limit => place.anew("its mailbox is made when it starts"),
        backoff => here,
    } apart {
        // Called otherwise in files.
        child_type => |old, new, _: &At<'_>, walk: &mut Walk| walk.differ(old, new, &At::Field(at, "type"), &here),
    });
}
