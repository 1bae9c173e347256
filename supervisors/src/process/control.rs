//! How a running process is reached, to be stopped or killed.

use std::sync::Arc;

use ractor::ActorCell;
use tokio::task::AbortHandle;

use super::task::StopSignal;
use crate::exit::ExitReason;
use crate::supervisor::{Hub, Message};

/// How a running process is reached.
pub(crate) enum Control {
    Actor(ActorCell),
    Task {
        abort: AbortHandle,
        stop: Arc<StopSignal>,
    },
    Supervisor {
        abort: AbortHandle,
        hub: Arc<Hub>,
    },
}

impl Control {
    /// The reason it is going to end with, if asking means killing: a task that cannot hear.
    pub(super) fn ask_to_stop(&self, reason: ExitReason) -> Option<ExitReason> {
        match self {
            Self::Actor(cell) => cell.stop(None),
            Self::Task { stop, abort } => {
                if !stop.request() {
                    abort.abort();
                    return Some(reason);
                }
            }
            Self::Supervisor { hub, .. } => hub.send(Message::Stop(reason)),
        }
        None
    }

    pub(super) fn kill(&self) {
        match self {
            Self::Actor(cell) => cell.kill(),
            Self::Task { abort, .. } | Self::Supervisor { abort, .. } => abort.abort(),
        }
    }
}
