//! The handle of a running supervisor.

use std::fmt;
use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ChildType, SupervisorFlags};
use serde::Serialize;
use tokio::sync::oneshot;

use super::budget::RestartBudget;
use super::error::SupervisorError;
use super::hub::Hub;
use super::message::{Call, Message, Reply, Target};
use crate::call::CallError;
use crate::exit::ExitReason;
use crate::process::{Process, current};
use crate::start::{Child, Started};

/// A child as `which_children` tells it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildInfo {
    /// What the supervisor calls it.
    pub id: ChildId,
    /// Whether it runs.
    pub status: ChildStatus,
    /// Worker or supervisor.
    pub child_type: ChildType,
}

/// Whether a child runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildStatus {
    /// It has this process. The process may have ended without the supervisor having come to it.
    Running(Process),
    /// Its last restart has failed, or waits for its time.
    Restarting,
    /// It has no process: it was stopped, has ended normally, or had nothing to run.
    Stopped,
}

/// How many children there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChildCounts {
    /// All that are known.
    pub specs: usize,
    /// Those with a process.
    pub active: usize,
    /// Those of type supervisor, running or not.
    pub supervisors: usize,
    /// Those of type worker, running or not.
    pub workers: usize,
}

/// A running supervisor: a handle, cheap to clone.
///
/// Requests are served one at a time, in order, together with the ends of children; a supervisor that waits for a
/// start or a stop answers when that is done. Dropping the future of a request does not take the request back. A
/// supervisor that is restarted by the one above is another process: this handle then answers
/// [`CallError::NoProcess`].
#[derive(Clone)]
pub struct SupervisorRef {
    process: Process,
    hub: Arc<Hub>,
}

impl SupervisorRef {
    pub(crate) const fn new(process: Process, hub: Arc<Hub>) -> Self {
        Self { process, hub }
    }

    pub(crate) fn from_process(process: &Process) -> Option<Self> {
        let hub = process.life().hub()?;
        Some(Self::new(process.clone(), hub))
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Its process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Adds a child and starts it, after all others.
    ///
    /// # Errors
    ///
    /// A wrong spec, a known id, a full dynamic supervisor, a start that fails: then nothing is kept of it.
    pub async fn start_child(&self, child: Child) -> Result<Started, SupervisorError> {
        self.call(|reply| Call::Start(child, reply)).await
    }

    /// Adds a child and starts it, after all others but the last of those that the supervisor began with, if room was left there.
    ///
    /// # Errors
    ///
    /// As [`start_child`](Self::start_child); [`SupervisorError::MaxChildren`] if there is no room.
    pub(crate) async fn start_early(&self, child: Child) -> Result<Started, SupervisorError> {
        self.call(|reply| Call::StartEarly(child, reply)).await
    }

    /// Stops a child as its spec says. Its entry is kept, without a process, unless it is temporary.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`], and [`SupervisorError::NoIds`] from a dynamic supervisor.
    pub async fn terminate_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        self.call(|reply| Call::Terminate(Target::Id(id.clone()), reply))
            .await
    }

    /// Stops the child of a dynamic supervisor that is this process, and forgets it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`] if it is no child of it; also from supervisors whose children have ids.
    pub async fn terminate_process(&self, process: &Process) -> Result<(), SupervisorError> {
        self.call(|reply| Call::Terminate(Target::Process(process.clone()), reply))
            .await
    }

    /// Starts a child that is known and has no process.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Running`], [`SupervisorError::Restarting`], [`SupervisorError::NotFound`]; a start that
    /// fails leaves the entry as it was.
    pub async fn restart_child(&self, id: &ChildId) -> Result<Started, SupervisorError> {
        self.call(|reply| Call::Restart(id.clone(), reply)).await
    }

    /// Puts this child in the place of the one that has its id, for all starts to come: what runs of that one runs on, and is
    /// restarted and stopped as the new spec says. To have it start anew at once, [terminate](Self::terminate_child) and
    /// [restart](Self::restart_child) it. It keeps its place among its siblings.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`]; [`SupervisorError::Spec`] for a spec that cannot be; [`SupervisorError::NoIds`] from a dynamic
    /// supervisor. Nothing has changed then.
    pub async fn change_child(&self, child: Child) -> Result<(), SupervisorError> {
        self.call(|reply| Call::Change(child, reply)).await
    }

