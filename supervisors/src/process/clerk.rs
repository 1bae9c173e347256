//! Learning the reason of an actor's plain `ActorRef::stop(reason)`.
//!
//! ractor tells that reason to supervisors and monitors only. So an actor that ends in this way, and only then, is
//! monitored in its last moment by one actor of the runtime, the clerk, which writes the reason into the exit slot.
//! Until it has, the clerk holds a share of the process's exit guard, and so the end is not known before its reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};

use super::ExitGuard;
use crate::exit::ExitReason;

/// Who waits for the clerk's word; `None` once the clerk has ended.
type Pending = Arc<Mutex<Option<HashMap<ActorId, Arc<ExitGuard>>>>>;

/// Started when it is first needed, and anew if the tokio runtime it lived in has gone; ends with the runtime.
#[derive(Default)]
pub(crate) struct Clerk(tokio::sync::Mutex<Option<(ActorCell, Pending)>>);

impl Clerk {
    /// Has the reason of `stopping`, which is in its `post_stop`, written into the slot of `guard`.
    pub(super) async fn ask(&self, stopping: &ActorCell, guard: Arc<ExitGuard>) {
        let mut clerk = self.0.lock().await;
        if let Some((cell, pending)) = &*clerk
            && wait_for(pending, stopping, &guard)
        {
            return cell.monitor(stopping.clone());
        }
        *clerk = start().await;
        match &*clerk {
            Some((cell, pending)) if wait_for(pending, stopping, &guard) => {
                cell.monitor(stopping.clone());
            }
            _ => guard.process().life().set_outcome(ExitReason::Normal),
        }
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if let Some((cell, _)) = self.0.get_mut() {
            cell.stop(None);
        }
    }
}

/// False if the clerk has ended.
fn wait_for(pending: &Pending, stopping: &ActorCell, guard: &Arc<ExitGuard>) -> bool {
    let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(waiting) = &mut *pending else {
        return false;
    };
    waiting.insert(stopping.get_id(), Arc::clone(guard));
    true
}

async fn start() -> Option<(ActorCell, Pending)> {
    let pending = Pending::new(Mutex::new(Some(HashMap::new())));
    let (clerk, _) = Actor::spawn(None, ClerkActor(Arc::clone(&pending)), ())
        .await
        .ok()?;
    Some((clerk.get_cell(), pending))
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
