//! Processes: what a tree is made of.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Process`], the handle: identity, state, stopping and killing |
//! | `life.rs` | what is behind the handle: its state, and the exit slot |
//! | `end.rs`, `guard.rs` | the order in which an end is made known, and when |
//! | `control.rs` | how a running process is reached |
//! | `actor.rs` | hosting a plain `ractor::Actor` |
//! | `clerk.rs` | learning the reason of an actor's plain `stop(reason)` |
//! | `task.rs` | supervised futures, [`StopToken`] |
//! | `charged.rs` | to which account its heap memory is charged |
//! | `current.rs` | [`current()`]: which process runs here |
//! | `meter.rs` | [`Meter`], [`Meters`]: who measures processes, and what they are told |
//! | `timed.rs` | timing messages and polls for a meter |
//! | `mailbox/` | how many messages wait, since when, and how many may |
//! | `stamps/`, `clock.rs` | when each message was sent, and by which clock |
//! | `pulse.rs` | [`Pulse`]: whether it gets on |
//! | `watch.rs` | waiting for an end |
//! | `monitor.rs` | [`Monitor`], [`Down`] |
//! | `link.rs` | links, exit signals, [`ExitSignals`] for who traps them |
//! | `fault.rs` | [`Fault`]: faults that tests put into processes, with the feature `test-util` |
//! | `panic.rs` | panics with message and place |

mod actor;
mod charged;
mod clerk;
mod clock;
mod control;
mod current;
mod end;
#[cfg(feature = "test-util")]
mod fault;
mod guard;
mod life;
mod link;
mod mailbox;
mod meter;
mod monitor;
mod panic;
mod pulse;
mod stamps;
mod task;
mod timed;
mod watch;

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mainstay_specs::ChildId;
use ractor::{ActorCell, ActorRef};

pub(crate) use actor::{Host, start_error};
pub(crate) use charged::ChargedTo;
pub(crate) use clerk::Clerks;
pub use clock::{Clock, Tick};
pub(crate) use control::Control;
pub use current::current;
#[cfg(feature = "test-util")]
use current::with_current;
pub(crate) use current::{Within, is_current};
#[cfg(feature = "test-util")]
pub use fault::Fault;
pub(crate) use guard::ExitGuard;
pub(crate) use life::{Life, Owner};
pub use link::{ExitSignal, ExitSignals};
pub(crate) use mailbox::Mailbox;
pub(crate) use meter::Installed;
pub use meter::{Handled, MessageOutcome, Meter, Meters};
pub use monitor::{Down, Monitor};
use panic::reason_of;
pub(crate) use panic::{caught, drop_caught, install_hook, run_caught};
pub(crate) use pulse::Beat;
pub use pulse::Pulse;
pub use task::{Ready, StopToken};
pub(crate) use task::{spawn_supervisor, spawn_task};

use crate::exit::ExitReason;
use crate::runtime::Scope;

/// The number of one incarnation of a process: unique within its runtime and never used again.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Pid(pub(crate) u64);

impl Pid {
    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What a process is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProcessKind {
    /// A ractor actor.
    Actor,
    /// A future.
    Task,
    /// A supervisor.
    Supervisor,
}

/// One incarnation of a process: a handle, cheap to clone, that keeps nothing of the process alive.
///
/// A restart makes a new process; this handle goes on naming the old one. To reach whoever holds a name now, use a
/// `ServiceRef`.
#[derive(Clone)]
pub struct Process(Arc<Life>);

impl Process {
    /// A process that is about to be started. The limit is for its mailbox, should it be an actor.
    pub(crate) fn new(life: Life, mailbox_limit: Option<NonZeroUsize>) -> Self {
        let process = Self(Arc::new(life));
        process.life().equip(mailbox_limit, process.meter());
        process
    }

    /// The meter it is given as it is about to be started.
    fn meter(&self) -> Option<Arc<dyn Meter>> {
        let meters = self.scope_of().meters()?;
        meter::ask(&*meters, self)
    }

    pub(crate) fn downgrade(&self) -> WeakProcess {
        WeakProcess(Arc::downgrade(&self.0))
    }

    /// An exit signal as from a linked process.
    pub(crate) fn exit_as_linked(&self, reason: ExitReason) {
        link::signal(self, Some(self.clone()), reason);
    }

