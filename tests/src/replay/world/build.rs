//! Documents to specs, children and supervisors of ours.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, Shutdown, Strategy, SupervisorFlags};
use mainstay_supervisors::{
    Blueprint, Child, DynamicSupervisor, PartitionSupervisor, Process, Runtime, SimpleSupervisor,
    Supervisor,
};

use super::Stage;
use super::attempt::Attempt;
use crate::replay::drive::Inexpressible;
use crate::replay::plan::{ChildPlan, SupervisorPlan};
use crate::replay::scenario::{self, Kind, ShutdownSpec, ShutdownWord, StrategyName};

/// Refuses what our builders cannot be told, in this supervisor and below.
pub(super) fn check(plan: &SupervisorPlan) -> Result<(), Inexpressible> {
    let refuse = |what: &str| Err(Inexpressible(what.to_owned()));
    let written = &plan.written;
    match (written.kind, written.strategy) {
        (Kind::Dynamic, StrategyName::OneForOne) => {}
        (Kind::Dynamic, _) => return refuse("a DynamicSupervisor has no strategy to be set"),
        (Kind::Supervisor, StrategyName::SimpleOneForOne) if plan.children.len() != 1 => {
            return refuse("a SimpleSupervisor has exactly one template");
        }
        (Kind::Partition, StrategyName::SimpleOneForOne) => {
            return refuse("a PartitionSupervisor has no strategy simple_one_for_one");
        }
        (Kind::Partition, _) if plan.partition.is_none() => {
            return refuse("a PartitionSupervisor has a child");
        }
        (Kind::Supervisor | Kind::Partition, _) => {}
    }
    let children = plan.children.iter().chain(&plan.partition);
    children
        .filter_map(|child| child.sup.as_deref())
        .try_for_each(check)
}

/// A process that is nobody's child in the scenario.
pub(super) async fn stranger(runtime: &Runtime) -> Result<Process, Inexpressible> {
    let idle = Child::task("idle", |stop| async move { stop.stopped().await });
    let tree = Supervisor::one_for_one().child(idle);
    let tree = runtime.start(name("stranger")?, tree).await;
    let tree = tree.map_err(|error| Inexpressible(error.to_string()))?;
    Ok(tree.process().clone())
}

/// A name of a document as a child id.
pub(in crate::replay) fn name(text: &str) -> Result<ChildId, Inexpressible> {
    ChildId::new(text).map_err(|error| Inexpressible(format!("{text:?} is no name: {error}")))
}

/// The supervisor at this path, ready to be started.
pub(super) fn blueprint(
    stage: &Arc<Stage>,
    plan: &SupervisorPlan,
    path: &str,
) -> Result<Blueprint, Inexpressible> {
    let written = &plan.written;
    let (intensity, period) = (written.intensity(), Duration::from_secs(written.period_s));
    match (written.kind, strategy(written.strategy)) {
        (Kind::Supervisor, Some(strategy)) => {
            let flags = SupervisorFlags::new(strategy)
                .intensity(intensity, period)
                .auto_shutdown(written.auto_shutdown);
            let children = plan.children.iter();
            let children: Result<Vec<Child>, _> =
                children.map(|plan| child(stage, plan, path)).collect();
            Ok(Supervisor::new(flags).children(children?).into())
        }
        (Kind::Supervisor, None) => simple(plan),
        (Kind::Dynamic, _) => {
            let dynamic = DynamicSupervisor::new().intensity(intensity, period);
            Ok(match written.max_children {
                Some(max) => dynamic.max_children(max).into(),
                None => dynamic.into(),
            })
        }
        (Kind::Partition, strategy) => {
            let Some(plan) = &plan.partition else {
                return Err(Inexpressible(
                    "a partition supervisor without a child".to_owned(),
                ));
            };
            let partition = PartitionSupervisor::new(keyed(stage, plan, path, "partition", None)?)
                .strategy(strategy.unwrap_or_default())
                .intensity(intensity, period);
            Ok(match written.partitions {
                Some(partitions) => partition.partitions(partitions).into(),
                None => partition.into(),
            })
        }
    }
}

fn simple(plan: &SupervisorPlan) -> Result<Blueprint, Inexpressible> {
    let Some(template) = plan.children.first() else {
        return Err(Inexpressible(
            "a SimpleSupervisor has exactly one template".to_owned(),
        ));
    };
    let written = &plan.written;
    let id = template.written.id.as_deref().unwrap_or("template");
    let template = child_spec(&template.written, name(id)?);
    // Children are added by key, each with a start function of its own; the template's is never called.
    let simple = SimpleSupervisor::new(template, |_, ()| async {
        Err(mainstay_supervisors::StartError::failed(
            "the template was started",
        ))
    });
    let simple = simple
        .intensity(written.intensity(), Duration::from_secs(written.period_s))
        .auto_shutdown(written.auto_shutdown);
    Ok(simple.into())
}

/// A child that is known by its id.
pub(super) fn child(
    stage: &Arc<Stage>,
    plan: &Arc<ChildPlan>,
    parent: &str,
) -> Result<Child, Inexpressible> {
    match &plan.written.id {
        Some(id) => keyed(stage, plan, parent, id, None),
        None => Err(Inexpressible("a child without an id".to_owned())),
    }
}

/// A child that the trace knows by this key, started with these arguments.
pub(super) fn keyed(
    stage: &Arc<Stage>,
    plan: &Arc<ChildPlan>,
    parent: &str,
    key: &str,
    args: Option<Vec<String>>,
) -> Result<Child, Inexpressible> {
    let spec = child_spec(&plan.written, name(key)?);
    let (stage, plan, parent) = (Arc::clone(stage), Arc::clone(plan), parent.to_owned());
    Ok(Child::from_start(spec, move |cx| {
        // Of a partition, the id is its number, which only the context knows.
        let path = format!("{parent}/{}", cx.id());
        let attempt = Attempt::new(&stage, path, args.clone());
        attempt.play(cx, Arc::clone(&plan))
    }))
}

/// The spec of a child, under this name.
pub(super) fn child_spec(written: &scenario::Child, id: ChildId) -> ChildSpec {
    let mut spec = ChildSpec::new(id);
    spec.restart = written.restart;
    spec.shutdown = written.shutdown.map(|shutdown| match shutdown {
        ShutdownSpec::Word(ShutdownWord::BrutalKill) => Shutdown::BrutalKill,
        ShutdownSpec::Word(ShutdownWord::Infinity) => Shutdown::Infinity,
        ShutdownSpec::Millis(ms) => Shutdown::Timeout(Duration::from_millis(ms)),
    });
    spec.child_type = written.child_type;
    spec.significant = written.significant;
    spec
}

const fn strategy(name: StrategyName) -> Option<Strategy> {
    match name {
        StrategyName::OneForOne => Some(Strategy::OneForOne),
        StrategyName::OneForAll => Some(Strategy::OneForAll),
        StrategyName::RestForOne => Some(Strategy::RestForOne),
        StrategyName::SimpleOneForOne => None,
    }
}
