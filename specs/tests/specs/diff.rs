//! What is different between two specs, at random: nothing is missed, and nothing told twice.

use mainstay_specs::{
    AnyKind, ChangeKind, ChildId, NamespaceName, NamespaceSpec, NodeChild, NodeSpec, ServicePart,
    ServicesSpec, SpecChange, SpecPart, SupervisorFlags,
};
use proptest::prelude::*;

use crate::any::node;
use crate::leaves::leaves;

/// What runs: a spec that becomes another by taking over, from the new one, the part that each change names and nothing else.
struct Model(NodeSpec);

impl Model {
    fn apply(&mut self, change: &SpecChange, new: &NodeSpec) {
        match &change.part {
            SpecPart::ShutdownDeadline => self.0.shutdown_deadline = new.shutdown_deadline,
            SpecPart::Http => self.0.http = new.http.clone(),
            SpecPart::Watchdog => self.0.watchdog = new.watchdog.clone(),
            SpecPart::NamespaceOrder => {}
            SpecPart::Namespace(name) => match change.kind {
                ChangeKind::Removed => self.0.namespaces.retain(|one| one.name != *name),
                _ => self.0.namespaces.extend(found(new, name)),
            },
            SpecPart::RootLimit(name) => {
                let limit = found(new, name).expect("it stays").root_limit;
                self.namespace(name).root_limit = limit;
            }
            SpecPart::Service { namespace, service } => {
                let from = found(new, namespace).expect("it stays").services;
                let to = &mut self.namespace(namespace).services;
                take_over(to, from, *service);
            }
            SpecPart::Supervisor { namespace, ids } => {
                let from = found(new, namespace).expect("it stays");
                let (flags, order) = supervisor(&from, ids);
                let namespace = self.namespace(namespace);
                let (to, children) = supervisor_mut(namespace, ids);
                *to = flags;
                children.sort_by_key(|child| order.iter().position(|id| *id == child.spec.id));
            }
            SpecPart::Child { namespace, ids } => {
                let from = found(new, namespace).expect("it stays");
                let (last, above) = ids.split_last().expect("a child has an id");
                let children = list_mut(self.namespace(namespace), above);
                let place = children.iter().position(|child| child.spec.id == *last);
                let new = list(&from, above)
                    .iter()
                    .find(|child| child.spec.id == *last);
                match (change.kind, place) {
                    (ChangeKind::Removed, Some(place)) => drop(children.remove(place)),
                    (ChangeKind::Added, None) => children.push(new.expect("it comes").clone()),
                    (ChangeKind::Changed, Some(place)) => {
                        replace(&mut children[place], new.expect("it stays"));
                    }
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn namespace(&mut self, name: &NamespaceName) -> &mut NamespaceSpec {
        let mut all = self.0.namespaces.iter_mut();
        all.find(|one| one.name == *name).expect("it stays")
    }
}

/// What is inside a supervisor that stays one has changes of its own.
fn replace(old: &mut NodeChild, new: &NodeChild) {
    let inside = (old.supervisor.take(), std::mem::take(&mut old.children));
    *old = new.clone();
    if let (Some(flags), children) = inside
        && new.supervisor.is_some()
    {
        (old.supervisor, old.children) = (Some(flags), children);
    }
}

fn found(spec: &NodeSpec, name: &NamespaceName) -> Option<NamespaceSpec> {
    spec.namespaces
        .iter()
        .find(|one| one.name == *name)
        .cloned()
}

fn take_over(to: &mut ServicesSpec, from: ServicesSpec, service: ServicePart) {
    match service {
        ServicePart::Telemetry => to.telemetry = from.telemetry,
        ServicePart::ConfigServer => to.config_server = from.config_server,
        ServicePart::EventStore => to.event_store = from.event_store,
        ServicePart::MemoryManager => to.memory_manager = from.memory_manager,
        ServicePart::CircuitBreakers => to.circuit_breakers = from.circuit_breakers,
        ServicePart::RateLimiters => to.rate_limiters = from.rate_limiters,
        ServicePart::ConnectionPools => to.connection_pools = from.connection_pools,
        ServicePart::HealthAggregator => to.health_aggregator = from.health_aggregator,
        ServicePart::Protections => to.protections = from.protections,
        other => panic!("{other:?}"),
    }
}

fn list<'a>(namespace: &'a NamespaceSpec, ids: &[ChildId]) -> &'a [NodeChild] {
    ids.iter().fold(&namespace.children, |children, id| {
        let mut children = children.iter();
        &children
            .find(|child| child.spec.id == *id)
            .expect("it stays")
            .children
    })
}

fn list_mut<'a>(namespace: &'a mut NamespaceSpec, ids: &[ChildId]) -> &'a mut Vec<NodeChild> {
    ids.iter().fold(&mut namespace.children, |children, id| {
        let mut children = children.iter_mut();
        &mut children
            .find(|child| child.spec.id == *id)
            .expect("it stays")
            .children
    })
}