    /// Has it go by these flags from now on, and touches none of its children. Restarts that were made so far count against the new
    /// intensity and period; one that is due already is made as it was decided.
    ///
    /// When it is restarted itself, it goes by what the supervisor above knows of it: [change](Self::change_child) it there, too.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Spec`] for flags that cannot be, or not with the children that are there; [`SupervisorError::NoIds`] from a
    /// dynamic supervisor. Nothing has changed then.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use mainstay_specs::{Strategy, SupervisorFlags};
    /// use mainstay_supervisors::{Runtime, Supervisor};
    ///
    /// let runtime = Runtime::new();
    /// let root = runtime.start("root", Supervisor::one_for_one()).await?;
    /// let flags = SupervisorFlags::new(Strategy::RestForOne).intensity(9, Duration::from_secs(60));
    /// root.change_flags(flags).await?;
    /// assert_eq!(root.budget().intensity, 9);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn change_flags(&self, flags: SupervisorFlags) -> Result<(), SupervisorError> {
        self.call(|reply| Call::Flags(flags, reply)).await
    }

    /// Forgets a child that has no process.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Running`], [`SupervisorError::Restarting`], [`SupervisorError::NotFound`].
    pub async fn delete_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        self.call(|reply| Call::Delete(id.clone(), reply)).await
    }

    /// The spec of a child, with the default shutdown of its type filled in.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`].
    pub async fn get_childspec(&self, id: &ChildId) -> Result<ChildSpec, SupervisorError> {
        self.call(|reply| Call::Spec(Target::Id(id.clone()), reply))
            .await
    }

    /// The spec of the child that is this process.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`].
    pub async fn get_childspec_of(&self, process: &Process) -> Result<ChildSpec, SupervisorError> {
        self.call(|reply| Call::Spec(Target::Process(process.clone()), reply))
            .await
    }

    /// All children, in start order.
    ///
    /// # Errors
    ///
    /// Only that the supervisor is not there.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, SupervisorError> {
        self.call(Call::Which).await
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// Only that the supervisor is not there.
    pub async fn count_children(&self) -> Result<ChildCounts, SupervisorError> {
        self.call(Call::Count).await
    }

    /// How many restarts it may still make before it gives up. It is not asked, and so answers also while it is busy.
    #[must_use]
    pub fn budget(&self) -> RestartBudget {
        self.hub.budget()
    }

    /// Has it stop its children, last started first, and end with `reason`; waits until it has.
    ///
    /// # Errors
    ///
    /// [`CallError::NoProcess`] if it has ended already, [`CallError::Exited`] if it ends with another reason.
    pub async fn stop(&self, reason: ExitReason) -> Result<(), CallError> {
        self.refuse_self_call()?;
        if !self.process.is_alive() {
            return Err(CallError::NoProcess);
        }
        self.process.stop(reason.clone());
        match self.process.ended().await {
            end if end == reason => Ok(()),
            end => Err(CallError::Exited(end)),
        }
    }

    fn refuse_self_call(&self) -> Result<(), CallError> {
        // A start function runs inside the supervisor, and so does the `pre_start` of an actor it starts.
        let is_ours = |process: &Process| {
            *process == self.process || (process.life().holds_up() && self.hub.is_starting(process))
        };
        if current().as_ref().is_some_and(is_ours) {
            Err(CallError::CallingSelf)
        } else {
            Ok(())
        }
    }

    async fn call<T>(&self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, SupervisorError> {
        self.refuse_self_call()?;
        let (reply, answer) = oneshot::channel();
        if !self.hub.try_send(Message::Call(call(reply))) {
            return Err(CallError::NoProcess.into());
        }
        match answer.await {
            Ok(answer) => answer,
            // The request was dropped, in the mailbox or over the work on it: the supervisor is at its end.
            Err(_) => Err(CallError::Exited(self.process.ended().await).into()),
        }
    }
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SupervisorRef").field(&self.process).finish()
    }
}

impl PartialEq for SupervisorRef {
    fn eq(&self, other: &Self) -> bool {
        self.process == other.process
    }
}

impl Eq for SupervisorRef {}
