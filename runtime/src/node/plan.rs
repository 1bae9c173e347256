//! From a spec to what is started: pure, nothing runs yet.

use mainstay_actors::pool::PoolKinds;
use mainstay_specs::{NamespaceName, NamespaceSpec, NodeChild, NodeSpec};
use mainstay_supervisors::{CHILDREN, Child, NamespacePlan, Supervisor};

use super::error::BootError;
use super::kinds::Factories;
use crate::infrastructure::services;

/// What each namespace is to hold, in start order.
pub(super) fn plans(
    spec: &NodeSpec,
    kinds: &Factories,
    pools: &PoolKinds,
) -> Result<Vec<(NamespaceName, NamespacePlan)>, BootError> {
    let namespaces = spec.namespaces.iter();
    namespaces
        .map(|namespace| Ok((namespace.name.clone(), plan(namespace, kinds, pools)?)))
        .collect()
}

pub(super) fn plan(
    namespace: &NamespaceSpec,
    kinds: &Factories,
    pools: &PoolKinds,
) -> Result<NamespacePlan, BootError> {
    let children = below(namespace, kinds)?;
    let services = services(&namespace.services, pools).into_iter();
    let plan = NamespacePlan::new().children_flags(namespace.supervisor.clone());
    let plan = plan.root_limit(namespace.root_limit);
    let plan = services.fold(plan, NamespacePlan::service);
    let plan = children.into_iter().fold(plan, NamespacePlan::child);
    Ok(plan)
}

/// The supervisor of all children of a namespace.
pub(super) fn children_supervisor(
    namespace: &NamespaceSpec,
    kinds: &Factories,
) -> Result<Child, BootError> {
    let supervisor = Supervisor::new(namespace.supervisor.clone());
    Ok(Child::supervisor(
        CHILDREN,
        supervisor.children(below(namespace, kinds)?),
    ))
}

fn below(namespace: &NamespaceSpec, kinds: &Factories) -> Result<Vec<Child>, BootError> {
    let path = format!("{}/{CHILDREN}", namespace.name);
    children(&namespace.children, kinds, &path)
}

fn children(list: &[NodeChild], kinds: &Factories, path: &str) -> Result<Vec<Child>, BootError> {
    let made = list.iter().map(|node| {
        let path = format!("{path}/{}", node.spec.id);
        child(node, kinds, &path)
    });
    made.collect()
}

pub(super) fn child(node: &NodeChild, kinds: &Factories, path: &str) -> Result<Child, BootError> {
    if let Some(kind) = &node.kind {
        let made = kinds.child(kind, node);
        let made = made.ok_or_else(|| BootError::unknown_kind(path, kind))?;
        return made.map_err(|faults| BootError::refused(path, &faults));
    }
    let flags = node.supervisor.clone().unwrap_or_default();
    let supervisor = Supervisor::new(flags).children(children(&node.children, kinds, path)?);
    let made = Child::supervisor(&node.spec.id, supervisor);
    Ok(made.with_spec(|spec| *spec = node.spec.clone()))
}
