//! Which process is running: known inside every callback of an actor and every poll of a task.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Process;
#[cfg(feature = "test-util")]
use super::fault::{Exposed, exposed};

thread_local! {
    static CURRENT: Cell<Option<Process>> = const { Cell::new(None) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The process that is running here, or `None` outside every process.
///
/// Known in all callbacks of supervised actors, in supervised tasks and in start functions. A task that a process
/// spawns by itself with `tokio::spawn` is not part of it: wrap its future with [`Process::scope`] to make it so.
#[must_use]
pub fn current() -> Option<Process> {
    with_current(|process| process.cloned())
}

/// Whether this process is the one that is running here.
pub(crate) fn is_current(process: &Process) -> bool {
    with_current(|current| current == Some(process))
}

/// The slot is empty once the thread's locals are being destroyed.
pub(super) fn with_current<T>(look: impl FnOnce(Option<&Process>) -> T) -> T {
    let process = CURRENT.try_with(Cell::take).ok().flatten();
    let seen = look(process.as_ref());
    if let Some(process) = process {
        CURRENT.set(Some(process));
    }
    seen
}

pub(crate) fn is_inside() -> bool {
    DEPTH.with(|depth| depth.get() > 0)
}

pin_project! {
    /// A future polled as part of a process, its panics caught.
    ///
    /// The process is lent: it sits in the thread's slot while the future is polled and moves back after, so that
    /// no reference count is touched on the way.
    pub(crate) struct Within<'a, F> {
        #[pin]
        future: F,
        process: &'a mut Option<Process>,
    }
}

/// Without the feature `test-util` nothing strikes a process.
#[cfg(not(feature = "test-util"))]
type Exposed<F> = F;

#[cfg(not(feature = "test-util"))]
const fn exposed<F>(future: F) -> F {
    future
}

impl<'a, F: Future> Within<'a, Exposed<F>> {
    /// The process's own code.
    pub(crate) const fn new(process: &'a mut Option<Process>, future: F) -> Self {
        let future = exposed(future);
        Self { future, process }
    }
}

/// Gives the thread's slot back to whom it belonged, also when the poll panics.
struct Lent<'a> {
    lender: &'a mut Option<Process>,
    before: Option<Process>,
}

impl<'a> Lent<'a> {
    fn new(lender: &'a mut Option<Process>) -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        let before = CURRENT.replace(lender.take());
        Self { lender, before }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
        *self.lender = CURRENT.replace(self.before.take());
    }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _lent = Lent::new(this.process);
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

/// Polls `future` as part of `process`; a panic goes on unwinding.
pub(crate) async fn scoped<F: Future>(process: Process, future: F) -> F::Output {
    let mut process = Some(process);
    // Not the process's own code: what strikes the process does not strike whoever acts for it.
    let within = Within {
        future,
        process: &mut process,
    };
    match within.await {
        Ok(value) => value,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}
