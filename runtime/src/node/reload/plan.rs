//! From what is different to steps: pure.

use mainstay_specs::{ChangeEffect, ChangeKind, NamespaceName, ServicePart, SpecChange, SpecPart};

/// What is brought about as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// What only the node itself keeps.
    Note,
    Stop(NamespaceName),
    Start(NamespaceName),
    /// How often the root of the namespace may restart.
    RootLimit(NamespaceName),
    Service(NamespaceName, ServicePart),
    /// This service, all that comes after it, and all children.
    Rest(NamespaceName, ServicePart),
    Children(NamespaceName),
}

impl Step {
    pub(super) const fn namespace(&self) -> Option<&NamespaceName> {
        match self {
            Self::Note => None,
            Self::Stop(name)
            | Self::Start(name)
            | Self::RootLimit(name)
            | Self::Service(name, _)
            | Self::Rest(name, _)
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

/// The steps, in the order of the changes. From the first service on that is restarted, all that comes after it is by that what it is to be.
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
    match &change.part {
        SpecPart::Namespace(name) if change.kind == ChangeKind::Removed => Step::Stop(name.clone()),
        SpecPart::Namespace(name) => Step::Start(name.clone()),
        SpecPart::RootLimit(name) => Step::RootLimit(name.clone()),
        part => match part.namespace() {
            Some(name) => match (part, first_restarted(name, all)) {
                (SpecPart::Service { service, .. }, Some(first)) if !service.is_from(first) => {
                    Step::Service(name.clone(), *service)
                }
                (_, Some(first)) => Step::Rest(name.clone(), first),
                (SpecPart::Service { service, .. }, None) => Step::Service(name.clone(), *service),
                (_, None) => Step::Children(name.clone()),
            },
            None => Step::Note,
        },
    }
}

/// The first service of a namespace that is restarted, comes or goes.
fn first_restarted(namespace: &NamespaceName, all: &[SpecChange]) -> Option<ServicePart> {
    let restarted = all.iter().filter_map(|change| match &change.part {
        SpecPart::Service {
            namespace: other,
            service,
        } if other == namespace && matches!(change.effect, ChangeEffect::Restart { .. }) => {
            Some(*service)
        }
        _ => None,
    });
    restarted.reduce(|first, other| if first.is_from(other) { other } else { first })
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
    fn what_comes_after_a_service_that_is_restarted_is_one_step_with_it() {
        let of = |telemetry: &str, limiters: u32, queue: u32, child: &str| {
            format!(
                "(name: \"n\", services: (telemetry: ({telemetry}), rate_limiters: (limiters_max: {limiters}), event_store: (queue_max: {queue})),
                    children: [(id: \"{child}\", kind: \"k\")])"
            )
        };
        let old = of("", 5, 1000, "a");
        let rest = |first| Step::Rest(name("n"), first);
        let service = |which| Step::Service(name("n"), which);
        assert_eq!(
            planned(&old, &of("", 6, 2000, "b")),
            [
                service(ServicePart::RateLimiters),
                rest(ServicePart::EventStore)
            ]
        );
        assert_eq!(
            planned(&old, &of("processes: (enabled: false)", 6, 2000, "b")),
            [rest(ServicePart::Telemetry)]
        );
    }

    #[test]
    fn a_service_that_comes_or_goes_takes_along_what_comes_after_it() {
        let (old, new) = (
            "(name: \"n\", services: (event_store: ()))",
            "(name: \"n\", services: (rate_limiters: (), event_store: ()))",
        );
        let rest = [Step::Rest(name("n"), ServicePart::RateLimiters)];
        assert_eq!(planned(old, new), rest);
        assert_eq!(planned(new, old), rest);
    }
}
