//! A restart by the supervisor, in steps that a successor can go on with.

use mainstay_specs::{ChildId, Restart as RestartKind, ServiceName};
use mainstay_supervisors::{Namespace, Pid, Process, ProcessKind, SupervisorError, SupervisorRef};

use super::watch::Finding;

/// A restart that was begun.
#[derive(Clone, Debug)]
pub(super) struct Restart {
    pub(super) name: ServiceName,
    pub(super) pid: Pid,
    pub(super) bytes: u64,
    pub(super) limit: u64,
    supervisor: SupervisorRef,
    child: ChildId,
    /// It was stopped, and only has to be started.
    pub(super) stopped: bool,
    /// That it could not be started was told.
    pub(super) told: bool,
}

/// What the start of a stopped process has come to.
#[derive(Debug)]
pub(super) enum Step {
    /// It runs.
    Done,
    /// It is not to be started from here any more, for this reason.
    Over(String),
    /// It could not be started: to be tried again.
    Again(String),
}

impl Restart {
    /// The restart of this process; `None` if its supervisor is not to be found.
    pub(super) fn new(namespace: &Namespace, process: &Process, finding: &Finding) -> Option<Self> {
        Some(Self {
            name: finding.name.clone(),
            pid: finding.pid,
            bytes: finding.bytes,
            limit: finding.limit,
            supervisor: supervisor_of(namespace, process)?,
            child: process.id().clone(),
            stopped: false,
            told: false,
        })
    }

    /// Has it stopped by its supervisor, and waits for that. Doing so again changes nothing.
    pub(super) async fn stop(&mut self) -> Result<(), String> {
        let spec = self.supervisor.get_childspec(&self.child).await;
        let spec = spec.map_err(|error| error.to_string())?;
        if spec.restart == RestartKind::Temporary {
            return Err("it is temporary, so its supervisor forgets it when it stops".to_owned());
        }
        let stopped = self.supervisor.terminate_child(&self.child).await;
        stopped.map_err(|error| error.to_string())?;
        self.stopped = true;
        Ok(())
    }

    /// Has it started. Doing so again changes nothing.
    pub(super) async fn start(&self) -> Step {
        match self.supervisor.restart_child(&self.child).await {
            Ok(_) | Err(SupervisorError::Running) => Step::Done,
            Err(error @ (SupervisorError::Restarting | SupervisorError::NotFound)) => {
                Step::Over(error.to_string())
            }
            // With the supervisor the child has gone, too.
            Err(error) if !self.supervisor.process().is_alive() => Step::Over(error.to_string()),
            Err(error) => Step::Again(error.to_string()),
        }
    }
}

/// The supervisor that lies right above a process: the one that is at that place now.
fn supervisor_of(namespace: &Namespace, process: &Process) -> Option<SupervisorRef> {
    let path = process.path();
    let (above, _) = path.rsplit_once('/')?;
    let all = namespace.processes();
    let mut all = all.iter().rev();
    let supervisor = all.find(|it| it.kind() == ProcessKind::Supervisor && it.path() == above);
    supervisor?.supervisor()
}
