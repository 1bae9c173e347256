//! Children that take the test with them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use mainstay_supervisors::{Down, ExitReason, Monitor, Process};

use crate::testkit::failure::TestFailure;

#[derive(Default)]
struct State {
    monitors: Vec<Monitor>,
    /// Who waits for a crash, to be told of monitors that are added.
    waker: Option<Waker>,
    /// The first end that counts.
    crash: Option<(Process, ExitReason)>,
    /// The test has ended: no end counts any more.
    over: bool,
}

#[derive(Default)]
pub(in crate::testkit) struct Linked(Mutex<State>);

impl Linked {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, process: &Process) {
        let mut state = self.lock();
        state.monitors.push(process.monitor());
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The end of this process does not count any more.
    pub(super) fn remove(&self, process: &Process) {
        let mut state = self.lock();
        state
            .monitors
            .retain(|monitor| monitor.process() != process);
    }

    /// Waits for the first linked process that ends otherwise than normally. One at a time may wait.
    pub(in crate::testkit) async fn crash(&self) -> TestFailure {
        poll_fn(|cx| self.poll_crash(cx)).await
    }

    fn poll_crash(&self, cx: &mut Context<'_>) -> Poll<TestFailure> {
        let mut state = self.lock();
        state.look(cx);
        match &state.crash {
            Some((process, reason)) => Poll::Ready(failure(process, reason)),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// From here on no end counts. Gives the crash that nobody was told of, if there was one.
    pub(super) fn end(&self) -> Option<TestFailure> {
        let mut state = self.lock();
        if state.over {
            return None;
        }
        state.look(&mut Context::from_waker(Waker::noop()));
        state.over = true;
        state.monitors.clear();
        let crash = state.crash.take();
        crash.map(|(process, reason)| failure(&process, &reason))
    }
}

impl State {
    fn look(&mut self, cx: &mut Context<'_>) {
        let mut ended = None;
        self.monitors.retain_mut(|monitor| {
            let Poll::Ready(Down {
                process, reason, ..
            }) = Pin::new(monitor).poll(cx)
            else {
                return true;
            };
            if reason != ExitReason::Normal && ended.is_none() {
                ended = Some((process, reason));
            }
            false
        });
        if self.crash.is_none() {
            self.crash = ended;
        }
    }
}

fn failure(process: &Process, reason: &ExitReason) -> TestFailure {
    TestFailure::Linked {
        path: process.path(),
        pid: process.pid(),
        reason: reason.clone(),
    }
}
