//! One step's call and its result.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{AutoShutdown, Strategy, SupervisorFlags};
use mainstay_supervisors::{Process, check_childspecs};
use serde_json::{Value, json};

use super::attempt::Attempt;
use super::directory::Supervising;
use super::request::Request;
use super::{Root, Stage, build, exit_reason, terms};
use crate::replay::answers::Call;
use crate::replay::drive::Inexpressible;
use crate::replay::plan::ChildPlan;
use crate::replay::scenario::{Child, Init, Op, Reason};

/// The call of a step, ready to be made.
pub(super) fn of(stage: &Arc<Stage>, op: &Op) -> Result<Call, Inexpressible> {
    match op {
        Op::Start => Ok(start(stage)),
        Op::Sleep { ms } => {
            let ms = Duration::from_millis(*ms);
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
        let built = match build::supervisor(&stage, plan, "root") {
            Ok(built) => built,
            Err(refused) => return json!({"not done": refused.0}),
        };
        match stage.runtime.start("root", built.blueprint).await {
            Ok(root) => {
                let supervising = Supervising {
                    process: root.process().clone(),
                    plan: Arc::clone(plan),
                    simple: built.simple,
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
