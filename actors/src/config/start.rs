//! Starting, the first time and again.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::{ChildId, ChildSpec, ConfigServerSpec};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started};

use super::actor::{Keeper, Start};
use super::cell::{Cell, Kept};
use super::error::LoadError;
use super::guards::Guards;
use super::handle::NAME;
use super::initial::initial;
use super::recording::Recording;
use super::rules::{ConfigRules, Plan, Setup};
use super::size::Limits;
use super::snapshot::Snapshot;

/// How many requests may wait in the mailbox.
const REQUESTS_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not 0");

#[track_caller]
pub(crate) fn child(spec: ConfigServerSpec, rules: ConfigRules) -> Child {
    child_of(Arc::new(Setup { spec, rules }))
}

#[track_caller]
pub(super) fn child_of(setup: Arc<Setup>) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(NAME).expect("a name");
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let setup = Arc::clone(&setup);
        async move { start(setup, cx).await }
    });
    child.mailbox_limit(REQUESTS_MAX)
}

async fn start(setup: Arc<Setup>, cx: StartContext) -> Result<Started, StartError> {
    let start = prepare(setup, cx.namespace()).await;
    let start = start.map_err(StartError::failed)?;
    cx.spawn_actor(Keeper, start).await.map(Started::from)
}

async fn prepare(setup: Arc<Setup>, namespace: Option<Namespace>) -> Result<Start, LoadError> {
    let namespace = namespace.ok_or(LoadError::NoNamespace)?;
    Recording::begin(&namespace);
    namespace.until_free(NAME).await?;
    let kept = namespace.find_cell::<Kept>(NAME);
    let present = kept.map(|kept| Arc::clone(&kept.0));
    // A restart goes on with all that is there: neither a file that has become bad, nor a change of it, matters to it.
    if let Some(cell) = &present
        && Arc::ptr_eq(&cell.current().plan().setup, &setup)
    {
        return Ok(Start {
            cell: Arc::clone(cell),
            plan: None,
            beats: None,
            namespace,
        });
    }
    let plan = plan(setup).await?;
    let cell = match present {
        Some(cell) => cell,
        None => first_cell(&namespace, &plan),
    };
    let now = cell.current();
    plan.check(now.document()).map_err(LoadError::Present)?;
    cell.set_guards(Guards::of(&namespace, &plan.setup.spec)?, &namespace);
    Ok(Start {
        cell,
        plan: Some(plan),
        beats: None,
        namespace,
    })
}

pub(super) async fn plan(setup: Arc<Setup>) -> Result<Arc<Plan>, LoadError> {
    let plan = Plan {
        limits: Limits::of(&setup.spec).map_err(LoadError::Spec)?,
        initial: initial(&setup.spec).await?,
        setup,
    };
    plan.check(&plan.initial).map_err(LoadError::Refused)?;
    Ok(Arc::new(plan))
}

fn first_cell(namespace: &Namespace, plan: &Arc<Plan>) -> Arc<Cell> {
    let first = || Snapshot::first(Arc::clone(plan), SystemTime::now());
    let kept = namespace.cell(NAME, || Kept(Arc::new(Cell::new(first()))));
    Arc::clone(&kept.0)
}
