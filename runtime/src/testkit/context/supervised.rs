//! Children of the test, under a supervisor that is there for them alone.

use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, ChildType, NameError};
use mainstay_supervisors::{
    CallError, Child, ChildStatus, Process, Supervisor, SupervisorError, SupervisorRef,
};

use super::{TestContext, teardown::Ending};

/// The id of the supervisor, under the root of the namespace.
pub const SUPERVISED: &str = "supervised";

/// A crash on purpose is no reason to give up: as ExUnit has it.
const INTENSITY: (u32, Duration) = (1_000_000, Duration::from_secs(1));

/// Why a child of the test did not start, or was not stopped.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuperviseError {
    /// The test has ended, and its children are being stopped.
    #[error("the test has ended")]
    Ended,
    /// The start function said that there is nothing to run.
    #[error("the start function said that there is nothing to run")]
    Ignored,
    /// The id is no name.
    #[error("the id: {0}")]
    Id(#[from] NameError),
    /// The supervisor refused, or the start failed.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
}

/// What the supervisor of a test starts again, should it be restarted with the services before it.
type Children = Arc<Mutex<Vec<Child>>>;

#[derive(Default)]
pub(super) struct Supervised {
    children: Children,
    /// Held while it is looked for, so that it is started once.
    supervisor: tokio::sync::Mutex<Option<SupervisorRef>>,
}

impl Supervised {
    fn remember(&self, child: Child) {
        let mut children = lock(&self.children);
        // A temporary one of this id may have ended.
        children.retain(|other| other.spec().id != child.spec().id);
        children.push(child);
    }

    fn forget(&self, id: &ChildId) {
        lock(&self.children).retain(|child| child.spec().id != *id);
    }
}

fn lock(children: &Children) -> MutexGuard<'_, Vec<Child>> {
    children.lock().unwrap_or_else(PoisonError::into_inner)
}

fn id() -> ChildId {
    ChildId::new(SUPERVISED).unwrap_or_else(|_| unreachable!("it is a name"))
}

impl TestContext {
    /// Starts a child under the supervisor of the test: one for one, and not to be tired by crashes. Permanent children are
    /// restarted; an id that is known is refused. When the test ends, these children are stopped first, the last started
    /// first, each as its spec says.
    ///
    /// The supervisor comes after the services of the namespace and is restarted with them, and so are its children.
    ///
    /// Cancel safety: when this is dropped, the child may start all the same.
    ///
    /// # Errors
    ///
    /// [`SuperviseError`]; of a start that fails nothing is kept.
    #[track_caller]
    pub fn start_supervised(
        &self,
        child: Child,
    ) -> impl Future<Output = Result<Process, SuperviseError>> + Send + use<> {
        let what = format!("the start of {:?}", child.spec().id.as_str());
        let wait = self.waiting(&what, Location::caller());
        let cx = self.clone();
        async move {
            let _wait = wait;
            cx.0.ending.refuse_late()?;
            let supervisor = cx.supervisor().await?;
            let started = supervisor.start_child(child.clone()).await?;
            cx.0.supervised.remember(child);
            let process = started.process().cloned();
            process.ok_or(SuperviseError::Ignored)
        }
    }

    /// Starts a child as [`start_supervised`](Self::start_supervised) does and ties the test to its process: should that end
    /// otherwise than normally before the test does, the test is dropped where it stands, and has failed. The successor of a process
    /// that is restarted is not tied to the test.
    ///
    /// A test that brings its own tokio runtime is not dropped; [`finish`](Self::finish) fails.
    ///
    /// # Errors
    ///
    /// As of [`start_supervised`](Self::start_supervised).
    #[track_caller]
    pub fn start_supervised_linked(
        &self,
        child: Child,
    ) -> impl Future<Output = Result<Process, SuperviseError>> + Send + use<> {
        let started = self.start_supervised(child);
        let cx = self.clone();
        async move {
            let process = started.await?;
            cx.0.linked.add(&process);
            Ok(process)
        }
    }

    /// Stops a child of the test as its spec says, and forgets it, so that its id can be used anew. A link to the test is
    /// taken away before.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`] if there is no such child; also of a temporary one that has ended.
    #[track_caller]
    pub fn stop_supervised(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<(), SuperviseError>> + Send + use<> {
        let text = id.to_owned();
        let wait = self.waiting(&format!("the end of {text:?}"), Location::caller());
        let cx = self.clone();
        async move {
            let _wait = wait;
            cx.stop_child(&ChildId::new(&text)?).await
        }
    }

    async fn stop_child(&self, id: &ChildId) -> Result<(), SuperviseError> {
        let supervisor = self.supervisor().await?;
        let children = supervisor.which_children().await?;
        let child = children.into_iter().find(|child| child.id == *id);
        if let Some(ChildStatus::Running(process)) = child.map(|child| child.status) {
            self.0.linked.remove(&process);
        }
        supervisor.terminate_child(id).await?;
        self.0.supervised.forget(id);
        match supervisor.delete_child(id).await {
            // A temporary child is forgotten by being stopped.
            Ok(()) | Err(SupervisorError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The supervisor of the children as it runs now; started when it is first needed.
    async fn supervisor(&self) -> Result<SupervisorRef, SupervisorError> {
        let mut known = self.0.supervised.supervisor.lock().await;
        if let Some(supervisor) = &*known
            && supervisor.process().is_alive()
        {
            return Ok(supervisor.clone());
        }
        let root = self.root()?;
        let process = match running(&root).await? {
            Some(process) => process,
            None => {
                let started = root.start_child(self.supervisor_child()).await?;
                started.process().cloned().ok_or(CallError::NoProcess)?
            }
        };
        let supervisor = process.supervisor().ok_or(CallError::NoProcess)?;
        Ok(known.insert(supervisor).clone())
    }

    fn root(&self) -> Result<SupervisorRef, SupervisorError> {
        let root = self.0.namespace.root();
        root.ok_or(SupervisorError::Call(CallError::NoProcess))
    }

    fn supervisor_child(&self) -> Child {
        let children = Arc::clone(&self.0.supervised.children);
        let child = Child::from_start(ChildSpec::new(id()), move |cx| {
            let (intensity, period) = INTENSITY;
            let supervisor = Supervisor::one_for_one()
                .intensity(intensity, period)
                .children(lock(&children).clone());
            async move { cx.start_supervisor(supervisor).await }
        });
        child.with_spec(|spec| spec.child_type = ChildType::Supervisor)
    }

    /// Stops all children of the test, the last started first, and waits for them.
    pub(super) async fn stop_supervised_all(&self) {
        let Ok(root) = self.root() else { return };
        // There may be none, or the namespace has ended by itself.
        root.terminate_child(&id()).await.ok();
    }
}

/// The supervisor, if it is there and runs; an error while it is being restarted.
async fn running(root: &SupervisorRef) -> Result<Option<Process>, SupervisorError> {
    let children = root.which_children().await?;
    let ours = children.into_iter().find(|child| child.id == id());
    match ours.map(|child| child.status) {
        None => Ok(None),
        Some(ChildStatus::Running(process)) => Ok(Some(process)),
        Some(ChildStatus::Restarting) => Err(SupervisorError::Restarting),
        Some(_) => Err(CallError::NoProcess.into()),
    }
}

impl Ending {
    fn refuse_late(&self) -> Result<(), SuperviseError> {
        if self.has_begun() {
            return Err(SuperviseError::Ended);
        }
        Ok(())
    }
}
