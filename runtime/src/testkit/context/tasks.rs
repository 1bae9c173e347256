//! Tasks of the test, by name and place.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use tokio::task::{AbortHandle, JoinError, JoinHandle};

use crate::testkit::failure::TestFailure;
use crate::testkit::leak::{Leak, Place};
use crate::testkit::panics;

/// What a task panicked with, until somebody has seen it.
type Panic = Arc<Mutex<Option<String>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Known {
    name: String,
    made_at: Place,
    abort: AbortHandle,
    panic: Panic,
}

impl Known {
    fn is_of_interest(&self) -> bool {
        !self.abort.is_finished() || lock(&self.panic).is_some()
    }
}

#[derive(Default)]
pub(super) struct Tasks(Mutex<Vec<Known>>);

impl Tasks {
    pub(super) fn spawn<F>(&self, name: String, made_at: Place, future: F) -> TestTask<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let panic = Panic::default();
        let theirs = Arc::clone(&panic);
        let handle = tokio::spawn(async move {
            match AssertUnwindSafe(future).catch_unwind().await {
                Ok(output) => output,
                Err(payload) => fail(&theirs, payload),
            }
        });
        let abort = handle.abort_handle();
        let mut tasks = lock(&self.0);
        tasks.retain(Known::is_of_interest);
        tasks.push(Known {
            name,
            made_at,
            abort,
            panic: Arc::clone(&panic),
        });
        drop(tasks);
        TestTask { handle, panic }
    }

    /// Those that run, oldest first.
    pub(super) fn alive(&self) -> Vec<(String, Place)> {
        let tasks = lock(&self.0);
        let alive = tasks.iter().filter(|task| !task.abort.is_finished());
        alive
            .map(|task| (task.name.clone(), task.made_at))
            .collect()
    }

    pub(super) fn left(&self) -> impl Iterator<Item = Leak> + use<> {
        let alive = self.alive().into_iter();
        alive.map(|(name, made_at)| Leak::Task { name, made_at })
    }

    /// Those whose panics nobody has seen; told once.
    pub(super) fn panicked(&self) -> Vec<TestFailure> {
        let tasks = lock(&self.0);
        let panicked = tasks.iter().filter_map(|task| {
            let text = lock(&task.panic).take()?;
            Some(TestFailure::Task {
                name: task.name.clone(),
                made_at: task.made_at,
                text,
            })
        });
        panicked.collect()
    }

    pub(super) fn abort(&self) {
        lock(&self.0).iter().for_each(|task| task.abort.abort());
    }
}

/// Notes the panic, and goes on with it.
fn fail(panic: &Panic, payload: Box<dyn Any + Send>) -> ! {
    *lock(panic) = Some(panics::text_of(&*payload));
    resume_unwind(payload)
}

/// A task of [`TestContext::spawn`](crate::testkit::TestContext::spawn): a future of what it comes to, as tokio's
/// [`JoinHandle`] is.
///
/// Should the task panic, whoever awaits it is told; if nobody does, the test fails. Dropping it changes nothing for the task.
pub struct TestTask<T> {
    handle: JoinHandle<T>,
    panic: Panic,
}

impl<T> TestTask<T> {
    /// Ends the task at its next await.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// A handle to end the task from elsewhere.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle.abort_handle()
    }
}

impl<T> Future for TestTask<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(Pin::new(&mut self.handle).poll(cx));
        lock(&self.panic).take();
        Poll::Ready(ended)
    }
}

impl<T> fmt::Debug for TestTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestTask").field(&self.handle.id()).finish()
    }
}
