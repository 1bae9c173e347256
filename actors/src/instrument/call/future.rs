//! Calls that give a future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::nesting::Inside;
use super::{Call, Site};
use crate::MetricsStore;
use crate::metrics::Outcome;

/// Records a future from its first poll to its end. One that is dropped in between was cancelled; one that is never polled was
/// never called.
pub const fn future<F, J>(
    site: &'static Site,
    store: Option<MetricsStore>,
    future: F,
    judge: J,
) -> Instrumented<F, J>
where
    F: Future,
    J: FnOnce(&F::Output) -> Outcome,
{
    Instrumented {
        future,
        site,
        due: Some(Due { store, judge }),
        going: None,
    }
}

struct Due<J> {
    store: Option<MetricsStore>,
    judge: J,
}

struct Going<J> {
    call: Call,
    judge: J,
}

pin_project! {
    /// A future that is recorded: see [`future`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Instrumented<F, J> {
        #[pin]
        future: F,
        site: &'static Site,
        // Before the first poll.
        due: Option<Due<J>>,
        // After it, if there is something to record to.
        going: Option<Going<J>>,
    }
}

impl<F, J> Future for Instrumented<F, J>
where
    F: Future,
    J: FnOnce(&F::Output) -> Outcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(Due { store, judge }) = this.due.take() {
            let call = Call::begin(this.site, store, Outcome::Cancelled);
            *this.going = call.map(|call| Going { call, judge });
        }
        if this.going.is_none() {
            return this.future.poll(cx);
        }
        let polling = Polling(this.going);
        let inside = Inside::enter(this.site.service());
        let polled = this.future.poll(cx);
        drop(inside);
        if let Poll::Ready(value) = &polled
            && let Some(Going { call, judge }) = polling.0.take()
        {
            call.end(judge(value));
        }
        polled
    }
}

/// One poll. If it unwinds, so ends the call: the future may be dropped much later.
struct Polling<'a, J>(&'a mut Option<Going<J>>);

impl<J> Drop for Polling<'_, J> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(Going { call, .. }) = self.0.take()
        {
            call.end(Outcome::Panic);
        }
    }
}

impl<F, J> fmt::Debug for Instrumented<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instrumented").field(self.site).finish()
    }
}
