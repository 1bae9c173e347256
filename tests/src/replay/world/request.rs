//! A request to a supervisor, and its answer.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ChildType, Restart, Shutdown};
use mainstay_supervisors::{Child, PartitionRef, Process, Started, SupervisorError, SupervisorRef};
use serde_json::{Value, json};

use super::added::Added;
use super::directory::Supervising;
use super::{Stage, build, terms, tree};
use crate::replay::answers::Call;
use crate::replay::drive::Inexpressible;
use crate::replay::plan::ChildPlan;
use crate::replay::scenario::{Id, Kind, Pid, StartChild};

/// A request to the latest incarnation of a supervisor, dead or alive.
pub(super) struct Request {
    stage: Arc<Stage>,
    path: String,
    found: Supervising,
    handle: SupervisorRef,
}

impl Request {
    pub(super) fn new(stage: &Arc<Stage>, path: &str) -> Result<Self, Inexpressible> {
        let none = || Inexpressible(format!("no supervisor was started at {path}"));
        let found = stage.directory.supervisor(path).ok_or_else(none)?;
        let handle = found.process.supervisor().ok_or_else(none)?;
        Ok(Self {
            stage: Arc::clone(stage),
            path: path.to_owned(),
            found,
            handle,
        })
    }

    fn refusal(&self, error: &SupervisorError) -> Value {
        terms::refusal(error, self.found.plan.written.kind, &self.stage.directory)
    }

    pub(super) fn start_child(self, step: &StartChild) -> Result<Call, Inexpressible> {
        let Some(key) = &step.key else {
            return self.start_with_id(step);
        };
        let added = Added::new(step, key, &self.found);
        match &self.found.simple {
            Some(simple) => {
                let simple = simple.bind(self.handle.clone());
                Ok(Box::pin(async move {
                    let started = simple.start_child(added).await;
                    self.started(started)
                }))
            }
            None => {
                let child = added.child(&self.stage, &self.path)?;
                Ok(self.start(child))
            }
        }
    }

    fn start_with_id(self, step: &StartChild) -> Result<Call, Inexpressible> {
        match &step.child {
            Some(written) if self.found.is_ordered() => {
                let child = build::child(&self.stage, &ChildPlan::new(written), &self.path)?;
                Ok(self.start(child))
            }
            Some(_) => Err(Inexpressible("a child without a key".to_owned())),
            None => Err(Inexpressible("a child without a spec".to_owned())),
        }
    }

    fn start(self, child: Child) -> Call {
        Box::pin(async move {
            let started = self.handle.start_child(child).await;
            self.started(started)
        })
    }

    fn started(&self, started: Result<Started, SupervisorError>) -> Value {
        match started {
            Ok(Started::Process { process, info }) => {
                let mut result = json!({"ok": self.stage.directory.term(&process)});
                if let Some(info) = info {
                    result["info"] = json!(info.to_string());
                }
                result
            }
            Ok(_) if self.found.plan.written.kind == Kind::Dynamic => json!("ignore"),
            Ok(_) => json!({"ok": "undefined"}),
            Err(error) => self.refusal(&error),
        }
    }

    fn process(&self, pid: &Pid) -> Result<Process, Inexpressible> {
        match pid {
            Pid::Stranger(_) => Ok(self.stage.stranger.clone()),
            Pid::Process(name) => {
                let process = self.stage.directory.process(name);
                process.ok_or_else(|| Inexpressible(format!("{name:?} was never started")))
            }
        }
    }

    pub(super) fn terminate_child(
        self,
        id: Option<&Id>,
        pid: Option<&Pid>,
    ) -> Result<Call, Inexpressible> {
        let target = self.target(id, pid)?;
        Ok(Box::pin(async move {
            let terminated = match &target {
                Target::Id(id) => self.handle.terminate_child(id).await,
                Target::Process(process) => self.handle.terminate_process(process).await,
            };
            self.ok(terminated)
        }))
    }

    pub(super) fn childspec(
        self,
        id: Option<&Id>,
        pid: Option<&Pid>,
    ) -> Result<Call, Inexpressible> {
        let target = self.target(id, pid)?;
        Ok(Box::pin(async move {
            let spec = match &target {
                Target::Id(id) => self.handle.get_childspec(id).await,
                Target::Process(process) => self.handle.get_childspec_of(process).await,
            };
            match spec {
                Ok(spec) => json!({"ok": {"spec": spec_fields(&spec)}}),
                Err(error) => self.refusal(&error),
            }
        }))
    }

    fn target(&self, id: Option<&Id>, pid: Option<&Pid>) -> Result<Target, Inexpressible> {
        match (id, pid) {
            (Some(id), None) => Ok(Target::Id(build::name(&id.text())?)),
            (None, Some(pid)) => Ok(Target::Process(self.process(pid)?)),
            _ => Err(Inexpressible(
                "expected either an id or a process".to_owned(),
            )),
        }
    }

    pub(super) fn restart_child(self, id: &Id) -> Result<Call, Inexpressible> {
        let id = build::name(&id.text())?;
        Ok(Box::pin(async move {
            let started = self.handle.restart_child(&id).await;
            self.started(started)
        }))
    }

    pub(super) fn delete_child(self, id: &Id) -> Result<Call, Inexpressible> {
        let id = build::name(&id.text())?;
        Ok(Box::pin(async move {
            let deleted = self.handle.delete_child(&id).await;
            self.ok(deleted)
        }))
    }

    fn ok(&self, result: Result<(), SupervisorError>) -> Value {
        match result {
            Ok(()) => json!({"ok": true}),
            Err(error) => self.refusal(&error),
        }
    }

    pub(super) fn which_children(self) -> Call {
        Box::pin(async move {
            match self.handle.which_children().await {
                Ok(children) => {
                    let entries = tree::entries(&self.stage.directory, &self.found, &children);
                    json!({"children": entries})
                }
                Err(error) => self.refusal(&error),
            }
        })
    }

    pub(super) fn count_children(self) -> Call {
        Box::pin(async move {
            match self.handle.count_children().await {
                Ok(counts) => json!({"counts": tree::numbers(&counts)}),
                Err(error) => self.refusal(&error),
            }
        })
    }

    pub(super) fn route(self, key: i64) -> Call {
        let process = PartitionRef::new(self.handle).and_then(|route| route.route_integer(key));
        let result = match process {
            Some(process) => json!({"ok": self.stage.directory.term(&process)}),
            None => json!({"exit": "noproc"}),
        };
        Box::pin(async move { result })
    }
}

enum Target {
    Id(ChildId),
    Process(Process),
}

fn spec_fields(spec: &ChildSpec) -> Value {
    json!({
        "id": spec.id.as_str(),
        "restart": match spec.restart {
            Restart::Permanent => "permanent",
            Restart::Transient => "transient",
            Restart::Temporary => "temporary",
        },
        "significant": spec.significant,
        "shutdown": match spec.shutdown {
            None => json!("no default was filled in"),
            Some(Shutdown::BrutalKill) => json!("brutal_kill"),
            Some(Shutdown::Infinity) => json!("infinity"),
            Some(Shutdown::Timeout(limit)) => json!(limit.as_millis()),
        },
        "type": match spec.child_type {
            ChildType::Worker => "worker",
            ChildType::Supervisor => "supervisor",
        },
    })
}
