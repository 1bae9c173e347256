//! What is behind a [`Process`](super::Process) handle: how it can be stopped, its exit slot, and who is told of its end.

use std::num::NonZeroUsize;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use mainstay_specs::ChildId;
use ractor::ActorCell;

use super::charged::Charged;
use super::control::Control;
#[cfg(feature = "test-util")]
use super::fault::Faults;
use super::guard::Parts;
use super::link::Links;
use super::mailbox::Mailbox;
use super::meter::Meter;
use super::panic::run_caught;
use super::watch::{Ended, Ticket, Watchers};
use super::{MessageOutcome, Pid, ProcessKind};
use crate::event::Events;
use crate::exit::ExitReason;
use crate::flag::Flag;
use crate::runtime::Scope;
use crate::supervisor::{Hub, Key, Message};

/// The supervisor that is told of the end, and under which key it knows the child.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) hub: Arc<Hub>,
    pub(crate) key: Key,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Alive,
    /// What it held is being freed; its end cannot be seen yet.
    Ending,
    Ended,
}

/// Called when the process has ended, before anybody can see it.
pub(crate) type Cleanup = Box<dyn FnOnce() + Send>;

/// What changes in the course of a life. What most processes never have lies elsewhere: there are many of these.
pub(super) struct State {
    pub(super) phase: Phase,
    /// Its start is complete; before, nobody but the starter knows it.
    pub(super) announced: bool,
    /// Its supervisor waits for its end itself, and needs no message.
    pub(super) expected: bool,
    pub(super) control: Option<Control>,
    /// If it is a supervisor.
    pub(super) hub: Option<Arc<Hub>>,
    /// The reason, should it end by itself after a request to stop. The first request counts.
    asked: Option<ExitReason>,
    /// The reason, should it end because it was killed.
    pub(super) forced: Option<ExitReason>,
    /// What the process itself said of its end.
    pub(super) outcome: Option<ExitReason>,
    pub(super) links: Option<Box<Links>>,
    pub(super) cleanups: Vec<Cleanup>,
    pub(super) watchers: Watchers,
    pub(super) measured: Option<Box<Measured>>,
}

/// What its messages are counted with, and who measures it.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) meter: Option<Arc<dyn Meter>>,
    /// Of an actor whose messages are counted.
    pub(super) mailbox: Option<Arc<Mailbox>>,
}

/// One incarnation of a process. It holds nothing of the user's.
pub(crate) struct Life {
    pub(crate) pid: Pid,
    pub(crate) id: ChildId,
    pub(crate) kind: ProcessKind,
    pub(crate) scope: Arc<Scope>,
    pub(crate) made_at: &'static Location<'static>,
    owner: Option<Owner>,
    pub(super) charged: Charged,
    #[cfg(feature = "test-util")]
    pub(super) faults: Faults,
    /// Its supervisor waits for it to start, and so must not be called by it.
    holds_up: AtomicBool,
    /// It has said its last word.
    ending: Flag,
    /// It has, or it was cut off.
    over: AtomicBool,
    state: Mutex<State>,
    pub(super) reason: OnceLock<ExitReason>,
    /// What of the incarnation is there.
    pub(super) parts: Parts,
}

impl Life {
    pub(crate) fn new(
        id: ChildId,
        kind: ProcessKind,
        scope: Arc<Scope>,
        owner: Option<Owner>,
        made_at: &'static Location<'static>,
    ) -> Self {
        Self {
            pid: scope.runtime.next_pid(),
            id,
            kind,
            scope,
            made_at,
            owner,
            charged: Charged::open(),
            #[cfg(feature = "test-util")]
            faults: Faults::default(),
            holds_up: AtomicBool::new(false),
            ending: Flag::default(),
            over: AtomicBool::new(false),
            state: Mutex::new(State {
                phase: Phase::Alive,
                announced: false,
                control: None,
                hub: None,
                asked: None,
                forced: None,
                outcome: None,
                links: None,
                cleanups: Vec::new(),
                watchers: Watchers::default(),
                expected: false,
                measured: None,
            }),
            reason: OnceLock::new(),
            parts: Parts::default(),
        }
    }

