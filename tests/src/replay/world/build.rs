//! Documents to specs, children and supervisors of ours.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, Shutdown, Strategy, SupervisorFlags};
use mainstay_supervisors::{
    Blueprint, Child, DynamicSupervisor, PartitionSupervisor, Process, Runtime, SimpleSupervisor,
    Supervisor,
};

use super::Stage;
use super::added::{self, Added};
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

/// A supervisor ready to be started.
pub(super) struct Built {
    pub(super) blueprint: Blueprint,
    /// What its children are added by, if they are all made from one template.
    pub(super) simple: Option<SimpleSupervisor<Added>>,
}

impl Built {
    fn new(blueprint: impl Into<Blueprint>) -> Self {
        Self {
            blueprint: blueprint.into(),
            simple: None,
        }
    }
}

/// The supervisor at this path.
pub(super) fn supervisor(
    stage: &Arc<Stage>,
    plan: &SupervisorPlan,
    path: &str,
) -> Result<Built, Inexpressible> {
    match (plan.written.kind, strategy(plan.written.strategy)) {
        (Kind::Supervisor, Some(strategy)) => ordered(stage, plan, path, strategy),
        (Kind::Supervisor, None) => simple(stage, plan, path),
        (Kind::Dynamic, _) => Ok(dynamic(plan)),
        (Kind::Partition, strategy) => partition(stage, plan, path, strategy.unwrap_or_default()),
    }
}

fn ordered(
    stage: &Arc<Stage>,
    plan: &SupervisorPlan,
    path: &str,
    strategy: Strategy,
) -> Result<Built, Inexpressible> {
    let (intensity, period) = limit(plan);
    let flags = SupervisorFlags::new(strategy)
        .intensity(intensity, period)
        .auto_shutdown(plan.written.auto_shutdown);
    let children = plan.children.iter().map(|plan| child(stage, plan, path));
    let children: Vec<Child> = children.collect::<Result<_, _>>()?;
    Ok(Built::new(Supervisor::new(flags).children(children)))
}

fn simple(stage: &Arc<Stage>, plan: &SupervisorPlan, path: &str) -> Result<Built, Inexpressible> {
    let simple = match added::simple(stage, plan, path)? {
        Ok(simple) => simple,
        Err(fault) => return Ok(Built::new(fault)),
    };
    let (intensity, period) = limit(plan);
    let simple = simple
        .intensity(intensity, period)
        .auto_shutdown(plan.written.auto_shutdown);
    Ok(Built {
        blueprint: simple.clone().into(),
        simple: Some(simple),
    })
}

fn dynamic(plan: &SupervisorPlan) -> Built {
    let (intensity, period) = limit(plan);
    let dynamic = DynamicSupervisor::new().intensity(intensity, period);
    Built::new(match plan.written.max_children {
        Some(max) => dynamic.max_children(max),
        None => dynamic,
    })
}

fn partition(
    stage: &Arc<Stage>,
    plan: &SupervisorPlan,
    path: &str,
    strategy: Strategy,
) -> Result<Built, Inexpressible> {
    let none = || Inexpressible("a partition supervisor without a child".to_owned());
    let child = plan.partition.as_ref().ok_or_else(none)?;
    let (intensity, period) = limit(plan);
    let partition = PartitionSupervisor::new(called(stage, child, path, "partition")?)
        .strategy(strategy)
        .intensity(intensity, period);
    Ok(Built::new(match plan.written.partitions {
        Some(partitions) => partition.partitions(partitions),
        None => partition,
    }))
}

/// How many restarts are allowed within which time.
fn limit(plan: &SupervisorPlan) -> (u32, Duration) {
    let written = &plan.written;
    (written.intensity(), Duration::from_secs(written.period_s))
}

/// A child that is known by its id.
pub(super) fn child(
    stage: &Arc<Stage>,
    plan: &Arc<ChildPlan>,
    parent: &str,
) -> Result<Child, Inexpressible> {
    match &plan.written.id {
        Some(id) => called(stage, plan, parent, id),
        None => Err(Inexpressible("a child without an id".to_owned())),
    }
}

fn called(
    stage: &Arc<Stage>,
    plan: &Arc<ChildPlan>,
    parent: &str,
    id: &str,
) -> Result<Child, Inexpressible> {
    let spec = child_spec(&plan.written, name(id)?);
    let (stage, plan, parent) = (Arc::clone(stage), Arc::clone(plan), parent.to_owned());
    Ok(Child::from_start(spec, move |cx| {
        // Of a partition, the id is its number, which only the context knows.
        let path = format!("{parent}/{}", cx.id());
        Attempt::new(&stage, path, None).play(cx, Arc::clone(&plan))
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
