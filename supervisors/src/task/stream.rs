//! Many tasks over a stream of inputs, a few at a time.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};

use super::{Task, TaskError, TaskSupervisorRef};

/// How tasks are run over a stream of inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamOptions {
    /// How many run at once. Default: one for each core.
    pub max_concurrency: NonZeroUsize,
    /// Whether results come in the order of the inputs; else in the order in which they are there. Default: yes.
    pub ordered: bool,
    /// How long one task may take; it is dropped then, and its result is [`TaskError::Timeout`]. Default: five seconds.
    pub timeout: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            max_concurrency: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            ordered: true,
            timeout: Duration::from_secs(5),
        }
    }
}

impl StreamOptions {
    /// Sets how many run at once.
    #[must_use]
    pub const fn max_concurrency(mut self, max: NonZeroUsize) -> Self {
        self.max_concurrency = max;
        self
    }

    /// Sets whether results come in the order of the inputs.
    #[must_use]
    pub const fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    /// Sets how long one task may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// The results of tasks over a stream of inputs. Tasks are started as it is read; dropping it drops those that run.
pub struct TaskStream<T>(Pin<Box<dyn Stream<Item = Result<T, TaskError>> + Send>>);

impl<T> TaskStream<T> {
    /// The next result; `None` after the last.
    ///
    /// Cancel safety: no result is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<T, TaskError>> {
        self.0.next().await
    }
}

impl<T> Stream for TaskStream<T> {
    type Item = Result<T, TaskError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> fmt::Debug for TaskStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream").finish_non_exhaustive()
    }
}

impl TaskSupervisorRef {
    /// Runs `task` for each input, at most `max_concurrency` at once, and gives the results as a stream.
    ///
    /// A task that fails, or takes too long, gives an error in its place; the others go on. Inputs are taken no faster
    /// than tasks are started for them.
    #[track_caller]
    pub fn async_stream<I, T, F, B>(
        &self,
        inputs: I,
        options: StreamOptions,
        task: B,
    ) -> TaskStream<T>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        B: Fn(I::Item) -> F + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
        I::Item: Send + 'static,
    {
        let made_at = Location::caller();
        let (tasks, task) = (self.clone(), Arc::new(task));
        let runs = stream::iter(inputs).map(move |input| {
            let (tasks, task) = (tasks.clone(), Arc::clone(&task));
            let limit = options.timeout;
            async move { run(&tasks, made_at, task(input), limit).await }
        });
        let max = options.max_concurrency.get();
        TaskStream(if options.ordered {
            runs.buffered(max).boxed()
        } else {
            runs.buffer_unordered(max).boxed()
        })
    }
}

async fn run<T, F>(
    tasks: &TaskSupervisorRef,
    made_at: &'static Location<'static>,
    future: F,
    limit: Duration,
) -> Result<T, TaskError>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let started = tasks.async_while_wanted(made_at, future).await;
    let task: Task<T> = started.map_err(|error| TaskError::NotStarted(error.to_string()))?;
    task.wait(limit).await
}
