//! One step's call and its result.

use std::sync::Arc;

use mainstay_specs::{
    AutoShutdown, ChildSpec, ChildType, Restart, Shutdown, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{
    PartitionRef, Process, Started, SupervisorError, SupervisorRef, check_childspecs,
};
use serde_json::{Value, json};

use super::attempt::Attempt;
use super::directory::Supervising;
use super::{Root, Stage, build, exit_reason, terms, tree};
use crate::replay::answers::Call;
use crate::replay::drive::Inexpressible;
use crate::replay::plan::ChildPlan;
use crate::replay::scenario::{Child, Id, Init, Kind, Op, Pid, Reason, StartChild};

/// The call of a step, ready to be made.
pub(super) fn of(stage: &Arc<Stage>, op: &Op) -> Result<Call, Inexpressible> {
    match op {
        Op::Start => Ok(start(stage)),
        Op::Sleep { ms } => {
            let ms = std::time::Duration::from_millis(*ms);
            Ok(Box::pin(async move {
                tokio::time::sleep(ms).await;
                Value::Null
            }))
        }
        Op::Release { path } => {
            let released = stage.gates.release(path);
            Ok(done(released, "nothing is blocked there"))
        }
        Op::ExitChild { path, reason } => exit_child(stage, path, reason),
        Op::KillSup { path } => {
            process(stage, path)?.kill();
            Ok(done(true, ""))
        }
        Op::ParentExit { reason } => {
            let root = process(stage, "root")?;
            match reason {
                Reason::Kill => root.kill(),
                _ => root.stop(exit_reason(reason)),
            }
            Ok(done(true, ""))
        }
        Op::StrangerExit { path, reason } => {
            process(stage, path)?.exit(exit_reason(reason));
            Ok(done(true, ""))
        }
        Op::StopSup { path, reason } => stop_sup(stage, path, reason),
        Op::CheckChildspecs {
            children,
            auto_shutdown,
        } => check_specs(stage, children, *auto_shutdown),
        request => of_request(stage, request),
    }
}

/// A request to a supervisor.
fn of_request(stage: &Arc<Stage>, op: &Op) -> Result<Call, Inexpressible> {
    let request = |sup: &str| Request::new(stage, sup);
    match op {
        Op::StartChild(step) => request(&step.sup)?.start_child(step),
        Op::TerminateChild { sup, id, pid } => {
            request(sup)?.terminate_child(id.as_ref(), pid.as_ref())
        }
        Op::GetChildspec { sup, id, pid } => request(sup)?.childspec(id.as_ref(), pid.as_ref()),
        Op::RestartChild { sup, id } => request(sup)?.restart_child(id),
        Op::DeleteChild { sup, id } => request(sup)?.delete_child(id),
        Op::WhichChildren { sup } => Ok(request(sup)?.which_children()),
        Op::CountChildren { sup } => Ok(request(sup)?.count_children()),
        Op::Route { sup, key } => Ok(request(sup)?.route(*key)),
        other => Err(Inexpressible(format!("{other:?} is no request"))),
    }
}

/// Something that is done at once and has no result.
fn done(is_done: bool, otherwise: &str) -> Call {
    let result = if is_done {
        Value::Null
    } else {
        json!({"not done": otherwise})
    };
    Box::pin(async move { result })
}

fn process(stage: &Stage, path: &str) -> Result<Process, Inexpressible> {
    let latest = stage.directory.latest(path);
    latest.ok_or_else(|| Inexpressible(format!("no process was started at {path}")))
}

fn start(stage: &Arc<Stage>) -> Call {
    let stage = Arc::clone(stage);
    Box::pin(async move {
        let attempt = Attempt::new(&stage, "root".to_owned(), None);
        let plan = &stage.root_plan;
        if plan.written.init == Some(Init::Ignore) {
            *stage.root() = Root::NotStarted;
            attempt.ignored();
            return json!("ignore");
        }
        let started = match (build::blueprint(&stage, plan, "root"), build::name("root")) {
            (Ok(blueprint), Ok(name)) => stage.runtime.start(name, blueprint).await,
            (Err(refused), _) | (_, Err(refused)) => return json!({"not done": refused.0}),
        };
        match started {
            Ok(root) => {
                let supervising = Supervising {
                    process: root.process().clone(),
                    plan: Arc::clone(plan),
                };
                stage.directory.add_supervisor(attempt.name(), supervising);
                *stage.root() = Root::Started(root.process().clone());
                attempt.started();
                json!({"ok": {"path": "root", "n": attempt.name().n}})
            }
            Err(error) => {
                let term = terms::start_error(&error);
                *stage.root() = Root::NotStarted;
                attempt.failed(term.clone());
                json!({"error": term})
            }
        }
    })
}

fn exit_child(stage: &Stage, path: &str, reason: &Reason) -> Result<Call, Inexpressible> {
    if *reason == Reason::Kill {
        process(stage, path)?.kill();
        return Ok(done(true, ""));
    }
    let told = stage.directory.order(path, exit_reason(reason));
    Ok(done(told, "no worker is there to exit"))
}

fn stop_sup(stage: &Stage, path: &str, reason: &Reason) -> Result<Call, Inexpressible> {
    let reason = exit_reason(reason);
    let Some(supervisor) = process(stage, path)?.supervisor() else {
        return Err(Inexpressible(format!("{path} is no supervisor")));
    };
    Ok(Box::pin(async move {
        match supervisor.stop(reason).await {
            Ok(()) => json!({"ok": true}),
            Err(error) => terms::no_answer(&error),
        }
    }))
}

fn check_specs(
    stage: &Arc<Stage>,
    children: &[Child],
    auto_shutdown: Option<AutoShutdown>,
) -> Result<Call, Inexpressible> {
    // Without the setting, significance is only checked against the restart type: as under a setting that allows it.
    let auto_shutdown = auto_shutdown.unwrap_or(AutoShutdown::AnySignificant);
    let flags = SupervisorFlags::new(Strategy::OneForOne).auto_shutdown(auto_shutdown);
    let children = children.iter().map(|written| {
        let plan = ChildPlan::new(written);
        build::child(stage, &plan, "root")
    });
    let children: Vec<_> = children.collect::<Result<_, _>>()?;
    let result = match check_childspecs(&flags, &children) {
        Ok(()) => json!({"ok": true}),
        Err(fault) => json!({"error": terms::spec_fault(&fault)}),
    };
    Ok(Box::pin(async move { result }))
}

/// A request to the latest incarnation of a supervisor, dead or alive.
struct Request {
    stage: Arc<Stage>,
    path: String,
    found: Supervising,
    handle: SupervisorRef,
}

impl Request {
    fn new(stage: &Arc<Stage>, path: &str) -> Result<Self, Inexpressible> {
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

    fn start_child(self, step: &StartChild) -> Result<Call, Inexpressible> {
        let child = match &step.key {
            None => {
                let Some(written) = &step.child else {
                    return Err(Inexpressible("a child without a spec".to_owned()));
                };
                build::child(&self.stage, &ChildPlan::new(written), &self.path)?
            }
            Some(key) => {
                let template = self.found.template();
                let plan = ChildPlan::of_step(step, template);
                let mut args = self.found.plan.written.extra_args.clone();
                args.extend(plan.written.args.iter().cloned());
                build::keyed(&self.stage, &plan, &self.path, key, Some(args))?
            }
        };
        Ok(Box::pin(async move {
            let started = self.handle.start_child(child).await;
            self.started(started)
        }))
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

    fn terminate_child(self, id: Option<&Id>, pid: Option<&Pid>) -> Result<Call, Inexpressible> {
        let target = self.target(id, pid)?;
        Ok(Box::pin(async move {
            let terminated = match &target {
                Target::Id(id) => self.handle.terminate_child(id).await,
                Target::Process(process) => self.handle.terminate_process(process).await,
            };
            self.ok(terminated)
        }))
    }

    fn childspec(self, id: Option<&Id>, pid: Option<&Pid>) -> Result<Call, Inexpressible> {
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

    fn restart_child(self, id: &Id) -> Result<Call, Inexpressible> {
        let id = build::name(&id.text())?;
        Ok(Box::pin(async move {
            let started = self.handle.restart_child(&id).await;
            self.started(started)
        }))
    }

    fn delete_child(self, id: &Id) -> Result<Call, Inexpressible> {
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

    fn which_children(self) -> Call {
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

    fn count_children(self) -> Call {
        Box::pin(async move {
            match self.handle.count_children().await {
                Ok(counts) => json!({"counts": tree::numbers(&counts)}),
                Err(error) => self.refusal(&error),
            }
        })
    }

    fn route(self, key: i64) -> Call {
        let process = PartitionRef::new(self.handle).and_then(|route| route.route_integer(key));
        let result = match process {
            Some(process) => json!({"ok": self.stage.directory.term(&process)}),
            None => json!({"exit": "noproc"}),
        };
        Box::pin(async move { result })
    }
}

enum Target {
    Id(mainstay_specs::ChildId),
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
