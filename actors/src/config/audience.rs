//! Subscribers, each with its queue.

use std::collections::BTreeMap;
use std::sync::Weak;

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::ConfigError;
use super::cell::Cell;
use super::event::ConfigEvent;
use super::path::ConfigPath;

/// How many events a subscriber may be behind before it loses the oldest.
pub const EVENTS_BACKLOG: usize = 64;

/// The subscriber was too slow: it has missed this many events, the oldest of those that waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were missed")]
#[allow(clippy::exhaustive_structs)]
pub struct Lagged(pub u64);

/// All subscribers of one config server.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    seats: BTreeMap<u64, Seat>,
    next: u64,
    closed: bool,
}

#[derive(Debug)]
struct Seat {
    prefix: ConfigPath,
    /// A queue for this subscriber alone, so that what it has missed is exactly what it was to be told.
    queue: broadcast::Sender<ConfigEvent>,
}

impl Audience {
    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }

    /// How many subscribers have so many events waiting that they have lost some, or lose the next; and how many the furthest behind has.
    pub(crate) fn lag(&self) -> (usize, usize) {
        let waiting = self.seats.values().map(|seat| seat.queue.len());
        let (mut lagging, mut most) = (0, 0);
        for waiting in waiting {
            lagging += usize::from(waiting >= EVENTS_BACKLOG);
            most = most.max(waiting);
        }
        (lagging, most)
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes one more subscriber, who is told what comes after `version`.
    pub(crate) fn join(
        &mut self,
        prefix: ConfigPath,
        max: u32,
        version: u64,
        cell: Weak<Cell>,
        hold: Hold,
    ) -> Result<ConfigEvents, ConfigError> {
        if self.closed {
            return Err(ConfigError::Stopped);
        }
        if self.seats.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
            return Err(ConfigError::TooManySubscribers { max });
        }
        let (queue, events) = broadcast::channel(EVENTS_BACKLOG);
        let seat = self.next;
        self.next += 1;
        self.seats.insert(seat, Seat { prefix, queue });
        Ok(ConfigEvents {
            events,
            seat,
            version,
            cell,
            _hold: hold,
        })
    }

    fn leave(&mut self, seat: u64) {
        self.seats.remove(&seat);
    }

    pub(crate) fn tell(&self, event: &ConfigEvent) {
        for seat in self.seats.values() {
            if event.concerns(&seat.prefix) {
                // Nobody receives it when the subscriber is just about to leave.
                seat.queue.send(event.clone()).ok();
            }
        }
    }

    /// Ends all streams, and takes no more subscribers.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.seats.clear();
    }
}

/// The changes of a configuration from a certain version on: a stream with a bounded queue.
///
/// It goes on over crashes and restarts of the config server's actor, and ends with the namespace. Dropping it ends the
/// subscription. While it is there it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct ConfigEvents {
    events: broadcast::Receiver<ConfigEvent>,
    seat: u64,
    version: u64,
    cell: Weak<Cell>,
    _hold: Hold,
}

impl ConfigEvents {
    /// The version of the configuration at the moment of the subscription: events are those of later versions, without a gap.
    #[must_use]
    pub const fn since(&self) -> u64 {
        self.version
    }

    /// The next event; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than [`EVENTS_BACKLOG`] were waiting. The stream goes on
    /// with the oldest that is left; to be sure of the whole, read the configuration anew.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<ConfigEvent, Lagged>> {
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
    pub fn try_next(&mut self) -> Option<Result<ConfigEvent, Lagged>> {
        match self.events.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Drop for ConfigEvents {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.upgrade() {
            cell.audience().leave(self.seat);
        }
    }
}
