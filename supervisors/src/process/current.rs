//! Which process is running: known inside every callback of an actor and every poll of a task.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Process;
#[cfg(feature = "test-util")]
pub(super) use super::fault::{Exposed, exposed};

/// The process that is being polled. Without a destructor, so that a look at it is a plain access; nothing is lost by
/// that, as the slot is empty whenever the thread polls nothing.
type Slot = Cell<ManuallyDrop<Option<Process>>>;

thread_local! {
    static CURRENT: Slot = const { Cell::new(ManuallyDrop::new(None)) };
}

fn swap(process: Option<Process>) -> Option<Process> {
    ManuallyDrop::into_inner(CURRENT.replace(ManuallyDrop::new(process)))
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

/// `look` must not panic: the slot is empty meanwhile.
pub(super) fn with_current<T>(look: impl FnOnce(Option<&Process>) -> T) -> T {
    let process = swap(None);
    let seen = look(process.as_ref());
    // What comes out is empty, as nothing is polled in between.
    drop(swap(process));
    seen
}

pub(crate) fn is_inside() -> bool {
    with_current(|process| process.is_some())
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
pub(super) type Exposed<F> = F;

#[cfg(not(feature = "test-util"))]
pub(super) const fn exposed<F>(future: F) -> F {
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
        let before = swap(lender.take());
        Self { lender, before }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        *self.lender = swap(self.before.take());
    }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_within(this.process, this.future, cx)
    }
}

/// Polls a future as part of the process that is lent, its panics caught.
#[inline]
pub(super) fn poll_within<F: Future>(
    process: &mut Option<Process>,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
    let _charging = process
        .as_ref()
        .map(|process| process.life().charged.enter());
    let _lent = Lent::new(process);
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(payload) => Poll::Ready(Err(payload)),
    }
}

/// Polls `future` as part of `process`; a panic goes on unwinding.
pub(crate) async fn scoped<F: Future>(process: Process, future: F) -> F::Output {
    // What it allocates is charged to the process, also after that has ended meanwhile.
    let _hold = process.life().charged.hold();
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
