//! A limit on how many messages may wait in an actor's mailbox.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::CallError;

/// Counts the messages that came through a handle and were not handled yet. ractor's mailboxes have no limit and tell no
/// length, so the handle refuses. Messages that go round it, through a plain `ActorRef`, are neither refused nor counted,
/// but each that is handled counts as one less.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    limit: Option<NonZeroUsize>,
    waiting: AtomicUsize,
}

impl Mailbox {
    pub(crate) const fn new(limit: Option<NonZeroUsize>) -> Self {
        Self {
            limit,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Makes room for one message, or refuses it.
    pub(crate) fn admit(&self) -> Result<(), CallError> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let more = |waiting| (waiting < limit.get()).then_some(waiting + 1);
        match self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(CallError::Refused(limit.get())),
        }
    }

    /// A message was taken out, or could not be put in.
    pub(crate) fn handled(&self) {
        if self.limit.is_some() {
            let fewer = |waiting: usize| Some(waiting.saturating_sub(1));
            self.waiting
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer)
                .ok();
        }
    }
}
