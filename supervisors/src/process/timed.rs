//! Timing what a process does, for its meter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::coop;

use super::Process;
use super::clock::{Clock, Tick};
use super::mailbox::Mailbox;
use super::meter::{Handled, MessageOutcome, Meter};
use super::panic::run_caught;

/// What belongs to an actor while it runs: whom its callbacks run as, and what is known of its messages.
pub(super) struct Running {
    /// Lent to the thread while a callback is polled.
    pub(super) current: Option<Process>,
    mailbox: Option<Arc<Mailbox>>,
    timed: Option<Box<Timed>>,
}

impl Running {
    pub(super) fn new(process: &Process, current: Option<Process>) -> Self {
        let life = process.life();
        let mailbox = life.mailbox();
        let timed = life.meter().zip(mailbox.clone());
        Self {
            current,
            mailbox,
            timed: timed.map(|(meter, mailbox)| Box::new(Timed::new(process, meter, mailbox))),
        }
    }

    /// A message was taken out of the mailbox.
    #[inline]
    pub(super) fn begin(&mut self) {
        if let Some(timed) = &mut self.timed {
            timed.begin();
        } else if let Some(mailbox) = &self.mailbox {
            mailbox.take();
        }
    }

    /// Something else than a message is to be handled.
    #[inline]
    pub(super) fn pause(&mut self) {
        if let Some(timed) = &mut self.timed {
            timed.free_since = None;
        }
    }

    /// The callback has returned; `outcome` says what it came to.
    #[inline]
    pub(super) fn end(&mut self, cx: &mut Context<'_>, outcome: impl FnOnce() -> MessageOutcome) {
        if let Some(timed) = &mut self.timed {
            timed.end(cx, outcome);
        }
    }
}

/// The message in hand.
#[derive(Clone, Copy)]
struct InHand {
    begun: Tick,
    sent: Option<Tick>,
    has_next: bool,
}

/// The times of an actor's messages.
struct Timed {
    meter: Arc<dyn Meter>,
    mailbox: Arc<Mailbox>,
    clock: Clock,
    in_hand: Option<InHand>,
    /// When the last message ended, if the next one lay there to be handled at once: then it has begun at that time, and the
    /// clock need not be read again.
    free_since: Option<Tick>,
}

impl Timed {
    fn new(process: &Process, meter: Arc<dyn Meter>, mailbox: Arc<Mailbox>) -> Self {
        Self {
            meter,
            mailbox,
            clock: process.scope_of().runtime.clock().clone(),
            in_hand: None,
            free_since: None,
        }
    }

    fn begin(&mut self) {
        let free_since = self.free_since.take();
        let mut begun = free_since.unwrap_or_else(|| self.clock.now());
        let taken = self.mailbox.take_stamped(begun);
        if free_since.is_some() && taken.sent.is_none_or(|sent| sent > begun) {
            // It came later than the last one ended.
            begun = self.clock.now();
        }
        self.in_hand = Some(InHand {
            begun,
            sent: taken.sent,
            has_next: taken.has_next,
        });
    }

    fn end(&mut self, cx: &mut Context<'_>, outcome: impl FnOnce() -> MessageOutcome) {
        let Some(message) = self.in_hand.take() else {
            return;
        };
        let now = self.clock.now();
        self.free_since = (message.has_next && goes_on(cx)).then_some(now);
        self.tell(message, now, outcome());
    }

    fn tell(&self, message: InHand, now: Tick, outcome: MessageOutcome) {
        let wait = |sent| self.clock.between(sent, message.begun);
        let handled = Handled {
            wait: message.sent.map(wait),
            run: self.clock.between(message.begun, now),
            outcome,
        };
        run_caught(|| self.meter.handled(&handled));
    }
}

/// Whether the actor goes on with the next message in this poll. It does if its budget of tokio's lasts for two more steps: one
/// takes the message out, and there has to be one left for ractor to begin with it. Else others run first.
fn goes_on(cx: &mut Context<'_>) -> bool {
    match coop::poll_proceed(cx) {
        // Gives the step back as it is dropped.
        Poll::Ready(_step) => coop::has_budget_remaining(),
        Poll::Pending => false,
    }
}

/// The actor was killed over the message in hand.
impl Drop for Timed {
    fn drop(&mut self) {
        if let Some(message) = self.in_hand.take() {
            self.tell(message, self.clock.now(), MessageOutcome::Cancelled);
        }
    }
}

/// What the polls of a future are told to.
struct Polls {
    meter: Arc<dyn Meter>,
    clock: Clock,
}

pin_project! {
    /// The future of a process that is no actor.
    pub(super) struct Busy<F> {
        #[pin]
        future: F,
        polls: Option<Polls>,
    }
}

impl<F> Busy<F> {
    pub(super) fn new(process: &Process, future: F) -> Self {
        let polls = process.life().meter().map(|meter| Polls {
            meter,
            clock: process.scope_of().runtime.clock().clone(),
        });
        Self { future, polls }
    }
}

impl<F: Future> Future for Busy<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(polls) = this.polls else {
            return this.future.poll(cx);
        };
        let timing = Timing {
            polls,
            begun: polls.clock.now(),
        };
        let polled = this.future.poll(cx);
        drop(timing);
        polled
    }
}

/// One poll; told of also when it panics.
struct Timing<'a> {
    polls: &'a Polls,
    begun: Tick,
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        let Polls { meter, clock } = self.polls;
        let busy = clock.between(self.begun, clock.now());
        run_caught(|| meter.polled(busy));
    }
}
