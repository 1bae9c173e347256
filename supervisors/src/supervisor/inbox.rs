//! The mailbox of a supervisor, without a limit: what is sent comes in the order in which it was sent.
//!
//! A message is received, or dropped with the receiver, or given back to who sends it. (A channel of tokio's keeps one that is sent
//! while its receiver is dropped, for as long as somebody could send.)

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::poll_proceed;

use super::hub::Hub;
use super::message::Message;
use crate::process::drop_caught;

/// For how many messages room is kept when none waits.
const ROOM_MAX: usize = 64;

/// Where messages wait.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Message>,
    /// Of the supervisor, while it waits for a message.
    waker: Option<Waker>,
    /// Nobody receives any more.
    closed: bool,
}

impl Mailbox {
    /// Held for moments only; a poisoned state is still a state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the message back if nobody receives any more.
    pub(super) fn send(&self, message: Message) -> Result<(), Message> {
        let mut state = self.lock();
        if state.closed {
            return Err(message);
        }
        state.waiting.push_back(message);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Message> {
        // Others have their turn as well, however many messages wait.
        let coop = ready!(poll_proceed(cx));
        let mut state = self.lock();
        if let Some(message) = state.waiting.pop_front() {
            if state.waiting.is_empty() && state.waiting.capacity() > ROOM_MAX {
                state.waiting = VecDeque::new();
            }
            coop.made_progress();
            return Poll::Ready(message);
        }
        let before = state.waker.replace(cx.waker().clone());
        drop(state);
        // Without the lock: a waker may run anybody's code.
        drop(before);
        Poll::Pending
    }

    /// From here on messages are given back. What waits is dropped.
    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let (waiting, waker) = (std::mem::take(&mut state.waiting), state.waker.take());
        drop(state);
        drop(waker);
        // A request holds what is the user's.
        waiting.into_iter().for_each(drop_caught);
    }
}

/// The side that receives. Dropping it closes the mailbox.
pub(crate) struct Inbox(Arc<Hub>);

impl Inbox {
    /// There is to be one for each hub.
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// The next message.
    ///
    /// Cancel safety: no message is lost when this is dropped.
    pub(super) async fn receive(&mut self) -> Message {
        poll_fn(|cx| self.0.mailbox().poll_receive(cx)).await
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.0.mailbox().close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::ExitReason;

    fn retry(key: u64) -> Message {
        Message::Retry { key, epoch: None }
    }

    fn receive(mailbox: &Mailbox) -> Option<u64> {
        match mailbox.poll_receive(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Message::Retry { key, .. }) => Some(key),
            Poll::Ready(_) => panic!("nothing else was sent"),
            Poll::Pending => None,
        }
    }

    #[test]
    fn messages_come_in_the_order_in_which_they_were_sent() {
        let mailbox = Mailbox::default();
        for key in 0..100 {
            assert!(mailbox.send(retry(key)).is_ok());
        }
        let all: Vec<_> = std::iter::from_fn(|| receive(&mailbox)).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!(mailbox.lock().waiting.capacity() <= ROOM_MAX);
    }

    #[test]
    fn a_closed_mailbox_drops_what_waits_and_gives_back_what_comes() {
        let mailbox = Mailbox::default();
        assert!(mailbox.send(retry(1)).is_ok());
        mailbox.close();
        assert_eq!(receive(&mailbox), None);
        let stop = Message::Stop(ExitReason::Shutdown);
        assert!(matches!(
            mailbox.send(stop),
            Err(Message::Stop(ExitReason::Shutdown))
        ));
    }
}
