//! The permit of a call that a breaker runs.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::unconstrained;
use tokio::time::Sleep;

use super::outcome::Outcome;
use super::permit::{OwnedPermit, Permit};

/// A permit while the call is run, a step at a time: a poll of its future, a look of the classifier at its result.
///
/// A panic out of a step is one of the call. Dropped between two steps the call was cancelled, whatever else panics in the task:
/// the panic of another branch of a `join!`, or one that somebody catches and after which the rest is dropped in peace.
#[derive(Debug)]
pub(crate) struct Attempt<P: GiveBack>(Option<P>);

/// What a call holds until it is known what it came to.
pub(crate) trait GiveBack {
    /// Says what it came to.
    fn give_back(self, outcome: Outcome);
}

impl GiveBack for Permit<'_> {
    fn give_back(self, outcome: Outcome) {
        self.settle(outcome);
    }
}

impl GiveBack for OwnedPermit {
    fn give_back(self, outcome: Outcome) {
        self.settle(outcome);
    }
}

/// There may be none, as of a call that is made without a breaker.
impl<P: GiveBack> GiveBack for Option<P> {
    fn give_back(self, outcome: Outcome) {
        if let Some(permit) = self {
            permit.give_back(outcome);
        }
    }
}

impl<P: GiveBack> Attempt<P> {
    pub(crate) const fn new(permit: P) -> Self {
        Self(Some(permit))
    }

    /// One step of the call.
    pub(crate) fn step<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let unwound = Unwound(self.0.take());
        let done = step();
        self.0 = unwound.over();
        done
    }

    /// A poll of the call, and of its deadline if it is not done: ready with nothing when the time is up.
    pub(crate) fn poll<F: Future>(
        &mut self,
        future: Pin<&mut F>,
        deadline: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<F::Output>> {
        if let Poll::Ready(output) = self.step(|| future.poll(cx)) {
            return Poll::Ready(Some(output));
        }
        let Some(deadline) = deadline.as_pin_mut() else {
            return Poll::Pending;
        };
        // Also when the call has used up what a task may do at once.
        pin!(unconstrained(deadline)).poll(cx).map(|()| None)
    }

    /// Says what the call came to.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(permit) = self.0.take() {
            permit.give_back(outcome);
        }
    }
}

impl<P: GiveBack> Drop for Attempt<P> {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

/// Holds the permit during a step: only a panic out of that drops it with the permit in it.
struct Unwound<P: GiveBack>(Option<P>);

impl<P: GiveBack> Unwound<P> {
    fn over(mut self) -> Option<P> {
        self.0.take()
    }
}

impl<P: GiveBack> Drop for Unwound<P> {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.give_back(Outcome::Panicked);
        }
    }
}
