//! What is behind a [`Process`] handle: how it can be stopped, its exit slot, and who is told of its end.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use mainstay_specs::ChildId;
use ractor::ActorCell;
use tokio::task::AbortHandle;

#[cfg(feature = "test-util")]
use super::fault::Faults;
use super::link::Links;
use super::mailbox::Mailbox;
use super::meter::Meter;
use super::panic::run_caught;
use super::task::StopSignal;
use super::watch::{Ended, Ticket, Watchers};
use super::{MessageOutcome, Pid, Process, ProcessKind};
use crate::event::{EventKind, Events};
use crate::exit::{ExitReason, Panic};
use crate::flag::Flag;
use crate::runtime::Scope;
use crate::supervisor::{Hub, Key, Message};

/// How a running process is reached.
pub(crate) enum Control {
    Actor(ActorCell),
    Task {
        abort: AbortHandle,
        stop: Arc<StopSignal>,
    },
    Supervisor {
        abort: AbortHandle,
        hub: Arc<Hub>,
    },
}

/// The supervisor that is told of the end, and under which key it knows the child.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) hub: Arc<Hub>,
    pub(crate) key: Key,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Alive,
    /// What it held is being freed; its end cannot be seen yet.
    Ending,
    Ended,
}

/// Called when the process has ended, before anybody can see it.
pub(crate) type Cleanup = Box<dyn FnOnce() + Send>;

struct State {
    phase: Phase,
    /// Its start is complete; before, nobody but the starter knows it.
    announced: bool,
    control: Option<Control>,
    /// If it is a supervisor.
    hub: Option<Arc<Hub>>,
    /// The reason, should it end by itself after a request to stop. The first request counts.
    asked: Option<ExitReason>,
    /// The reason, should it end because it was killed.
    forced: Option<ExitReason>,
    /// What the process itself said of its end.
    outcome: Option<ExitReason>,
    links: Links,
    cleanups: Vec<Cleanup>,
    watchers: Watchers,
    /// Its supervisor waits for its end itself, and needs no message.
    expected: bool,
    meter: Option<Arc<dyn Meter>>,
    /// Of an actor whose messages are counted.
    mailbox: Option<Arc<Mailbox>>,
}

