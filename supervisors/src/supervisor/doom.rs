//! Killing a whole tree, and knowing when nothing of it is left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::process::Process;

/// The processes of a tree that is being killed. Each supervisor, at its own end, kills its children and puts them
/// here, so that none that it starts meanwhile is missed.
#[derive(Debug, Default)]
pub(crate) struct Doom {
    state: Mutex<State>,
    closed: Notify,
}

#[derive(Debug, Default)]
struct State {
    killed: Vec<Process>,
    /// Supervisors whose children are not known yet.
    open: usize,
}

impl Doom {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kill(self: &Arc<Self>, process: &Process) {
        self.lock().killed.push(process.clone());
        if let Some(hub) = process.life().hub() {
            self.lock().open += 1;
            if !hub.doom(self) {
                self.close();
            }
        }
        process.kill();
    }

    /// A supervisor has put its children here.
    pub(super) fn close(&self) {
        self.lock().open -= 1;
        self.closed.notify_waiters();
    }

    async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            if self.lock().open == 0 {
                return;
            }
            closed.await;
        }
    }
}

/// Kills `root` and everything below it, and waits until nothing of it is left. Gives what was still alive.
pub(crate) async fn kill_tree(root: &Process) -> Vec<Process> {
    let doom = Arc::new(Doom::default());
    doom.kill(root);
    doom.all_closed().await;
    let killed = std::mem::take(&mut doom.lock().killed);
    for process in &killed {
        process.ended().await;
    }
    killed
}