    /// Its mailbox is going to be dropped, or was.
    pub(crate) fn is_ending(&self) -> bool {
        // After what the caller has just sent: either the mailbox still finds it, or this is seen here.
        self.ending.is_raised()
    }

    /// A poisoned lock is taken all the same: every change made under it is a single assignment.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reason(&self) -> Option<&ExitReason> {
        self.reason.get()
    }

    /// Gives it what its messages are counted with and it is measured with. Before it runs.
    pub(super) fn equip(&self, limit: Option<NonZeroUsize>, meter: Option<Arc<dyn Meter>>) {
        if limit.is_none() && meter.is_none() {
            return;
        }
        let clock = meter.as_ref().map(|_| self.scope.runtime.clock().clone());
        let is_actor = self.kind == ProcessKind::Actor;
        let mailbox = is_actor.then(|| Mailbox::new(limit, clock));
        let mailbox = mailbox.flatten().map(Arc::new);
        self.lock().measured = Some(Box::new(Measured { meter, mailbox }));
    }

    /// `None` also once it has ended.
    pub(crate) fn meter(&self) -> Option<Arc<dyn Meter>> {
        self.lock().measured.as_ref()?.meter.clone()
    }

    /// `None` also once it has ended.
    pub(crate) fn mailbox(&self) -> Option<Arc<Mailbox>> {
        self.lock().measured.as_ref()?.mailbox.clone()
    }

    /// A message to it was refused.
    pub(crate) fn tell_refused(&self) {
        if let Some(meter) = self.meter() {
            run_caught(|| meter.refused());
        }
    }

    /// Says whether its supervisor waits for it to start.
    pub(crate) fn hold_up(&self, holds_up: bool) {
        self.holds_up.store(holds_up, Ordering::Relaxed);
    }

    pub(crate) fn holds_up(&self) -> bool {
        self.holds_up.load(Ordering::Relaxed)
    }

    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.lock().asked.is_some()
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.lock().forced.is_some()
    }

    /// Whether it has said its last word, or was cut off before.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Before what it holds is dropped for that.
    pub(super) fn set_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// The reason of a process that takes no links any more, also while its end is being made known.
    pub(super) fn last_reason(&self) -> ExitReason {
        let reason = self.reason().cloned();
        let reason = reason.or_else(|| self.lock().outcome.clone());
        reason.unwrap_or(ExitReason::Killed)
    }

    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    pub(crate) async fn ended(&self) -> ExitReason {
        Ended::new(self).await
    }

    pub(super) fn watch(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Poll<ExitReason> {
        if let Some(reason) = self.reason() {
            return Poll::Ready(reason.clone());
        }
        let waker = waker.clone();
        let mut state = self.lock();
        // Once more under the lock, so that an end in between is not missed.
        if let Some(reason) = self.reason() {
            let reason = reason.clone();
            drop(state);
            return Poll::Ready(reason);
        }
        let before = state.watchers.leave(ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    pub(super) fn unwatch(&self, ticket: Ticket) {
        let left = self.lock().watchers.take(ticket);
        drop(left);
    }

    /// Makes the process reachable. What was asked of it before takes effect now.
    pub(crate) fn set_control(&self, control: Control) {
        let mut state = self.lock();
        if state.forced.is_some() {
            control.kill();
        } else if let Some(reason) = state.asked.clone()
            && !self.is_deaf()
            && let Some(forced) = control.ask_to_stop(reason)
        {
            state.forced = Some(forced);
            self.set_over();
        }
        state.control = Some(control);
    }

    pub(crate) fn actor_cell(&self) -> Option<ActorCell> {
        match &self.lock().control {
            Some(Control::Actor(cell)) => Some(cell.clone()),
            _ => None,
        }
    }

    /// Set before the supervisor runs: it may have ended before its control is set.
    pub(super) fn set_hub(&self, hub: Arc<Hub>) {
        self.lock().hub = Some(hub);
    }

    pub(crate) fn hub(&self) -> Option<Arc<Hub>> {
        self.lock().hub.clone()
    }

    pub(crate) fn ask_to_stop(&self, reason: ExitReason) {
        self.ask(self.lock(), reason);
    }

    /// As [`ask_to_stop`](Self::ask_to_stop), by its supervisor, which waits for the end itself and needs no message.
    pub(crate) fn stop_expecting(&self, reason: ExitReason) {
        let mut state = self.lock();
        state.expected = true;
        self.ask(state, reason);
    }

    fn ask(&self, mut state: MutexGuard<'_, State>, reason: ExitReason) {
        if state.asked.is_some() || self.reason().is_some() {
            return;
        }
        state.asked = Some(reason.clone());
        if let Some(control) = &state.control
            && !self.is_deaf()
        {
            let forced = control.ask_to_stop(reason);
            state.forced = state.forced.take().or(forced);
            if state.forced.is_some() {
                self.set_over();
            }
        }
    }

    /// It hangs by a fault, and so a request to stop is lost on it.
    #[cfg(feature = "test-util")]
    fn is_deaf(&self) -> bool {
        self.faults.hangs()
    }

    #[cfg(not(feature = "test-util"))]
    const fn is_deaf(&self) -> bool {
        false
    }

    pub(crate) fn kill(&self, reason: ExitReason) {
        self.set_over();
        force(self.lock(), reason);
    }

    /// As [`kill`](Self::kill), by its supervisor, which waits for the end itself and needs no message.
    pub(crate) fn kill_expecting(&self, reason: ExitReason) {
        self.set_over();
        let mut state = self.lock();
        state.expected = true;
        force(state, reason);
    }

    /// What the process said of its own end. The first word counts.
    pub(crate) fn set_outcome(&self, reason: ExitReason) {
        self.set_over();
        self.ending.raise();
        let mut state = self.lock();
        if state.outcome.is_none() {
            state.outcome = Some(reason);
        }
    }

    /// What the message came to over which the process ends.
    pub(super) fn failed_as(&self) -> MessageOutcome {
        match &self.lock().outcome {
            Some(ExitReason::Panicked(_)) => MessageOutcome::Panic,
            _ => MessageOutcome::Error,
        }
    }

    /// The process came to its end without a reason of its own: as asked, or normally. False if nobody asked, so that
    /// the caller may know better.
    pub(crate) fn set_outcome_as_asked(&self) -> bool {
        let mut state = self.lock();
        let Some(asked) = state.asked.clone() else {
            return false;
        };
        if state.outcome.is_none() {
            state.outcome = Some(asked);
        }
        true
    }

    pub(crate) fn with_links<T>(&self, change: impl FnOnce(&mut Links) -> T) -> Option<T> {
        let mut state = self.lock();
        let alive = state.phase == Phase::Alive;
        alive.then(|| change(state.links.get_or_insert_default()))
    }

    /// Has `cleanup` run when the process has ended, at the latest when its end can be seen. Given back if it can already.
    pub(crate) fn on_ended(&self, cleanup: Cleanup) -> Result<(), Cleanup> {
        let mut state = self.lock();
        if state.phase == Phase::Ended {
            return Err(cleanup);
        }
        state.cleanups.push(cleanup);
        Ok(())
    }

    /// Has `cleanup` run when the process ends, before its end can be seen. Given back if it is ending already.
    pub(crate) fn on_end(&self, cleanup: Cleanup) -> Result<(), Cleanup> {
        let mut state = self.lock();
        if state.phase == Phase::Alive {
            state.cleanups.push(cleanup);
            Ok(())
        } else {
            Err(cleanup)
        }
    }

    pub(super) fn events(&self) -> &Events {
        &self.scope.runtime.events
    }

    pub(super) fn tell_owner(&self) {
        if let Some(owner) = &self.owner {
            owner.hub.send(Message::ChildExited {
                key: owner.key,
                pid: self.pid,
            });
        }
    }
}

fn force(mut state: MutexGuard<'_, State>, reason: ExitReason) {
    if state.forced.is_none() {
        state.forced = Some(reason);
    }
    if let Some(control) = &state.control {
        control.kill();
    }
}
