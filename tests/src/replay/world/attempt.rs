//! One start attempt, as its script says. It runs inside the supervisor, which is busy meanwhile.

use std::sync::Arc;

use mainstay_supervisors::{ExitReason, StartContext, StartError, Started, Term, current};
use serde_json::{Value, json};

use super::directory::Supervising;
use super::worker::Worker;
use super::{Stage, build, terms};
use crate::replay::plan::{ChildPlan, SupervisorPlan};
use crate::replay::scenario::{Init, ProcessName, Start};

/// The n-th attempt to start what is at a path.
pub(super) struct Attempt {
    stage: Arc<Stage>,
    name: ProcessName,
    /// Told in the trace where children are started with arguments.
    args: Option<Vec<String>>,
}

impl Attempt {
    pub(super) fn new(stage: &Arc<Stage>, path: String, args: Option<Vec<String>>) -> Self {
        let n = stage.attempts.next(&path);
        Self {
            stage: Arc::clone(stage),
            name: ProcessName { path, n },
            args,
        }
    }

    pub(super) const fn name(&self) -> &ProcessName {
        &self.name
    }

    /// Starts a child as its script says.
    pub(super) async fn play(
        self,
        cx: StartContext,
        plan: Arc<ChildPlan>,
    ) -> Result<Started, StartError> {
        self.introduce_supervisor();
        let outcome = plan.script.next();
        if outcome.gated {
            let released = self.stage.gates.block(&self.name.path);
            self.note("start_blocked", None);
            released.await;
        }
        match outcome.start {
            Start::Ok => self.start(cx, &plan).await,
            Start::OkInfo(info) => {
                let started = self.start(cx, &plan).await?;
                Ok(started.with_info(Term::new(info)))
            }
            Start::Ignore => Ok(self.ignored()),
            Start::Error(term) => {
                self.failed(json!(term));
                Err(StartError::failed(term))
            }
            Start::Raise(term) => {
                self.failed(json!(["raise", term]));
                // A panic that the panic hook does not print.
                std::panic::resume_unwind(Box::new(term))
            }
            Start::Exit(term) => {
                self.failed(json!(["exit", term]));
                let body = async move { Err::<(), _>(ExitReason::failed(term)) };
                let exited = cx.spawn_task_ready(|_, ready| async move {
                    let _never_ready = ready;
                    body.await
                });
                exited.await.map(Started::from)
            }
        }
    }

    /// Has it known who the supervisor is that this attempt runs in, for it may report while it is still starting.
    fn introduce_supervisor(&self) {
        if let (Some(supervisor), Some((path, _))) = (current(), self.name.path.rsplit_once('/')) {
            self.stage.directory.add_reporter(&supervisor, path);
        }
    }

    async fn start(&self, cx: StartContext, plan: &ChildPlan) -> Result<Started, StartError> {
        if let Some(sup) = &plan.sup {
            return self.start_supervisor(cx, sup).await;
        }
        let worker = if self.is_actor() {
            Worker::actor(cx, plan.on_terminate()).await?
        } else {
            Worker::task(cx, plan.on_terminate())
        };
        let process = worker.process.clone();
        self.stage.directory.add_worker(&self.name, worker);
        self.started();
        Ok(process.into())
    }

    async fn start_supervisor(
        &self,
        cx: StartContext,
        plan: &Arc<SupervisorPlan>,
    ) -> Result<Started, StartError> {
        if plan.written.init == Some(Init::Ignore) {
            return Ok(self.ignored());
        }
        let built = build::supervisor(&self.stage, plan, &self.name.path)
            .map_err(|refused| StartError::failed(refused.0))?;
        let started = cx.start_supervisor(built.blueprint).await;
        match &started {
            Ok(Started::Process { process, .. }) => {
                let supervising = Supervising {
                    process: process.clone(),
                    plan: Arc::clone(plan),
                    simple: built.simple,
                };
                self.stage.directory.add_supervisor(&self.name, supervising);
                self.started();
            }
            Ok(_) => self.note("start_ignored", None),
            Err(error) => self.failed(terms::start_error(error)),
        }
        started
    }

    /// Every other child of a supervisor is an actor, and every other incarnation of a child.
    fn is_actor(&self) -> bool {
        let bytes = self.name.path.bytes().map(u32::from);
        (bytes.sum::<u32>() + self.name.n).is_multiple_of(2)
    }

    pub(super) fn started(&self) {
        self.note("started", self.args.as_ref().map(|args| json!(args)));
    }

    pub(super) fn failed(&self, term: Value) {
        self.note("start_failed", Some(term));
    }

    pub(super) fn ignored(&self) -> Started {
        self.note("start_ignored", None);
        Started::Ignore
    }

    fn note(&self, kind: &str, more: Option<Value>) {
        let mut event = vec![json!(kind), json!(self.name.path), json!(self.name.n)];
        event.extend(more);
        self.stage.journal.note(event);
    }
}
