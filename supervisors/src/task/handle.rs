//! A task somebody waits for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mainstay_specs::Shutdown;
use tokio::sync::oneshot;

use crate::exit::ExitReason;
use crate::process::{Monitor, Process};

/// Why a task gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It ended without one.
    #[error("the task ended: {0}")]
    Exited(ExitReason),
    /// It did not end in time.
    #[error("no result within {0:?}")]
    Timeout(Duration),
    /// It could not be started.
    #[error("the task could not be started: {0}")]
    NotStarted(String),
}

/// A running task: a future of its result.
///
/// Dropping it lets the task go on; its result is dropped then.
#[must_use = "a task's result is waited for by awaiting it"]
pub struct Task<T> {
    process: Process,
    answer: oneshot::Receiver<T>,
    down: Option<Monitor>,
}

impl<T> Task<T> {
    pub(super) const fn new(process: Process, answer: oneshot::Receiver<T>) -> Self {
        Self {
            process,
            answer,
            down: None,
        }
    }

    /// Its process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Waits for the result at most for `limit`, and gives up on it then: the task goes on, its result will be dropped.
    ///
    /// # Errors
    ///
    /// [`TaskError::Exited`], [`TaskError::Timeout`].
    pub async fn wait(self, limit: Duration) -> Result<T, TaskError> {
        match tokio::time::timeout(limit, self).await {
            Ok(result) => result,
            Err(_) => Err(TaskError::Timeout(limit)),
        }
    }

    /// Waits for the result at most for `limit`; `None` if there is none yet. To be called as often as wanted: once the
    /// result was given, it tells the task's end.
    ///
    /// Cancel safety: the result is not lost when this is dropped.
    pub async fn yield_for(&mut self, limit: Duration) -> Option<Result<T, TaskError>> {
        tokio::time::timeout(limit, self).await.ok()
    }

    /// Stops the task: asked first, then killed, as `shutdown` says. Gives what it came to, if that was faster:
    /// its result, or an end that is not the one it was asked for. `None` if it stopped as asked.
    pub async fn shutdown(mut self, shutdown: Shutdown) -> Option<Result<T, TaskError>> {
        let expected = match shutdown {
            Shutdown::BrutalKill => {
                self.process.kill();
                ExitReason::Killed
            }
            Shutdown::Infinity => {
                self.process.stop(ExitReason::Shutdown);
                ExitReason::Shutdown
            }
            Shutdown::Timeout(limit) => {
                self.process.stop(ExitReason::Shutdown);
                if tokio::time::timeout(limit, self.process.ended())
                    .await
                    .is_err()
                {
                    self.process.kill();
                }
                ExitReason::Shutdown
            }
        };
        match (&mut self).await {
            Err(TaskError::Exited(reason)) if reason == expected => None,
            result => Some(result),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.down.is_none() {
            let answer = ready!(Pin::new(&mut this.answer).poll(cx));
            this.down = Some(this.process.monitor());
            if let Ok(answer) = answer {
                return Poll::Ready(Ok(answer));
            }
        }
        let down = this.down.get_or_insert_with(|| this.process.monitor());
        let reason = ready!(Pin::new(down).poll(cx)).reason;
        // Whoever asks again is told again.
        this.down = Some(this.process.monitor());
        Poll::Ready(Err(TaskError::Exited(reason)))
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.process).finish()
    }
}