fn supervisor(namespace: &NamespaceSpec, ids: &[ChildId]) -> (SupervisorFlags, Vec<ChildId>) {
    let order = list(namespace, ids)
        .iter()
        .map(|child| child.spec.id.clone());
    let flags = match ids.split_last() {
        None => namespace.supervisor.clone(),
        Some((last, above)) => {
            let mut above = list(namespace, above).iter();
            let child = above
                .find(|child| child.spec.id == *last)
                .expect("it stays");
            child.supervisor.clone().expect("a supervisor")
        }
    };
    (flags, order.collect())
}

fn supervisor_mut<'a>(
    namespace: &'a mut NamespaceSpec,
    ids: &[ChildId],
) -> (&'a mut SupervisorFlags, &'a mut Vec<NodeChild>) {
    let Some((last, above)) = ids.split_last() else {
        return (&mut namespace.supervisor, &mut namespace.children);
    };
    let mut above = list_mut(namespace, above).iter_mut();
    let child = above
        .find(|child| child.spec.id == *last)
        .expect("it stays");
    (
        child.supervisor.as_mut().expect("a supervisor"),
        &mut child.children,
    )
}

/// In the order of ids, as the order matters to some supervisors only.
fn sorted(mut spec: NodeSpec) -> NodeSpec {
    fn sort(children: &mut [NodeChild]) {
        children.sort_by(|a, b| a.spec.id.cmp(&b.spec.id));
        children
            .iter_mut()
            .for_each(|child| sort(&mut child.children));
    }
    let namespaces = spec.namespaces.iter_mut();
    namespaces.for_each(|namespace| sort(&mut namespace.children));
    spec
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_different_between_a_spec_and_itself(node in node()) {
        prop_assert!(node.diff(&node).is_empty());
    }

    #[test]
    fn all_changes_together_make_the_one_of_the_other((old, new) in (node(), node())) {
        let mut model = Model(old.clone());
        let diff = old.diff(&new);
        for change in diff.changes() {
            model.apply(change, &new);
        }
        prop_assert_eq!(sorted(model.0), sorted(new));
    }

    #[test]
    fn no_place_is_told_twice((old, new) in (node(), node())) {
        let diff = old.diff(&new);
        let mut places: Vec<_> = diff.changes().iter().map(|change| (change.kind == ChangeKind::Removed, change.path.to_string())).collect();
        let told = places.len();
        places.sort();
        places.dedup();
        prop_assert_eq!(places.len(), told);
    }

    #[test]
    fn one_field_that_is_different_is_one_change_that_names_it(node in node(), nth in any::<prop::sample::Index>()) {
        let text = node.to_ron();
        let leaves = leaves(&text);
        let leaf = nth.get(&leaves);
        let Ok(new) = NodeSpec::from_ron(&leaf.otherwise(&text), &AnyKind) else {
            return Ok(()); // It cannot be, such as a name of something else.
        };
        let node = NodeSpec::from_ron(&text, &AnyKind).expect("it was written by us");
        let diff = node.diff(&new);
        let (mut told, mut moved) = (Vec::new(), Vec::new());
        for change in diff.changes() {
            prop_assert!(leaf.is_at(&change.path.to_string()), "{change} is not {}", leaf.path);
            match change.kind {
                ChangeKind::Changed => told.push(change.clone()),
                _ => moved.push(change.kind),
            }
        }
        if leaf.is_name() && !moved.is_empty() {
            prop_assert_eq!(moved, [ChangeKind::Removed, ChangeKind::Added]);
        } else {
            prop_assert!(moved.is_empty());
            prop_assert_eq!(told.len(), 1, "{}", leaf.path);
        }
    }
}
