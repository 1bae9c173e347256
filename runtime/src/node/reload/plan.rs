//! From what is different to steps: pure.

use mainstay_specs::{ChangeEffect, ChangeKind, NamespaceName, ServicePart, SpecChange, SpecPart};

/// What is brought about as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// What only the node itself keeps.
    Note,
    Stop(NamespaceName),
    Start(NamespaceName),
    Restart(NamespaceName),
    Service(NamespaceName, ServicePart),
    Children(NamespaceName),
}

impl Step {
    pub(super) const fn namespace(&self) -> Option<&NamespaceName> {
        match self {
            Self::Note => None,
            Self::Stop(name)
            | Self::Start(name)
            | Self::Restart(name)
            | Self::Service(name, _)
            | Self::Children(name) => Some(name),
        }
    }
}

/// A step, and all that it brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) changes: Vec<SpecChange>,
}

/// The steps, in the order of the changes. A namespace that is restarted is by that all that it is to be.
pub(super) fn steps(changes: &[SpecChange]) -> Vec<Planned> {
    let mut steps: Vec<Planned> = Vec::new();
    for change in changes {
        let step = step(change, changes);
        match steps.iter_mut().find(|planned| planned.step == step) {
            Some(planned) => planned.changes.push(change.clone()),
            None => steps.push(Planned {
                step,
                changes: vec![change.clone()],
            }),
        }
    }
    steps
}

fn step(change: &SpecChange, all: &[SpecChange]) -> Step {
    let restarts = |name: &NamespaceName| {
        let whole = ChangeEffect::Restart {
            process: name.to_string(),
        };
        all.iter().any(|change| change.effect == whole)
    };
    match &change.part {
        SpecPart::Namespace(name) if change.kind == ChangeKind::Removed => Step::Stop(name.clone()),
        SpecPart::Namespace(name) => Step::Start(name.clone()),
        part => match part.namespace() {
            Some(name) if restarts(name) => Step::Restart(name.clone()),
            Some(name) => match part {
                SpecPart::Service { service, .. } => Step::Service(name.clone(), *service),
                _ => Step::Children(name.clone()),
            },
            None => Step::Note,
        },
    }
}

#[cfg(test)]
mod tests {
    use mainstay_specs::{AnyKind, NodeSpec};

    use super::*;

    fn planned(old: &str, new: &str) -> Vec<Step> {
        let read = |text: &str| {
            let text = format!("(namespaces: [{text}])");
            NodeSpec::from_ron(&text, &AnyKind).unwrap_or_else(|faults| panic!("{faults}"))
        };
        let diff = read(old).diff(&read(new));
        let steps = steps(diff.changes()).into_iter();
        steps.map(|planned| planned.step).collect()
    }

    fn name(text: &str) -> NamespaceName {
        NamespaceName::new(text).expect("a name")
    }

    #[test]
    fn what_goes_is_stopped_before_what_comes_is_started() {
        assert_eq!(
            planned(
                "(name: \"a\"), (name: \"b\")",
                "(name: \"c\"), (name: \"b\")"
            ),
            [Step::Stop(name("a")), Step::Start(name("c"))]
        );
    }

    #[test]
    fn a_service_is_one_step_and_so_are_all_children() {
        let old =
            "(name: \"n\", services: (rate_limiters: ()), children: [(id: \"a\", kind: \"k\")])";
        let new = "(name: \"n\", services: (rate_limiters: (limiters_max: 5, sweep_every: \"5s\")),
            children: [(id: \"b\", kind: \"k\")])";
        assert_eq!(
            planned(old, new),
            [
                Step::Service(name("n"), ServicePart::RateLimiters),
                Step::Children(name("n")),
            ]
        );
    }

    #[test]
    fn a_namespace_that_is_restarted_takes_all_else_along() {
        let old =
            "(name: \"n\", services: (rate_limiters: ()), children: [(id: \"a\", kind: \"k\")])";
        let new = "(name: \"n\", services: (rate_limiters: (limiters_max: 5), event_store: ()),
            children: [(id: \"b\", kind: \"k\")])";
        assert_eq!(planned(old, new), [Step::Restart(name("n"))]);
    }
}
