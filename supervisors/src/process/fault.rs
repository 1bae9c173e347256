//! Faults that tests put into running processes.
//!
//! A fault strikes where the process's own code is polled, before it: in all callbacks of an actor, in a task, in the loop of a
//! supervisor. Whoever runs is woken for it. An idle actor runs nothing, and takes messages of a type that is not known here; but
//! every actor takes supervision events, and so one is sent to it, which its host recognises.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, ActorRuntime, SupervisionEvent};

use super::{Process, with_current};
use crate::exit::{ExitReason, Failure};

/// What a test has a process come to: see [`Process::inject`]. Only with the feature `test-util`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// It panics with this text.
    Panic(String),
    /// It ends as if its own code had returned this error. An [`ExitReason`] as error is that reason.
    Error(Failure),
    /// It does nothing any more: it handles no message, hears no request to stop, and runs no `post_stop`. Only a kill ends it,
    /// or an exit signal that kills: one that it does not trap.
    Hang,
}

impl Fault {
    /// A panic with this text.
    pub fn panic(text: impl Into<String>) -> Self {
        Self::Panic(text.into())
    }

    /// An end with this error.
    pub fn error(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Error(Failure::new(error))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(text) => write!(f, "panic: {text}"),
            Self::Error(error) => write!(f, "error: {error}"),
            Self::Hang => f.write_str("hang"),
        }
    }
}

impl Process {
    /// Has it come to this, as soon as its code gets to run: at once if it is idle, else at its next await. What follows is what
    /// follows when it happens by itself: the exit reason, links, restarts, limits on the time to stop.
    ///
    /// False if it has ended, or is to come to another fault already, of which the first counts.
    ///
    /// Code that does not await is not interrupted. Outside of a tokio runtime an idle actor is not woken: the fault strikes
    /// when the actor has something to do. Only with the feature `test-util`.
    ///
    /// ```
    /// use mainstay_supervisors::{Child, ExitReason, Fault, Runtime, StopToken};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let runtime = Runtime::new();
    /// let app = runtime.namespace("app").await?;
    /// let idle = Child::task("idle", |stop: StopToken| async move { stop.stopped().await });
    /// let idle = app.start_child(idle).await?.process().cloned().ok_or("nothing to run")?;
    ///
    /// assert!(idle.inject(Fault::error("the disk is full")));
    /// assert_eq!(idle.ended().await, ExitReason::failed("the disk is full"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn inject(&self, fault: Fault) -> bool {
        if !self.is_alive() || !self.life().faults.put(fault) {
            return false;
        }
        if let Some(cell) = self.actor_cell() {
            poke(&cell);
        }
        true
    }

    /// The fault that it is to come to and has not come to yet. One that is left when the process has ended has struck nobody.
    /// Only with the feature `test-util`.
    #[must_use]
    pub fn pending_fault(&self) -> Option<Fault> {
        self.life().faults.pending()
    }
}

/// What a process is to come to, or has.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    has_struck: bool,
    /// Of whoever polls the process's own code.
    waker: Option<Waker>,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, fault: Fault) -> bool {
        let mut state = self.lock();
        if state.fault.is_some() {
            return false;
        }
        state.fault = Some(fault);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    fn pending(&self) -> Option<Fault> {
        let state = self.lock();
        state.fault.clone().filter(|_| !state.has_struck)
    }

    /// Whether it is deaf, from the moment in which it was told to hang.
    pub(super) fn hangs(&self) -> bool {
        matches!(self.lock().fault, Some(Fault::Hang))
    }

    /// The fault that strikes now; a hang strikes for ever. If none does, `waker` is woken for one that comes.
    fn strike(&self, waker: &Waker) -> Option<Fault> {
        let mut state = self.lock();
        match &state.fault {
            Some(Fault::Hang) => {}
            Some(_) if state.has_struck => return None,
            Some(_) => {}
            None => {
                if !state.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
                    state.waker = Some(waker.clone());
                }
                return None;
            }
        }
        state.has_struck = true;
        state.fault.clone()
    }

    /// The process has ended: nobody is to be woken, nor kept by the means to do so.
    pub(super) fn end(&self) {
        let waker = self.lock().waker.take();
        drop(waker);
    }
}

pin_project! {
    /// The own code of the process that is current, and what strikes it.
    pub(crate) struct Exposed<F> {
        #[pin]
        future: F,
    }
}

pub(crate) const fn exposed<F>(future: F) -> Exposed<F> {
    Exposed { future }
}

impl<F: Future> Future for Exposed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let strike = |process: Option<&Process>| process?.life().faults.strike(cx.waker());
        match with_current(strike) {
            None => self.project().future.poll(cx),
            Some(Fault::Panic(text)) => panic!("{text}"),
            Some(Fault::Error(error)) => resume_unwind(Box::new(Thrown(error))),
            Some(Fault::Hang) => Poll::Pending,
        }
    }
}

/// Carries an error past code whose result is of any type. No panic hook is called for it.
struct Thrown(Failure);

/// The reason that was thrown, or the payload of a panic.
pub(super) fn thrown(payload: Box<dyn Any + Send>) -> Result<ExitReason, Box<dyn Any + Send>> {
    let Thrown(error) = *payload.downcast()?;
    let reason = error.downcast_ref::<ExitReason>().cloned();
    Ok(reason.unwrap_or(ExitReason::Failed(error)))
}

/// Sends a supervision event to an actor, as from an actor that it monitors.
fn poke(target: &ActorCell) {
    if tokio::runtime::Handle::try_current().is_err() {
        return;
    }
    let Ok((poker, _)) = ActorRuntime::spawn_instant(None, Poker, ()) else {
        return;
    };
    let poker = poker.get_cell();
    target.monitor(poker.clone());
    poker.notify_supervisor(SupervisionEvent::ActorStarted(poker.clone()));
    target.unmonitor(poker);
}

/// Whether this event was sent by [`poke`]. Nobody else has an actor that takes such messages.
pub(super) fn is_poke(event: &SupervisionEvent) -> bool {
    matches!(event, SupervisionEvent::ActorStarted(cell) if cell.is_message_type_of::<Poke>() == Some(true))
}

/// An actor that never starts: it lends its cell.
struct Poker;

struct Poke;

impl Actor for Poker {
    type Msg = Poke;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Poke>, (): ()) -> Result<(), ActorProcessingErr> {
        Err("it is there for its cell only".into())
    }
}
