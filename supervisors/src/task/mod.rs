//! Tasks that give a result, each a supervised process.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`TaskSupervisor`], [`TaskSupervisorRef`] |
//! | `handle.rs` | [`Task`]: waiting for a result, giving up on it |
//! | `stream.rs` | [`TaskSupervisorRef::async_stream`]: many tasks over a stream of inputs |

mod handle;
mod stream;

use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, Restart};
use tokio::sync::oneshot;

pub use handle::{Task, TaskError};
pub use stream::{StreamOptions, TaskStream};

use crate::exit::{ExitReason, IntoExit};
use crate::process::{Process, StopToken, current};
use crate::start::{Child, StartError, Started};
use crate::supervisor::{
    Blueprint, ChildStatus, DynamicSupervisor, SupervisorError, SupervisorRef,
};

/// A supervisor of tasks to be, as Elixir's `Task.Supervisor`: a dynamic supervisor of temporary children.
#[derive(Clone, Debug, Default)]
#[must_use = "a supervisor does nothing until it is started"]
pub struct TaskSupervisor(DynamicSupervisor);

impl TaskSupervisor {
    /// Without a limit on tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses to run more tasks than this at once.
    pub fn max_children(mut self, max: usize) -> Self {
        self.0 = self.0.max_children(max);
        self
    }

    /// Allows `restarts` within `period`, for tasks that are restarted.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.0 = self.0.intensity(restarts, period);
        self
    }
}

impl From<TaskSupervisor> for Blueprint {
    fn from(tasks: TaskSupervisor) -> Self {
        tasks.0.into()
    }
}

/// The handle of a running [`TaskSupervisor`]: made from its [`SupervisorRef`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TaskSupervisorRef(SupervisorRef);

impl From<SupervisorRef> for TaskSupervisorRef {
    fn from(supervisor: SupervisorRef) -> Self {
        Self(supervisor)
    }
}

impl TaskSupervisorRef {
    /// The supervisor.
    #[must_use]
    pub const fn supervisor(&self) -> &SupervisorRef {
        &self.0
    }

    /// Runs a future as a task, linked to the process that calls this: each ends abnormally with the other, unless it
    /// traps exits. Outside every process there is nothing to link to, and it is the same as
    /// [`async_nolink`](Self::async_nolink).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::MaxChildren`]; that the supervisor is not there.
    #[track_caller]
    pub fn async_linked<T, F>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<Task<T>, SupervisorError>> + Send
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let made_at = Location::caller();
        let body = |result: oneshot::Sender<T>| async move { drop(result.send(future.await)) };
        async move { self.spawn(current(), made_at, body).await }
    }

    /// Runs a future as a task. Its failure concerns nobody but who waits for its result.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::MaxChildren`]; that the supervisor is not there.
    #[track_caller]
    pub fn async_nolink<T, F>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<Task<T>, SupervisorError>> + Send
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        // Nobody may wait for the result any more; the task goes on all the same.
        let body = |result: oneshot::Sender<T>| async move { drop(result.send(future.await)) };
        self.spawn(None, Location::caller(), body)
    }

    /// As [`async_nolink`](Self::async_nolink), but the future is dropped when the task's handle is, also while it is
    /// still being started.
    async fn async_while_wanted<T, F>(
        &self,
        made_at: &'static Location<'static>,
        future: F,
    ) -> Result<Task<T>, SupervisorError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.spawn(None, made_at, |mut result| async move {
            let answer = tokio::select! {
                answer = future => Some(answer),
                () = result.closed() => None,
            };
            answer.map(|answer| result.send(answer).ok());
        })
        .await
    }

    /// Linked to `caller` as it starts: should that have ended meanwhile, the task ends at once.
    async fn spawn<T, F, B>(
        &self,
        caller: Option<Process>,
        made_at: &'static Location<'static>,
        body: B,
    ) -> Result<Task<T>, SupervisorError>
    where
        T: Send + 'static,
        B: FnOnce(oneshot::Sender<T>) -> F + Send,
        F: Future<Output = ()> + Send + 'static,
    {
        let (result, answer) = oneshot::channel();
        let body = body(result);
        // A temporary child is started once.
        let body = Arc::new(Mutex::new(Some(body)));
        let child = Child::from_start(self.spec(Restart::Temporary), move |cx| {
            let body = body.lock().unwrap_or_else(PoisonError::into_inner).take();
            let caller = caller.clone();
            async move {
                let body = body.ok_or_else(|| StartError::failed("a task is started once"))?;
                let process = cx.spawn_task(|_| body);
                if let Some(caller) = caller {
                    caller.link(&process);
                }
                Ok(process.into())
            }
        });
        let process = self.start(child.with_made_at(made_at)).await?;
        Ok(Task::new(process, answer))
    }

    /// Starts a task whose result nobody waits for. A temporary one runs once; of others `body` is called anew for each
    /// restart.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::MaxChildren`]; that the supervisor is not there.
    #[track_caller]
    pub fn start_child<F, B>(
        &self,
        restart: Restart,
        body: B,
    ) -> impl Future<Output = Result<Process, SupervisorError>> + Send
    where
        B: Fn(StopToken) -> F + Send + Sync + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
    {
        let body = Arc::new(body);
        let child = Child::from_start(self.spec(restart), move |cx| {
            let body = Arc::clone(&body);
            async move { Ok(cx.spawn_task(|stop| body(stop)).into()) }
        });
        self.start(child)
    }

    /// The tasks that run.
    ///
    /// # Errors
    ///
    /// That the supervisor is not there.
    pub async fn children(&self) -> Result<Vec<Process>, SupervisorError> {
        let running = |status| match status {
            ChildStatus::Running(process) => Some(process),
            ChildStatus::Restarting | ChildStatus::Stopped => None,
        };
        let children = self.0.which_children().await?.into_iter();
        Ok(children.filter_map(|child| running(child.status)).collect())
    }

    /// Stops a task.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`] if it does not run under this supervisor.
    pub async fn terminate_child(&self, task: &Process) -> Result<(), SupervisorError> {
        self.0.terminate_process(task).await
    }

    fn spec(&self, restart: Restart) -> ChildSpec {
        // The supervisor's own id is a name already.
        let id = ChildId::new("task").unwrap_or_else(|_| self.0.process().id().clone());
        let mut spec = ChildSpec::new(id);
        spec.restart = restart;
        spec
    }

    async fn start(&self, child: Child) -> Result<Process, SupervisorError> {
        match self.0.start_child(child).await? {
            Started::Process { process, .. } => Ok(process),
            Started::Ignore => Err(SupervisorError::StartFailed(StartError::Exited(
                ExitReason::Normal,
            ))),
        }
    }
}