/// One incarnation of a process. It holds nothing of the user's.
pub(crate) struct Life {
    pub(crate) pid: Pid,
    pub(crate) id: ChildId,
    pub(crate) kind: ProcessKind,
    pub(crate) scope: Arc<Scope>,
    pub(crate) made_at: &'static Location<'static>,
    owner: Option<Owner>,
    #[cfg(feature = "test-util")]
    pub(super) faults: Faults,
    /// Its supervisor waits for it to start, and so must not be called by it.
    holds_up: AtomicBool,
    /// It has said its last word.
    ending: Flag,
    state: Mutex<State>,
    reason: OnceLock<ExitReason>,
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
            #[cfg(feature = "test-util")]
            faults: Faults::default(),
            holds_up: AtomicBool::new(false),
            ending: Flag::default(),
            state: Mutex::new(State {
                phase: Phase::Alive,
                announced: false,
                control: None,
                hub: None,
                asked: None,
                forced: None,
                outcome: None,
                links: Links::default(),
                cleanups: Vec::new(),
                watchers: Watchers::default(),
                expected: false,
                meter: None,
                mailbox: None,
            }),
            reason: OnceLock::new(),
        }
    }

    /// Its mailbox is going to be dropped, or was.
    pub(crate) fn is_ending(&self) -> bool {
        // After what the caller has just sent: either the mailbox still finds it, or this is seen here.
        self.ending.is_raised()
    }

    /// A poisoned lock is taken all the same: every change made under it is a single assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
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
        let mut state = self.lock();
        state.mailbox = mailbox.flatten().map(Arc::new);
        state.meter = meter;
    }

    /// `None` also once it has ended.
    pub(crate) fn meter(&self) -> Option<Arc<dyn Meter>> {
        self.lock().meter.clone()
    }

    /// `None` also once it has ended.
    pub(crate) fn mailbox(&self) -> Option<Arc<Mailbox>> {
        self.lock().mailbox.clone()
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
        force(self.lock(), reason);
    }

    /// As [`kill`](Self::kill), by its supervisor, which waits for the end itself and needs no message.
    pub(crate) fn kill_expecting(&self, reason: ExitReason) {
        let mut state = self.lock();
        state.expected = true;
        force(state, reason);
    }

    /// What the process said of its own end. The first word counts.
    pub(crate) fn set_outcome(&self, reason: ExitReason) {
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
        alive.then(|| change(&mut state.links))
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

    fn events(&self) -> &Events {
        &self.scope.runtime.events
    }

    fn tell_owner(&self) {
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

impl Control {
    /// The reason it is going to end with, if asking means killing: a task that cannot hear.
    fn ask_to_stop(&self, reason: ExitReason) -> Option<ExitReason> {
        match self {
            Self::Actor(cell) => cell.stop(None),
            Self::Task { stop, abort } => {
                if !stop.request() {
                    abort.abort();
                    return Some(reason);
                }
            }
            Self::Supervisor { hub, .. } => hub.send(Message::Stop(reason)),
        }
        None
    }

    fn kill(&self) {
        match self {
            Self::Actor(cell) => cell.kill(),
            Self::Task { abort, .. } | Self::Supervisor { abort, .. } => abort.abort(),
        }
    }
}

impl Process {
    /// Makes the process known: from here on its end is shown as an event and told to its supervisor, unless that waits for
    /// it itself.
    ///
    /// If it has ended meanwhile, both are told now, in this order.
    pub(crate) fn announce(&self, restarts: u32) {
        let life = self.life();
        let mut state = life.lock();
        if let Some(meter) = state.meter.clone() {
            drop(state);
            run_caught(|| meter.started(self, restarts));
            state = life.lock();
        }
        state.announced = true;
        let ended = state.phase == Phase::Ended;
        let last_word = if ended { state.last_word() } else { None };
        let process = self.clone();
        // Under the lock, so that the end cannot be published first.
        let recorded = life
            .events()
            .record(EventKind::Started { process, restarts }, || {});
        drop(state);
        recorded.tell();
        if ended && let Some(reason) = life.reason().cloned() {
            tell_end(last_word, &reason);
            let process = self.clone();
            life.events().publish(EventKind::Exited { process, reason });
            life.tell_owner();
        }
    }

    /// The end, in this order: a supervisor hands its children to the runtime and lets go of what their start functions
    /// hold; names are freed; the exit can be seen, and the event; those who wait; links; a supervisor's children; the
    /// supervisor above, which may start a successor at once.
    fn finish(&self) {
        let life = self.life();
        let mut state = life.lock();
        state.phase = Phase::Ending;
        let reason = resolve(&state);
        state.outcome = Some(reason.clone());
        let links = std::mem::take(&mut state.links);
        let cleanups = std::mem::take(&mut state.cleanups);
        let hub = state.hub.clone();
        let last_word = state.last_word();
        drop(state);

        // Before the exit can be seen and a root is forgotten, so that whoever waits for all, or lists all, finds those that
        // are left behind.
        let left = hub.map(|hub| hub.leave());
        for cleanup in cleanups {
            cleanup();
        }
        tell_end(last_word, &reason);
        let MadeKnown {
            watchers,
            tell_owner,
            last_word,
        } = self.make_known(&reason);
        // Only if its start was announced meanwhile.
        tell_end(last_word, &reason);
        watchers.wake();
        links.deliver(self, &reason);
        if let Some(left) = left {
            left.tell(&reason);
        }
        if tell_owner {
            life.tell_owner();
        }
    }

    /// Makes the exit visible, and says what is to be done of it.
    fn make_known(&self, reason: &ExitReason) -> MadeKnown {
        let life = self.life();
        // Held to the end, so that a start which is announced meanwhile finds either all of this done or none.
        let mut state = life.lock();
        state.phase = Phase::Ended;
        // Set once: a process has one guard.
        let make_known = || drop(life.reason.set(reason.clone()));
        let recorded = state.announced.then(|| {
            let (process, reason) = (self.clone(), reason.clone());
            let event = EventKind::Exited { process, reason };
            life.events().record(event, make_known)
        });
        if recorded.is_none() {
            make_known();
        }
        // A handle, or an event, keeps nothing of an ended process: an actor's cell holds its channels.
        let control = state.control.take();
        let late = std::mem::take(&mut state.cleanups);
        let made_known = MadeKnown {
            watchers: std::mem::take(&mut state.watchers),
            tell_owner: state.announced && !state.expected,
            last_word: state.last_word(),
        };
        drop(state);
        drop(control);
        late.into_iter().for_each(|cleanup| cleanup());
        if let Some(recorded) = recorded {
            recorded.tell();
        }
        #[cfg(feature = "test-util")]
        life.faults.end();
        made_known
    }
}

/// What is left to do when an exit can be seen.
struct MadeKnown {
    /// Those who wait for it.
    watchers: Watchers,
    /// Its start was announced to its supervisor, which does not wait itself.
    tell_owner: bool,
    last_word: Option<LastWord>,
}

/// Who measured a process, and how many messages it has left unhandled.
type LastWord = (Arc<dyn Meter>, usize);

impl State {
    /// Once, and only after the start was announced: who hears of no start hears of no end.
    fn last_word(&mut self) -> Option<LastWord> {
        if !self.announced {
            return None;
        }
        let unhandled = self.mailbox.take().map_or(0, |mailbox| mailbox.waiting());
        self.meter.take().map(|meter| (meter, unhandled))
    }
}

/// Without the lock.
fn tell_end(last_word: Option<LastWord>, reason: &ExitReason) {
    if let Some((meter, unhandled)) = last_word {
        // Dropped inside as well: this may be the last to hold it.
        run_caught(move || meter.ended(reason, unhandled));
    }
}

fn resolve(state: &State) -> ExitReason {
    if std::thread::panicking() && state.outcome.is_none() {
        let panic = Panic::new("a destructor panicked".to_owned(), None);
        return ExitReason::Panicked(panic);
    }
    let killed = || state.forced.clone().unwrap_or(ExitReason::Killed);
    state.outcome.clone().unwrap_or_else(killed)
}

/// Held by every part of an incarnation that holds something of the user's; the last one to be dropped makes the end
/// known. That is the barrier: nothing of an incarnation is alive when its exit can be seen.
pub(crate) struct ExitGuard(Process);

impl ExitGuard {
    pub(crate) const fn new(process: Process) -> Self {
        Self(process)
    }

    pub(crate) const fn process(&self) -> &Process {
        &self.0
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        self.0.finish();
    }
}

impl fmt::Debug for ExitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExitGuard").field(&self.0).finish()
    }
}
