//! Children that are added by key: those of simple and dynamic supervisors, which have no ids.
//!
//! Which key a child has is known to its start function only. The supervisor is given one spec, or one id, for all of
//! them, and whatever it tells of a child is traced back to the key by the process.

use std::sync::Arc;

use mainstay_specs::ChildSpec;
use mainstay_supervisors::{Child, SimpleSupervisor, SpecError, StartContext, StartError, Started};

use super::Stage;
use super::attempt::Attempt;
use super::build::{child_spec, name};
use super::directory::Supervising;
use crate::replay::drive::Inexpressible;
use crate::replay::plan::{ChildPlan, SupervisorPlan};
use crate::replay::scenario::{Child as Written, StartChild};

/// What a child of a simple or dynamic supervisor is started from, and restarted.
#[derive(Clone, Debug)]
pub(super) struct Added {
    key: String,
    plan: Arc<ChildPlan>,
    args: Vec<String>,
}

impl Added {
    /// The child that a step adds to this supervisor.
    pub(super) fn new(step: &StartChild, key: &str, found: &Supervising) -> Self {
        let plan = ChildPlan::of_step(step, found.template());
        let mut args = found.plan.written.extra_args.clone();
        args.extend(plan.written.args.iter().cloned());
        Self {
            key: key.to_owned(),
            plan,
            args,
        }
    }

    /// As the child of a dynamic supervisor, which brings its own spec.
    pub(super) fn child(self, stage: &Arc<Stage>, parent: &str) -> Result<Child, Inexpressible> {
        let spec = spec(&self.plan.written)?;
        let start = start_below(stage, parent);
        Ok(Child::from_start(spec, move |cx| start(cx, self.clone())))
    }

    async fn start(
        self,
        stage: Arc<Stage>,
        parent: Arc<str>,
        cx: StartContext,
    ) -> Result<Started, StartError> {
        let path = format!("{parent}/{}", self.key);
        let attempt = Attempt::new(&stage, path, Some(self.args));
        attempt.play(cx, self.plan).await
    }
}

/// The supervisor that makes its children from the template of the document, if it has exactly one.
pub(super) fn simple(
    stage: &Arc<Stage>,
    plan: &SupervisorPlan,
    path: &str,
) -> Result<Result<SimpleSupervisor<Added>, SpecError>, Inexpressible> {
    let templates = plan.children.iter().map(|child| spec(&child.written));
    let templates: Vec<ChildSpec> = templates.collect::<Result<_, _>>()?;
    Ok(SimpleSupervisor::from_specs(
        templates,
        start_below(stage, path),
    ))
}

/// The start function of all children of this supervisor.
fn start_below(
    stage: &Arc<Stage>,
    parent: &str,
) -> impl Fn(StartContext, Added) -> StartFuture + Send + Sync + use<> {
    let (stage, parent) = (Arc::clone(stage), Arc::<str>::from(parent));
    move |cx, added| Box::pin(added.start(Arc::clone(&stage), Arc::clone(&parent), cx))
}

type StartFuture = std::pin::Pin<Box<dyn Future<Output = Result<Started, StartError>> + Send>>;

/// The same id for all that have none.
fn spec(written: &Written) -> Result<ChildSpec, Inexpressible> {
    let id = written.id.as_deref().unwrap_or("child");
    Ok(child_spec(written, name(id)?))
}
