//! Subscribers.

use std::sync::Weak;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::Event;
use super::hub::Hub;
use crate::config::Lagged;

/// The events that fit a pattern, from a certain moment on: a stream with a bounded queue.
///
/// It goes on over crashes and restarts of the telemetry service, and ends with the namespace. Dropping it ends the subscription.
/// While it is there it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
///
/// A task that emits because of what it reads here is not known as the cause: that such a chain ends is the application's to see to.
#[derive(Debug)]
pub struct TelemetryEvents {
    events: broadcast::Receiver<Event>,
    seat: u64,
    hub: Weak<Hub>,
}

impl TelemetryEvents {
    pub(crate) const fn new(events: broadcast::Receiver<Event>, seat: u64, hub: Weak<Hub>) -> Self {
        Self { events, seat, hub }
    }

    /// The next event; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, the oldest ones, if more than the spec's `backlog_max` were waiting.
    /// The stream goes on with the oldest that is left.
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

impl Drop for TelemetryEvents {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.leave(self.seat);
        }
    }
}
