//! Futures as processes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, oneshot};

use super::timed::Busy;
use super::{Control, ExitGuard, Process, Within, reason_of};
use crate::exit::{ExitReason, IntoExit};
use crate::supervisor::Hub;

#[derive(Debug, Default)]
pub(crate) struct StopSignal {
    requested: AtomicBool,
    told: Notify,
}

impl StopSignal {
    /// False if nobody holds a token: there is nobody to hear it.
    pub(super) fn request(self: &Arc<Self>) -> bool {
        self.requested.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
        Arc::strong_count(self) > 1
    }
}

/// How a task learns that it should stop. It has its shutdown time to do so, then it is killed.
///
/// A task that keeps no token cannot hear: it is dropped at its next await when it is asked to stop.
#[derive(Clone, Debug)]
pub struct StopToken(Arc<StopSignal>);

impl StopToken {
    /// Whether the task was asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Waits until the task is asked to stop.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    pub async fn stopped(&self) {
        loop {
            let told = self.0.told.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if self.is_stopped() {
                return;
            }
            told.await;
        }
    }
}

/// How a task says that its start is complete. Dropping it without [`signal`](Self::signal) makes the start wait for the
/// task's end, which is then a failed start.
#[derive(Debug)]
pub struct Ready {
    process: Process,
    told: oneshot::Sender<()>,
}

impl Ready {
    /// The signal of this process, whose supervisor waits for it from here on.
    pub(crate) fn new(process: Process) -> (Self, oneshot::Receiver<()>) {
        let (told, ready) = oneshot::channel();
        process.life().hold_up(true);
        (Self { process, told }, ready)
    }

    /// The start is complete: the supervisor goes on to the next child.
    pub fn signal(self) {
        // Nobody waits when the supervisor was killed meanwhile; the task learns that in another way.
        self.process.life().hold_up(false);
        self.told.send(()).ok();
    }
}

/// What a process that is a future consists of. Captured as one, so that also a future that was never polled is dropped
/// before the guard.
struct Parts<F> {
    future: F,
    guard: ExitGuard,
}

pub(crate) fn spawn_task<F, B>(process: &Process, body: B)
where
    B: FnOnce(StopToken) -> F,
    F: Future<Output: IntoExit> + Send + 'static,
{
    // Before the user's code, so that a body that panics ends the process.
    let guard = ExitGuard::new(process.clone());
    let _charging = process.life().charged.enter();
    let stop = Arc::new(StopSignal::default());
    let future = Busy::new(process, body(StopToken(Arc::clone(&stop))));
    let parts = Parts { future, guard };
    let task = tokio::spawn(async move {
        let parts = parts;
        let process = parts.guard.process().clone();
        let mut current = Some(process.clone());
        let result = Within::new(&mut current, parts.future).await;
        let reason = match result {
            Ok(value) => value.into_exit(),
            Err(payload) => Some(reason_of(payload)),
        };
        match reason {
            Some(reason) => process.life().set_outcome(reason),
            None => {
                process.life().set_outcome_as_asked();
                process.life().set_outcome(ExitReason::Normal);
            }
        }
        drop(parts.guard);
    });
    process.life().set_control(Control::Task {
        abort: task.abort_handle(),
        stop,
    });
}

/// Runs a supervisor's loop as a process. Its future gives the reason it ends with.
pub(crate) fn spawn_supervisor<F>(process: &Process, hub: Arc<Hub>, future: F)
where
    F: Future<Output = ExitReason> + Send + 'static,
{
    process.life().set_hub(Arc::clone(&hub));
    let guard = ExitGuard::new(process.clone());
    let _charging = process.life().charged.enter();
    let future = Busy::new(process, future);
    let parts = Parts { future, guard };
    let task = tokio::spawn(async move {
        let parts = parts;
        let process = parts.guard.process().clone();
        let mut current = Some(process.clone());
        let reason = match Within::new(&mut current, parts.future).await {
            Ok(reason) => reason,
            Err(payload) => reason_of(payload),
        };
        process.life().set_outcome(reason);
        drop(parts.guard);
    });
    process.life().set_control(Control::Supervisor {
        abort: task.abort_handle(),
        hub,
    });
}
