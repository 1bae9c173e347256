//! Subscribers.

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::MemoryEvent;
use crate::config::Lagged;

/// What happens to the memory manager of a namespace from a certain moment on, in order: a stream with a bounded queue.
///
/// It goes on over crashes and restarts of the keeper, and ends with the namespace. Dropping it ends the subscription. While it is there
/// it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct MemoryEvents {
    events: broadcast::Receiver<MemoryEvent>,
    _hold: Hold,
}

impl MemoryEvents {
    pub(crate) const fn new(events: broadcast::Receiver<MemoryEvent>, hold: Hold) -> Self {
        Self {
            events,
            _hold: hold,
        }
    }

    /// The next event; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than `events_backlog` of the spec were waiting. The stream goes on with
    /// the oldest that is left.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<MemoryEvent, Lagged>> {
        match self.events.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    ///
    /// [`Lagged`], as of [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<MemoryEvent, Lagged>> {
        match self.events.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
