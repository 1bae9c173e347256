//! A limit on how many messages may wait in an actor's mailbox.

use std::num::NonZeroUsize;

use crate::atomic::{AtomicUsize, Ordering};
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
    pub(crate) fn new(limit: Option<NonZeroUsize>) -> Self {
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

#[cfg(all(test, mainstay_loom))]
mod loom_tests {
    use loom::model;
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn no_more_are_admitted_at_a_time_than_the_limit_says() {
        model(|| {
            let mailbox = Arc::new(Mailbox::new(NonZeroUsize::new(1)));
            let waiting = Arc::new(AtomicUsize::new(0));
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (mailbox, waiting) = (Arc::clone(&mailbox), Arc::clone(&waiting));
                    thread::spawn(move || {
                        if mailbox.admit().is_err() {
                            return false;
                        }
                        assert_eq!(waiting.fetch_add(1, Ordering::Relaxed), 0);
                        waiting.fetch_sub(1, Ordering::Relaxed);
                        mailbox.handled();
                        true
                    })
                })
                .collect();
            let sent = senders.into_iter().map(|sender| sender.join().unwrap());
            assert_ne!(sent.filter(|sent| *sent).count(), 0);
            assert_eq!(mailbox.admit(), Ok(()));
        });
    }

    #[test]
    fn messages_that_nobody_counted_make_no_more_room_than_there_is() {
        model(|| {
            let mailbox = Arc::new(Mailbox::new(NonZeroUsize::new(1)));
            let other = Arc::clone(&mailbox);
            let uncounted = thread::spawn(move || other.handled());
            assert_eq!(mailbox.admit(), Ok(()));
            mailbox.handled();
            uncounted.join().unwrap();
            assert_eq!(mailbox.admit(), Ok(()));
            assert_eq!(mailbox.admit(), Err(CallError::Refused(1)));
        });
    }
}
