//! Learning the reason of an actor's plain `ActorRef::stop(reason)`.
//!
//! ractor tells that reason to supervisors and monitors only. So an actor that ends in this way, and only then, is
//! monitored in its last moment by one actor of the runtime, the clerk, which writes the reason into the exit slot.
//! Until it has, the clerk holds a share of the process's exit guard, and so the end is not known before its reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::OnceCell;

use super::ExitGuard;
use crate::exit::ExitReason;

type Pending = Arc<Mutex<HashMap<ActorId, Arc<ExitGuard>>>>;

/// Started when it is first needed; ends with the runtime.
#[derive(Default)]
pub(crate) struct Clerk {
    cell: OnceCell<Option<ActorCell>>,
    pending: Pending,
}

impl Clerk {
    /// Has the reason of `stopping`, which is in its `post_stop`, written into the slot of `guard`.
    pub(super) async fn ask(&self, stopping: &ActorCell, guard: Arc<ExitGuard>) {
        let Some(clerk) = self
            .cell
            .get_or_init(|| start(Arc::clone(&self.pending)))
            .await
        else {
            return guard.process().life().set_outcome(ExitReason::Normal);
        };
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(stopping.get_id(), guard);
        clerk.monitor(stopping.clone());
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if let Some(Some(cell)) = self.cell.get() {
            cell.stop(None);
        }
    }
}

async fn start(pending: Pending) -> Option<ActorCell> {
    let (clerk, _) = Actor::spawn(None, ClerkActor(pending), ()).await.ok()?;
    Some(clerk.get_cell())
}

struct ClerkActor(Pending);

impl Drop for ClerkActor {
    fn drop(&mut self) {
        // Whoever still waits is let go: the runtime is being torn down.
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
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
        let guard = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&cell.get_id());
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
