//! Streams of events.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::CircuitEvent;

/// How many events a subscriber may be behind before it loses the oldest, unless the spec of the namespace says otherwise
/// ([`events_backlog`](mainstay_specs::CircuitBreakersSpec::events_backlog)), and of a breaker that stands alone.
pub const EVENTS_BACKLOG: usize = 256;

/// Where events are put for those who listen: nothing at all until somebody does.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unheard,
    Heard(broadcast::Sender<CircuitEvent>),
    Ended,
}

impl Queue {
    /// A stream of what comes from now on. `backlog` holds if nobody has listened before.
    pub(crate) fn subscribe(&self, backlog: usize, hold: Hold) -> CircuitEvents {
        let mut state = self.lock();
        let events = match &*state {
            State::Heard(sender) => sender.subscribe(),
            State::Ended => broadcast::channel(1).1,
            State::Unheard => {
                let (sender, events) = broadcast::channel(backlog.max(1));
                *state = State::Heard(sender);
                events
            }
        };
        CircuitEvents {
            events,
            _hold: hold,
        }
    }

    /// Tells those who listen. No lock is held meanwhile.
    pub(crate) fn send(&self, event: &CircuitEvent) {
        let sender = match &*self.lock() {
            State::Heard(sender) => sender.clone(),
            State::Unheard | State::Ended => return,
        };
        // That nobody listens any more is no fault.
        sender.send(event.clone()).ok();
    }

    /// Ends all streams, and those to come.
    pub(crate) fn close(&self) {
        let state = std::mem::replace(&mut *self.lock(), State::Ended);
        drop(state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The subscriber was too slow: it has missed this many events, the oldest of those that waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were missed")]
#[allow(clippy::exhaustive_structs)]
pub struct Lagged(pub u64);

/// The events of breakers: a stream with a bounded queue.
///
/// Those of one breaker come in order, each once, also over crashes of the keeper. The stream of a namespace ends with that, the
/// stream of one breaker when nobody has a handle of it any more. While it is there it is noted in the namespace's
/// [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct CircuitEvents {
    events: broadcast::Receiver<CircuitEvent>,
    _hold: Hold,
}

impl CircuitEvents {
    /// The next event; `None` once there can be no more.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than the backlog were waiting.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<CircuitEvent, Lagged>> {
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
    pub fn try_next(&mut self) -> Option<Result<CircuitEvent, Lagged>> {
        match self.events.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
