//! The callers and tasks of a scenario.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{
    Child, Delivery, DynamicSupervisor, EventKind, EventStream, ExitReason, ExitSignals, Process,
    Runtime, StartError, Started, SupervisorError, SupervisorRef, Task, TaskError, TaskSupervisor,
    TaskSupervisorRef,
};
use serde_json::{Value, json};

use super::runs::{Order, Runs};
use crate::replay::drive::{Halt, Inexpressible, World};
use crate::replay::matching::{match_multiset, match_value};
use crate::replay::scenario::{Reason, Step, TaskExpect, TaskOp, TaskSpec, Timeout};
use crate::replay::world::{exit_reason, name, reason_text};

/// How long what has to happen may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after that something too many may show itself.
const AFTERMATH: Duration = Duration::from_millis(20);

pub(super) struct Tasks {
    runtime: Runtime,
    tasks: TaskSupervisorRef,
    callers: SupervisorRef,
    /// Kept, because dropping it ends the trapping.
    traps: Vec<ExitSignals>,
    /// The tasks somebody may wait for. Behind a lock because a task is not `Sync`.
    awaited: Mutex<HashMap<String, Task<Value>>>,
    runs: Arc<Runs>,
    events: EventStream,
    ended: Vec<Value>,
}

impl World for Tasks {
    type Op = TaskOp;
    type Expect = TaskExpect;

    async fn play(&mut self, _: usize, step: &Step<TaskOp, TaskExpect>) -> Result<(), Halt> {
        let result = self.perform(&step.op).await?;
        let is_stop = matches!(step.op, TaskOp::Stop);
        self.rest(step.expect.events.len(), is_stop).await;
        match_multiset(
            "event",
            &step.expect.events,
            &std::mem::take(&mut self.ended),
        )?;
        match_value("result", &step.expect.result, &result)?;
        Ok(())
    }

    async fn close(self) {
        self.runtime.stop(Duration::ZERO).await;
    }
}

impl Tasks {
    pub(super) async fn new(spec: &TaskSpec) -> Result<Self, Inexpressible> {
        let refused = |error: StartError| Inexpressible(error.to_string());
        let runtime = Runtime::new();
        let events = runtime.events();
        let mut tasks = TaskSupervisor::new();
        if let Some(max) = spec.max_children {
            tasks = tasks.max_children(max);
        }
        if let Some(restarts) = spec.max_restarts {
            tasks = tasks.intensity(restarts, Duration::from_secs(5));
        }
        let tasks = runtime.start(name("supervisor")?, tasks).await;
        let callers = runtime
            .start(name("callers")?, DynamicSupervisor::new())
            .await;
        Ok(Self {
            runtime,
            tasks: tasks.map_err(refused)?.into(),
            callers: callers.map_err(refused)?,
            traps: Vec::new(),
            awaited: Mutex::default(),
            runs: Arc::default(),
            events,
            ended: Vec::new(),
        })
    }

    /// Collects ends until there are as many as expected, and a little longer.
    async fn rest(&mut self, expected: usize, is_stop: bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.ended.len() < expected {
            match tokio::time::timeout_at(deadline, self.events.next()).await {
                Ok(Some(delivery)) => self.take(&delivery, is_stop),
                _ => break,
            }
        }
        tokio::time::sleep(AFTERMATH).await;
        while let Some(delivery) = self.events.try_next() {
            self.take(&delivery, is_stop);
        }
    }

    /// The supervisor's own end is only told of when it was asked for.
    fn take(&mut self, delivery: &Delivery, is_stop: bool) {
        let Delivery::Event(event) = delivery else {
            return;
        };
        if let EventKind::Exited { process, reason } = &event.kind {
            let is_supervisor = process == self.tasks.supervisor().process();
            let supervisor = || (is_supervisor && is_stop).then(|| "supervisor".to_owned());
            let name = self.runs.name(process).or_else(supervisor);
            let reason = task_reason(reason);
            self.ended
                .extend(name.map(|name| json!(["terminated", name, reason])));
        }
    }

    async fn perform(&mut self, op: &TaskOp) -> Result<Value, Inexpressible> {
        match op {
            TaskOp::SpawnCaller { caller, trap_exit } => {
                self.spawn_caller(caller, *trap_exit).await
            }
            TaskOp::StartChild { task, restart } => Ok(self.start_child(task, *restart).await),
            TaskOp::Async { caller, task } => self.start_async(caller, task, true).await,
            TaskOp::AsyncNolink { caller, task } => self.start_async(caller, task, false).await,
            TaskOp::Finish { task, value } => self.tell(task, Order::Finish(value.clone())),
            TaskOp::Crash { task, reason } => self.tell(task, crash(reason)),
            TaskOp::Restarted { task } => Ok(json!(self.runs.has_restarted(task).await)),
            TaskOp::Await { task, timeout, .. } => self.wait(task, *timeout).await,
            TaskOp::Yield { task, timeout, .. } => self.yield_for(task, *timeout).await,
            TaskOp::Shutdown { task, timeout, .. } => self.shutdown(task, *timeout).await,
            TaskOp::Children => Ok(self.children().await),
            TaskOp::TerminateChild { task } => self.terminate_child(task).await,
            TaskOp::KillCaller { caller } => {
                self.process(caller)?.kill();
                Ok(Value::Null)
            }
            TaskOp::Stop => Ok(self.stop().await),
        }
    }

    async fn spawn_caller(
        &mut self,
        caller: &str,
        trap_exit: bool,
    ) -> Result<Value, Inexpressible> {
        let mut spec = ChildSpec::new(name(caller)?);
        spec.restart = Restart::Temporary;
        let child = Child::from_start(spec, |cx| async move {
            Ok(cx
                .spawn_task(|stop| async move { stop.stopped().await })
                .into())
        });
        let Ok(Started::Process { process, .. }) = self.callers.start_child(child).await else {
            return Ok(json!("the caller did not start"));
        };
        if trap_exit {
            self.traps.push(process.trap_exit());
        }
        self.runs.add_process(caller, &process);
        Ok(Value::Null)
    }

