//! Running operations.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;

use super::attempt::Attempt;
use super::error::{CircuitError, Refusal};
use super::handle::CircuitBreaker;
use super::outcome::{ByResult, Classify, Outcome};
use super::permit::Permit;
use super::right::Glance;

impl CircuitBreaker {
    /// Runs an operation in the task of the caller, unless the breaker refuses it; `Err` is a failure.
    ///
    /// An operation that takes longer than `call_timeout` is dropped. A panic in it goes on to the caller, and counts as a
    /// failure; one elsewhere in the task, such as in another branch of a `join!`, only cancels it.
    ///
    /// The refusal of a breaker *inside* of the operation is an `Err` like any other to this one, and so a failure: it cannot know
    /// of what kind an error is. Where breakers are nested, take [`execute_with`](Self::execute_with) and
    /// [`Nested`](super::Nested), or a classifier that knows.
    ///
    /// # Errors
    ///
    /// [`CircuitError::Open`] if it was not begun, [`CircuitError::Timeout`], or [`CircuitError::Failed`] with the operation's own
    /// error.
    ///
    /// # Panics
    ///
    /// With a `call_timeout`, outside of a tokio runtime with time; the call was then cancelled.
    ///
    /// Cancel safety: when this is dropped, the operation is dropped, and was cancelled: that tells nothing, and the permit of
    /// a probe goes to another. Nothing happens before it is polled.
    #[track_caller]
    pub fn execute<'a, T, E, F>(
        &'a self,
        operation: impl FnOnce() -> F + 'a,
    ) -> impl Future<Output = Result<T, CircuitError<E>>>
    where
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
        E: 'a,
    {
        self.execute_with(ByResult, operation)
    }

    /// As [`execute`](Self::execute), with somebody to say what each result means.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute): a result that counts as ignored, or as a success, is handed on all the same.
    ///
    /// # Panics
    ///
    /// As [`execute`](Self::execute).
    ///
    /// Cancel safety: as that of [`execute`](Self::execute).
    #[track_caller]
    pub fn execute_with<'a, T, E, F>(
        &'a self,
        classify: impl Classify<T, E> + 'a,
        operation: impl FnOnce() -> F + 'a,
    ) -> impl Future<Output = Result<T, CircuitError<E>>>
    where
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
        E: 'a,
    {
        let place = Location::caller();
        async move {
            let permit = self.permit_at(place).map_err(CircuitError::Open)?;
            let mut attempt = Attempt::new(permit);
            // Between two steps: that there is no runtime is no failure of what is called.
            let limit = self.cell().call_timeout();
            let deadline = limit.map(sleep);
            let done = {
                let mut future = pin!(attempt.step(operation));
                let mut deadline = pin!(deadline);
                poll_fn(|cx| attempt.poll(future.as_mut(), deadline.as_mut(), cx)).await
            };
            let Some(result) = done else {
                attempt.settle(Outcome::TimedOut);
                return Err(CircuitError::Timeout(limit.unwrap_or(Duration::MAX)));
            };
            let outcome = attempt.step(|| classify.classify(&result));
            attempt.settle(outcome);
            result.map_err(CircuitError::Failed)
        }
    }

    /// Runs an operation that does not wait, unless the breaker refuses it; `Err` is a failure. There is no time-out: nothing could
    /// interrupt it.
    ///
    /// # Errors
    ///
    /// [`CircuitError::Open`], [`CircuitError::Failed`].
    #[inline(always)]
    #[track_caller]
    pub fn execute_sync<T, E>(
        &self,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CircuitError<E>> {
        match self.cell().glance() {
            Glance::Passes(right) => {
                settled(Permit::new(self.cell(), right), &ByResult, operation())
            }
            Glance::Refused(notice) => self.cell().refused(notice, CircuitError::Open),
            Glance::Unclear => self.execute_slowly(Location::caller(), operation),
        }
    }

    /// Apart, so that what is done for most calls is all in the caller.
    #[inline(never)]
    fn execute_slowly<T, E>(
        &self,
        place: &'static Location<'static>,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CircuitError<E>> {
        let right = self.cell().acquire_slowly(place);
        let right = right.map_err(CircuitError::Open)?;
        settled(Permit::new(self.cell(), right), &ByResult, operation())
    }

    pub(crate) fn permit_at(
        &self,
        place: &'static Location<'static>,
    ) -> Result<Permit<'_>, Refusal> {
        let right = self.cell().acquire(place)?;
        Ok(Permit::new(self.cell(), right))
    }
}

#[inline(always)]
fn settled<T, E>(
    permit: Permit<'_>,
    classify: &impl Classify<T, E>,
    result: Result<T, E>,
) -> Result<T, CircuitError<E>> {
    permit.settle(classify.classify(&result));
    result.map_err(CircuitError::Failed)
}
