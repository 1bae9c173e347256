//! Learning the reason of an actor's plain `ActorRef::stop(reason)`.
//!
//! ractor tells that reason to supervisors and monitors only. So an actor that ends in this way, and only then, is
//! monitored in its last moment by one actor of the runtime, the clerk, which writes the reason into the exit slot.
//! Until it has, the clerk holds a share of the process's exit guard, and so the end is not known before its reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::runtime;

use super::ExitGuard;
use crate::exit::ExitReason;

/// Who waits for the clerk's word; `None` once the clerk has ended.
type Pending = Arc<Mutex<Option<HashMap<ActorId, ExitGuard>>>>;

/// The clerks of a runtime: one for each tokio runtime its processes live in, as one of these may stand still or go
/// while others do not. Each is started when it is first needed, and ends with the runtime.
#[derive(Default)]
pub(crate) struct Clerks(tokio::sync::Mutex<HashMap<runtime::Id, Clerk>>);

struct Clerk {
    cell: ActorCell,
    pending: Pending,
}

impl Clerks {
    /// Has the reason of `stopping`, which is in its `post_stop`, written into the slot of `guard`.
    pub(super) async fn ask(&self, stopping: &ActorCell, guard: ExitGuard) {
        let here = runtime::Handle::current().id();
        let mut clerks = self.0.lock().await;
        if let Some(clerk) = clerks.get(&here)
            && clerk.take_on(stopping, &guard)
        {
            return;
        }
        // Those whose tokio runtimes have gone are not needed any more.
        clerks.retain(|_, clerk| clerk.waiting().is_some());
        match Clerk::start().await {
            Some(clerk) if clerk.take_on(stopping, &guard) => drop(clerks.insert(here, clerk)),
            _ => guard.process().life().set_outcome(ExitReason::Normal),
        }
    }
}

impl Clerk {
    async fn start() -> Option<Self> {
        let pending = Pending::new(Mutex::new(Some(HashMap::new())));
        let actor = ClerkActor(Arc::clone(&pending));
        let (clerk, _) = Actor::spawn(None, actor, ()).await.ok()?;
        let cell = clerk.get_cell();
        Some(Self { cell, pending })
    }

    fn waiting(&self) -> MutexGuard<'_, Option<HashMap<ActorId, ExitGuard>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if it has ended.
    fn take_on(&self, stopping: &ActorCell, guard: &ExitGuard) -> bool {
        match &mut *self.waiting() {
            None => return false,
            Some(waiting) => waiting.insert(stopping.get_id(), guard.clone()),
        };
        self.cell.monitor(stopping.clone());
        true
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.cell.stop(None);
    }
}

struct ClerkActor(Pending);

impl Drop for ClerkActor {
    fn drop(&mut self) {
        // Whoever still waits is let go, without the lock: the tokio runtime is being torn down.
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(waiting);
    }
}

impl Actor for ClerkActor {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let (cell, reason) = match event {
            SupervisionEvent::ActorTerminated(cell, _, reason) => (cell, reason),
            SupervisionEvent::ActorFailed(cell, _) => (cell, None),
            _ => return Ok(()),
        };
        let guard = {
            let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            pending
                .as_mut()
                .and_then(|waiting| waiting.remove(&cell.get_id()))
        };
        if let Some(guard) = guard {
            let life = guard.process().life();
            // Killed after `post_stop`: the slot's own word for that stands.
            if !(life.is_killed() && reason.as_deref() == Some("killed")) {
                life.set_outcome(ExitReason::from_stop(reason.as_deref()));
            }
        }
        Ok(())
    }
}