    fn process(&self, name: &str) -> Result<Process, Inexpressible> {
        let process = self.runs.process(name);
        process.ok_or_else(|| Inexpressible(format!("{name} was never started")))
    }

    async fn start_child(&self, task: &str, restart: Restart) -> Value {
        let (runs, name) = (Arc::clone(&self.runs), task.to_owned());
        let started = self.tasks.start_child(restart, move |_| {
            let (runs, name) = (Arc::clone(&runs), name.clone());
            async move { runs.run_child(&name).await }
        });
        match started.await {
            Ok(_) => self.begun(task).await,
            Err(error) => refusal(&error),
        }
    }

    async fn start_async(
        &mut self,
        caller: &str,
        task: &str,
        is_linked: bool,
    ) -> Result<Value, Inexpressible> {
        let (runs, name) = (Arc::clone(&self.runs), task.to_owned());
        let body = async move { runs.run_async(&name).await };
        let caller = self.process(caller)?;
        // As part of the caller, which is whom the task is linked to.
        let started = if is_linked {
            caller.scope(self.tasks.async_linked(body)).await
        } else {
            caller.scope(self.tasks.async_nolink(body)).await
        };
        match started {
            Ok(started) => {
                self.awaited().insert(task.to_owned(), started);
                Ok(self.begun(task).await)
            }
            Err(SupervisorError::MaxChildren) => Ok(json!({"raised": true})),
            Err(error) => Ok(refusal(&error)),
        }
    }

    async fn begun(&self, task: &str) -> Value {
        match self.runs.has_begun(task).await {
            true => json!("ok"),
            false => json!("started, but does not run"),
        }
    }

    fn tell(&self, task: &str, order: Order) -> Result<Value, Inexpressible> {
        match self.runs.tell(task, order) {
            true => Ok(Value::Null),
            false => Err(Inexpressible(format!("{task} does not run"))),
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<String, Task<Value>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_awaited(&self, task: &str) -> Result<Task<Value>, Inexpressible> {
        let awaited = self.awaited().remove(task);
        awaited.ok_or_else(|| Inexpressible(format!("nobody waits for {task}")))
    }

    async fn wait(&self, task: &str, timeout: Timeout) -> Result<Value, Inexpressible> {
        let limit = limit(timeout)?;
        Ok(outcome(self.take_awaited(task)?.wait(limit).await))
    }

    async fn yield_for(&self, name: &str, timeout: Timeout) -> Result<Value, Inexpressible> {
        let limit = limit(timeout)?;
        let mut task = self.take_awaited(name)?;
        if let Some(result) = task.yield_for(limit).await {
            return Ok(outcome(result));
        }
        self.awaited().insert(name.to_owned(), task);
        Ok(Value::Null)
    }

    async fn shutdown(&self, task: &str, timeout: Timeout) -> Result<Value, Inexpressible> {
        let shutdown = match timeout {
            Timeout::Millis(ms) => Shutdown::Timeout(Duration::from_millis(ms)),
            Timeout::Word(_) => Shutdown::BrutalKill,
        };
        let stopped = self.take_awaited(task)?.shutdown(shutdown).await;
        Ok(stopped.map_or(Value::Null, outcome))
    }

    async fn children(&self) -> Value {
        match self.tasks.children().await {
            Ok(children) => {
                let mut names: Vec<_> = children.iter().map(|task| self.runs.name(task)).collect();
                names.sort();
                json!({"tasks": names})
            }
            Err(error) => refusal(&error),
        }
    }

    async fn terminate_child(&self, task: &str) -> Result<Value, Inexpressible> {
        let process = self.process(task)?;
        Ok(match self.tasks.terminate_child(&process).await {
            Ok(()) => json!("ok"),
            Err(error) => refusal(&error),
        })
    }

    async fn stop(&self) -> Value {
        match self.tasks.supervisor().stop(ExitReason::Normal).await {
            Ok(()) => json!("ok"),
            Err(error) => json!({"exit": error.to_string()}),
        }
    }
}

fn crash(reason: &str) -> Order {
    if reason == "raise" {
        return Order::Raise("boom".to_owned());
    }
    // Any word that is no reason of steps is one of the task's own.
    let known = Reason::try_from(reason.to_owned());
    Order::Exit(exit_reason(
        &known.unwrap_or_else(|_| Reason::Error(reason.to_owned())),
    ))
}

fn limit(timeout: Timeout) -> Result<Duration, Inexpressible> {
    match timeout {
        Timeout::Millis(ms) => Ok(Duration::from_millis(ms)),
        Timeout::Word(_) => Err(Inexpressible("expected a time to wait".to_owned())),
    }
}

fn refusal(error: &SupervisorError) -> Value {
    match error {
        SupervisorError::MaxChildren => json!({"error": "max_children"}),
        SupervisorError::NotFound => json!({"error": "not_found"}),
        other => json!({"error": format!("unexpected: {other}")}),
    }
}

fn outcome(result: Result<Value, TaskError>) -> Value {
    match result {
        Ok(value) => json!({"ok": value}),
        Err(TaskError::Exited(reason)) => json!({"exit": task_reason(&reason)}),
        Err(TaskError::Timeout(_)) => json!({"exit": "error:timeout"}),
        Err(other) => json!({"exit": format!("unexpected: {other}")}),
    }
}

/// A task that raises ends with what it has raised.
fn task_reason(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Panicked(panic) => format!("error:{}", panic.message()),
        other => reason_text(other),
    }
}
