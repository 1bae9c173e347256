//! Subscribers.

use mainstay_supervisors::Hold;

use super::audience::Seat;
use super::event::Event;
use crate::config::Lagged;

/// All events that this process stores from a certain moment on, in the order in which they are stored: a stream with a bounded queue.
///
/// An event is told after it is there to stay, and before its caller knows. The stream goes on over crashes and restarts of the keeper,
/// and ends with the namespace. Dropping it ends the subscription. While it is there it is noted in the namespace's
/// [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct StoredEvents {
    seat: Seat,
    _hold: Hold,
}

impl StoredEvents {
    pub(crate) const fn new(seat: Seat, hold: Hold) -> Self {
        Self { seat, _hold: hold }
    }

    /// The next event; `None` once the namespace has ended and all was read.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than `backlog_max` or `backlog_bytes_max` of the spec were waiting; the
    /// stream goes on with the oldest that is left. Also with the number of those of which nobody knows whether they are stored, as the
    /// backend was lost while it stored them. A query [`after`](super::EventQuery::after) the last event that came gives what is there.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, Lagged>> {
        self.seat.next().await
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    ///
    /// [`Lagged`], as of [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<Event, Lagged>> {
        self.seat.try_next()
    }
}