    /// It goes towards its end, which may take a while yet.
    pub(crate) fn is_stopping(&self) -> bool {
        let stopping = |cell: ActorCell| cell.get_status() >= ractor::ActorStatus::Stopping;
        !self.is_alive() || self.actor_cell().is_some_and(stopping)
    }

    pub(crate) fn life(&self) -> &Life {
        &self.0
    }

    pub(crate) fn scope_of(&self) -> &Arc<Scope> {
        &self.0.scope
    }

    /// The number of this incarnation.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.0.pid
    }

    /// What its supervisor calls it.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.0.id
    }

    /// The ids from the root down to it, joined by `/`.
    #[must_use]
    pub fn path(&self) -> String {
        match &*self.0.scope.path {
            "" => self.0.id.to_string(),
            path => format!("{path}/{}", self.0.id),
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> ProcessKind {
        self.0.kind
    }

    /// Where it comes from in the code: of a child, where its [`Child`](crate::Child) was made; of a task of a task supervisor
    /// and of a child of a simple supervisor, where its start was asked for; of a root or a namespace, where it was started.
    #[must_use]
    pub fn made_at(&self) -> &'static Location<'static> {
        self.0.made_at
    }

    /// Whether it has not ended. True from before its start is complete until its exit can be seen.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.0.reason().is_none()
    }

    /// Whether its supervisor is waiting for it to start: for the `pre_start` of an actor, for a task that is to say when it is ready, for the
    /// children of a supervisor. Whoever is waited for must not wait for anything that takes its supervisor.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.0.holds_up()
    }

    /// Whether it is over: it has returned, failed or panicked, or was killed, even if its end cannot be seen yet. What it held and is
    /// dropped from then on was not let go of by its own code, but with it.
    ///
    /// An actor that stops is over when its `post_stop` has returned, before its state is dropped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_over() || !self.is_alive()
    }

    /// Whether somebody has asked it to stop: also once it has ended, whatever it ended of.
    #[must_use]
    pub fn is_asked_to_stop(&self) -> bool {
        self.0.is_asked_to_stop()
    }

    /// Why it ended, or `None` while it is alive.
    #[must_use]
    pub fn exit_reason(&self) -> Option<ExitReason> {
        self.0.reason().cloned()
    }

    /// Waits for its end; at once if it has ended.
    ///
    /// Nothing of the process is left when this returns: its state is dropped, its names are free.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    pub async fn ended(&self) -> ExitReason {
        self.0.ended().await
    }

    /// A future of its end, to be kept or sent elsewhere. Dropping it ends the watch.
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.clone())
    }

    /// Asks it to stop, in the way of its kind, and returns at once.
    ///
    /// * An actor finishes the message in hand, drops those still queued, runs `post_stop` and ends with `reason`.
    /// * A task is told through its [`StopToken`]; one that has let go of its token is dropped at its next await.
    /// * A supervisor stops its children, last started first, and ends with `reason`. The request waits its turn
    ///   behind what is already in its mailbox.
    ///
    /// The first request counts; later ones, and requests to a process that has ended, do nothing. For a bound on the
    /// time it takes, follow it with [`kill`](Self::kill): that is what a supervisor does.
    pub fn stop(&self, reason: ExitReason) {
        self.0.ask_to_stop(reason);
    }

    /// Ends it without asking: what it is doing is dropped at its next await, no `post_stop` runs.
    ///
    /// Code that does not await cannot be interrupted; the process ends when that code returns. A killed supervisor
    /// leaves its children to be told by link: they stop in their own way, each within its shutdown time. Meanwhile its
    /// successor may be started by the one above, as in OTP; a child of that whose [name](crate::Child::name) is still held
    /// waits for it.
    pub fn kill(&self) {
        self.0.kill(ExitReason::Killed);
    }

    /// Sends it an exit signal, as an unrelated process does with OTP's `exit/2`.
    ///
    /// [`ExitReason::Killed`] kills. Any other reason is handed to a process that traps exits, is ignored by
    /// supervisors, is ignored when it is [`ExitReason::Normal`], and otherwise ends the process with that reason,
    /// without a `post_stop`.
    pub fn exit(&self, reason: ExitReason) {
        link::signal(self, None, reason);
    }

    /// Links the two: when one ends with any reason but [`ExitReason::Normal`], so does the other, with the same reason,
    /// unless it traps exits. Linking to one that has ended delivers the signal at once. Linking twice is linking once.
    ///
    /// To watch without sharing the fate, take a [`monitor`](Self::monitor).
    pub fn link(&self, other: &Self) {
        link::link(self, other);
    }

    /// Takes the link between the two away, if there is one.
    pub fn unlink(&self, other: &Self) {
        link::unlink(self, other);
    }

    /// Turns exit signals for this process, from links and from [`exit`](Self::exit), into items of the returned
    /// stream, until that is dropped. A kill is never trapped, and neither is the request of its supervisor to stop.
    #[must_use]
    pub fn trap_exit(&self) -> ExitSignals {
        link::trap(self)
    }

    /// How many messages wait in its mailbox, of those that came through its name.
    ///
    /// Known of actors that have a [`Meter`] or a [`mailbox_limit`](crate::Child::mailbox_limit), and of those that were started where
    /// messages are [counted](crate::Namespace::count_messages); `None` of others. The one that
    /// is being handled does not wait. Messages that came through a plain `ActorRef` are not counted, and each of them that is
    /// handled before one that is, counts for it: then there may be more, until the mailbox has run empty. 0 once the process
    /// has ended.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        match self.0.mailbox() {
            Some(mailbox) => Some(mailbox.waiting()),
            None => (!self.is_alive()).then_some(0),
        }
    }

    /// Has messages refused that are sent to it through its name, with [`CallError::Shut`](crate::CallError::Shut), or taken again.
    /// Those that wait already are handled; those that come through a plain `ActorRef` are not refused.
    ///
    /// False if that cannot be done, as its messages are not counted: see [`waiting`](Self::waiting). It holds for this incarnation
    /// only.
    pub fn refuse_messages(&self, refuse: bool) -> bool {
        match self.0.mailbox() {
            Some(mailbox) => {
                mailbox.shut(refuse);
                true
            }
            None => false,
        }
    }

    /// How long the message has waited that is to be handled next, of those that came through its name; `None` if none waits, or
    /// nobody measures: see [`Meter`].
    #[must_use]
    pub fn longest_wait(&self) -> Option<Duration> {
        self.0.mailbox()?.longest_wait()
    }

    /// How many bytes of heap memory are alive that were allocated while it ran: in its callbacks or its polls, or in those of
    /// futures that were [scoped](Self::scope) to it, and for its start. Wherever they are by now, also in what it has sent to
    /// others.
    ///
    /// `None` means that it is not measured: without the feature `memory-attribution`, where the program has no global allocator
    /// that charges (`mainstay::alloc::Attributed`), and once the process has ended. What is left of it then is in
    /// [`HeapUse::ended`](crate::HeapUse::ended).
    ///
    /// It adds up what each thread of the program has charged, so is not for each message. While the process runs, it may be off by
    /// what is allocated and freed during the look.
    #[must_use]
    pub fn heap_bytes(&self) -> Option<u64> {
        self.0.charged.live()
    }

    /// How far it is, of every process and without a message: look twice to know whether it gets on. See [`Pulse`].
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.0.beat.read()
    }

    /// The ractor cell, if it is an actor that has got as far as `pre_start`.
    #[must_use]
    pub fn actor_cell(&self) -> Option<ActorCell> {
        self.0.actor_cell()
    }

    /// The typed actor reference, if it is an actor that takes messages of type `M`.
    #[must_use]
    pub fn actor_ref<M: ractor::Message>(&self) -> Option<ActorRef<M>> {
        let cell = self.actor_cell()?;
        cell.is_message_type_of::<M>()?.then(|| cell.into())
    }

    /// The handle of the supervisor, if it is one.
    #[must_use]
    pub fn supervisor(&self) -> Option<crate::SupervisorRef> {
        crate::SupervisorRef::from_process(self)
    }

    /// The namespace it lives in, unless it was started outside of any or the namespace is gone.
    #[must_use]
    pub fn namespace(&self) -> Option<crate::Namespace> {
        self.0.scope.namespace()
    }

    /// Runs a future as part of this process: [`current()`] names it inside.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        current::scoped(self.clone(), future).await
    }
}

impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Process {}

impl std::hash::Hash for Process {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.pid.hash(state);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Process({}, {:?}, {})",
            self.path(),
            self.0.kind,
            self.0.pid
        )
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path(), self.0.pid)
    }
}

/// A handle that does not keep the record of the process.
#[derive(Clone)]
pub(crate) struct WeakProcess(Weak<Life>);

impl WeakProcess {
    pub(crate) fn upgrade(&self) -> Option<Process> {
        self.0.upgrade().map(Process)
    }
}
