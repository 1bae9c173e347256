//! A future that is timed.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use super::operation::Operation;
use crate::metrics::outcome::Outcome;

/// How an output is judged.
pub trait Judge<T> {
    /// Whether it is a success or an error.
    fn outcome(output: &T) -> Outcome;
}

/// A `Result` is what it says; an error that is [`Elapsed`], as a future within [`timeout`](tokio::time::timeout) comes to, is a timeout.
/// One within an error of another type is not seen.
#[derive(Clone, Copy, Debug)]
pub struct ResultOf;

/// Whatever comes is a success.
#[derive(Clone, Copy, Debug)]
pub struct Succeeds;

impl<T, E: 'static> Judge<Result<T, E>> for ResultOf {
    fn outcome(output: &Result<T, E>) -> Outcome {
        match output {
            Ok(_) => Outcome::Success,
            Err(error) if (error as &dyn Any).is::<Elapsed>() => Outcome::Timeout,
            Err(_) => Outcome::Error,
        }
    }
}

impl<T> Judge<T> for Succeeds {
    fn outcome(_output: &T) -> Outcome {
        Outcome::Success
    }
}

pin_project! {
    /// A future that comes to what another one comes to, and records how long that took and how it ended. Made by
    /// [`Operation::measure`] and [`Operation::time`].
    ///
    /// It records once: when it is done, when a poll panics, or when it is dropped in between. One that was never polled records nothing.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Measured<F, J> {
        // Dropped first, so that what the future does when it is cancelled is measured too.
        #[pin]
        future: F,
        clock: Clock,
        judge: PhantomData<fn() -> J>,
    }
}

/// Records when it is stopped, or dropped while it runs.
#[derive(Debug)]
struct Clock {
    operation: Operation,
    began: Option<Instant>,
    /// A poll that panics does not come back to change it.
    polling: bool,
}

impl Clock {
    fn stop(&mut self, outcome: Outcome) {
        if let Some(began) = self.began.take() {
            self.operation.record(outcome, began.elapsed());
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop(if self.polling {
            Outcome::Panic
        } else {
            Outcome::Cancelled
        });
    }
}

impl<F, J> Measured<F, J> {
    pub(super) const fn new(operation: Operation, future: F) -> Self {
        Self {
            future,
            clock: Clock {
                operation,
                began: None,
                polling: false,
            },
            judge: PhantomData,
        }
    }
}

impl<F: Future, J: Judge<F::Output>> Future for Measured<F, J> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.clock.began.get_or_insert_with(Instant::now);
        this.clock.polling = true;
        let polled = this.future.poll(cx);
        this.clock.polling = false;
        let output = ready!(polled);
        this.clock.stop(J::outcome(&output));
        Poll::Ready(output)
    }
}
