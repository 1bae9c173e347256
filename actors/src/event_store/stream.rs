//! Subscribers.

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::Event;
use crate::config::Lagged;

/// All events that this process stores from a certain moment on, in the order in which they are stored: a stream with a bounded queue.
///
/// An event is told after it is there to stay, and before its caller knows. The stream goes on over crashes and restarts of the keeper,
/// and ends with the namespace. Dropping it ends the subscription. While it is there it is noted in the namespace's
/// [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct StoredEvents {
    events: broadcast::Receiver<Event>,
    _hold: Hold,
}

impl StoredEvents {
    pub(crate) const fn new(events: broadcast::Receiver<Event>, hold: Hold) -> Self {
        Self {
            events,
            _hold: hold,
        }
    }

    /// The next event; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than `backlog_max` of the spec were waiting. The stream goes on with
    /// the oldest that is left; a query gives what was lost.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, Lagged>> {
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
    pub fn try_next(&mut self) -> Option<Result<Event, Lagged>> {
        match self.events.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
