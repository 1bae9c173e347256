//! What is known of a mailbox: how many messages wait in it, since when, and how many may.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use super::clock::{Clock, Tick};
use super::stamps::Stamps;
use crate::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::call::CallError;

/// Counts the messages that came through a handle and were not handled yet, and stamps them if they are measured. ractor's
/// mailboxes have no limit and tell no length, so the handle refuses. There is one for each actor that has a limit or a meter, or
/// is started where messages are counted.
///
/// Messages that go round the handle, through a plain `ActorRef`, are neither refused nor counted as they are sent. Nobody can
/// tell which kind is handled, and so any is taken for the one that is to come next of those that were counted. Of these too
/// few are known to wait from there on, and those that are handled before the last of them have a stamp that is too late, until
/// as many messages have been handled as were counted: at the latest when the mailbox has run empty. So the count is never
/// less than nothing, no wait becomes too long by it, and nothing stays wrong.
///
/// What is counted before a message is sent is seen when it is taken out, by way of ractor's channel; so nothing here needs an
/// order of its own.
#[derive(Debug)]
pub(crate) struct Mailbox {
    limit: Option<NonZeroUsize>,
    /// It takes none for now.
    shut: AtomicBool,
    /// Where there is a meter.
    clock: Option<Clock>,
    /// How many messages have come through a handle: the number of the next one.
    sent: AtomicU64,
    /// How many of them have been taken out. Written by the actor alone.
    taken: AtomicU64,
    /// Made for the first message.
    stamps: OnceLock<Box<Stamps>>,
}

/// A message that was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// When it was sent, if that is known.
    pub(super) sent: Option<Tick>,
    /// There is another one behind it.
    pub(super) has_next: bool,
}

impl Mailbox {
    /// `None` if there is nothing to be counted for.
    pub(crate) fn new(
        limit: Option<NonZeroUsize>,
        clock: Option<Clock>,
        counted: bool,
    ) -> Option<Self> {
        let is_needed = counted || limit.is_some() || clock.is_some();
        is_needed.then(|| Self {
            limit,
            shut: AtomicBool::new(false),
            clock,
            sent: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            stamps: OnceLock::new(),
        })
    }

    /// Makes room for one message, or refuses it. To be called just before it is sent.
    #[inline]
    pub(crate) fn admit(&self) -> Result<(), CallError> {
        if self.shut.load(Ordering::Relaxed) {
            return Err(CallError::Shut);
        }
        let number = match self.limit {
            None => self.sent.fetch_add(1, Ordering::Relaxed),
            Some(limit) => self.admit_within(limit)?,
        };
        if let Some(clock) = &self.clock {
            self.stamps().put(number, clock.now());
        }
        Ok(())
    }

    /// Takes no messages from now on, or takes them again.
    pub(crate) fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::Relaxed);
    }

    fn admit_within(&self, limit: NonZeroUsize) -> Result<u64, CallError> {
        let more = |sent| {
            let waiting = waiting(sent, self.taken.load(Ordering::Relaxed));
            (waiting < limit.get() as u64).then_some(sent + 1)
        };
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let admitted = self.sent.fetch_update(set, fetch, more);
        admitted.map_err(|_| CallError::Refused(limit.get()))
    }

    /// A message that was admitted could not be sent. None can be from there on: the actor is about to end.
    pub(crate) fn withdraw(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    /// A message was taken out.
    #[inline]
    pub(super) fn take(&self) {
        let taken = self.taken.load(Ordering::Relaxed);
        if waiting(self.sent.load(Ordering::Relaxed), taken) > 0 {
            self.taken.store(taken + 1, Ordering::Relaxed);
        }
    }

    /// A message was taken out, and that is measured: it is `now`.
    ///
    /// As long as few wait, this touches nothing that those who send write to but the stamps.
    #[inline]
    pub(super) fn take_stamped(&self, now: Tick) -> Taken {
        let (number, stamps) = (self.taken.load(Ordering::Relaxed), self.stamps());
        let sent = stamps.own(number, now);
        if sent.is_none() && !self.is_sent(number) {
            return Taken {
                sent,
                has_next: false,
            };
        }
        self.taken.store(number + 1, Ordering::Relaxed);
        Taken {
            sent: sent.or_else(|| self.sent_about(number, now)),
            has_next: stamps.own(number + 1, now).is_some() || self.is_sent(number + 1),
        }
    }

    /// How many of those that were counted have been taken out.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// How many are known to wait.
    pub(crate) fn waiting(&self) -> usize {
        let taken = self.taken.load(Ordering::Relaxed);
        let waiting = waiting(self.sent.load(Ordering::Relaxed), taken);
        usize::try_from(waiting).unwrap_or(usize::MAX)
    }

    /// How long the one has waited that is to be handled next.
    pub(crate) fn longest_wait(&self) -> Option<std::time::Duration> {
        let clock = self.clock.as_ref()?;
        let (number, now) = (self.taken.load(Ordering::Relaxed), clock.now());
        if !self.is_sent(number) {
            return None;
        }
        let own = self.stamps().own(number, now);
        let sent = own.or_else(|| self.sent_about(number, now))?;
        Some(clock.between(sent, now))
    }

    fn is_sent(&self, number: u64) -> bool {
        waiting(self.sent.load(Ordering::Relaxed), number) > 0
    }

    /// Of one that has lost its stamp to those behind it. One whose stamp is just about to be noted has none.
    fn sent_about(&self, number: u64, now: Tick) -> Option<Tick> {
        let sent = self.sent.load(Ordering::Relaxed);
        let is_deep = waiting(sent, number) > Stamps::OWN;
        is_deep.then(|| self.stamps().about(number, sent, now))?
    }

    fn stamps(&self) -> &Stamps {
        self.stamps.get_or_init(|| Box::new(Stamps::new()))
    }
}

/// Nothing when more were taken than sent, as it may look while one is withdrawn.
const fn waiting(sent: u64, taken: u64) -> u64 {
    sent.saturating_sub(taken)
}

#[cfg(all(test, mainstay_loom))]
mod loom_tests;
#[cfg(test)]
mod tests;
