//! The one value everything hangs off.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use fastrand::Rng;
use mainstay_specs::{ChildId, NamespaceName};
use tokio::time::{Instant, timeout};

use crate::builder::RuntimeBuilder;
use crate::event::{EventStream, Events, HISTORY};
use crate::exit::ExitReason;
use crate::ledger::Ledger;
use crate::namespace::{Namespace, NamespaceInner, Place};
use crate::orphans::Orphans;
use crate::process::{
    Clerks, Clock, Installed, Life, Meters, Pid, Process, ProcessKind, install_hook,
};
use crate::start::StartError;
use crate::supervisor::{self, Blueprint, SpecError, SupervisorRef};

/// What all processes of a runtime share.
pub(crate) struct Core {
    next_pid: AtomicU64,
    pub(crate) events: Arc<Events>,
    pub(crate) clerks: Clerks,
    ledger: Ledger,
    /// Of processes that live in no namespace with meters of its own.
    meters: Installed,
    /// Set up for the first process that is measured.
    clock: OnceLock<Clock>,
    roots: Mutex<Roots>,
    /// Those whose supervisors were killed and that have not ended yet.
    pub(crate) orphans: Orphans,
    /// What is left to chance.
    chance: Mutex<Rng>,
}

#[derive(Default)]
struct Roots {
    stopping: bool,
    processes: HashMap<Pid, Process>,
    namespaces: HashMap<NamespaceName, Place>,
}

impl Core {
    pub(crate) fn next_pid(&self) -> Pid {
        Pid(self.next_pid.fetch_add(1, Ordering::Relaxed))
    }

    /// A number from 0 to below 1.
    pub(crate) fn roll(&self) -> f64 {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        chance.f64()
    }

    /// Any number.
    pub(crate) fn chance(&self) -> u64 {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        chance.u64(..)
    }

    /// The clock by which processes are measured.
    pub(crate) fn clock(&self) -> &Clock {
        self.clock.get_or_init(Clock::new)
    }

    pub(crate) fn place_of(&self, name: &NamespaceName) -> Place {
        Arc::clone(self.roots().namespaces.entry(name.clone()).or_default())
    }

    /// Unless somebody is about to start a namespace there.
    pub(crate) fn forget_place(
        &self,
        name: &NamespaceName,
        is_vacant: impl FnOnce(&Place) -> bool,
    ) {
        let mut roots = self.roots();
        let place = roots.namespaces.get(name);
        if place.is_some_and(|place| Arc::strong_count(place) == 1 && is_vacant(place)) {
            roots.namespaces.remove(name);
        }
    }

    fn roots(&self) -> MutexGuard<'_, Roots> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All roots that live in this namespace, or in any.
    pub(crate) fn all_roots(&self, namespace: Option<&Arc<NamespaceInner>>) -> Vec<Process> {
        chosen(self.roots().processes.values(), namespace)
    }
}

/// Those that live in this namespace, or in any.
pub(crate) fn chosen<'a>(
    processes: impl Iterator<Item = &'a Process>,
    namespace: Option<&Arc<NamespaceInner>>,
) -> Vec<Process> {
    processes
        .filter(|process| lives_in(process, namespace))
        .cloned()
        .collect()
}

pub(crate) fn lives_in(process: &Process, namespace: Option<&Arc<NamespaceInner>>) -> bool {
    let lives_in = process.scope_of().namespace.as_ptr();
    namespace.is_none_or(|namespace| lives_in == Arc::as_ptr(namespace))
}

/// A limit that runs. Not a point in time, which there need not be for every limit.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    begun: Instant,
    limit: Duration,
}

impl Time {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            begun: Instant::now(),
            limit,
        }
    }

    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed())
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

/// Where a process lives: one for each supervisor, shared by its children.
pub(crate) struct Scope {
    pub(crate) runtime: Arc<Core>,
    pub(crate) namespace: Weak<NamespaceInner>,
    /// The path of the supervisor; empty above the roots.
    pub(crate) path: Box<str>,
}

impl Scope {
    /// The scope of the children of the supervisor that is called `id` here.
    pub(crate) fn below(&self, id: &ChildId) -> Arc<Self> {
        let path = match &*self.path {
            "" => id.as_str().into(),
            path => format!("{path}/{id}").into(),
        };
        Arc::new(Self {
            runtime: Arc::clone(&self.runtime),
            namespace: self.namespace.clone(),
            path,
        })
    }

    pub(crate) fn namespace(&self) -> Option<Namespace> {
        self.namespace.upgrade().map(Namespace::from_inner)
    }

    /// Whether the messages to those are counted who are started here.
    pub(crate) fn counts_messages(&self) -> bool {
        let own = self.namespace.upgrade();
        own.is_some_and(|namespace| namespace.meters.counts())
    }

    /// Who gives meters to those who are started here.
    pub(crate) fn meters(&self) -> Option<Arc<dyn Meters>> {
        let own = self.namespace.upgrade();
        let own = own.and_then(|namespace| namespace.meters.get());
        own.or_else(|| self.runtime.meters.get())
    }
}

/// What a stop came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopReport {
    /// The paths of the processes that had not ended when the time was up, and were killed.
    pub killed: Vec<String>,
}

impl StopReport {
    pub(crate) fn add(&mut self, killed: &[Process]) {
        self.killed.extend(killed.iter().map(Process::path));
    }
}

/// A world of processes: trees of supervisors, their names and their events. Several can live side by side and know
/// nothing of each other; there is no process-wide state.
///
/// It is made inside a tokio runtime with the time driver on. Cheap to clone; when the last handle is dropped, all its
/// trees are told to stop, in their own order, and nobody waits for them. To wait, use [`stop`](Self::stop).
#[derive(Clone)]
pub struct Runtime(Arc<Owned>);

/// Stops everything when the last handle is dropped; processes hold the [`Core`] only.
struct Owned(Arc<Core>);

impl Drop for Owned {
    fn drop(&mut self) {
        let mut roots = self.0.roots();
        roots.stopping = true;
        for process in roots.processes.values() {
            process.stop(ExitReason::Shutdown);
        }
        drop(roots);
        self.0.events.close();
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime {
    /// A runtime that keeps the last [`HISTORY`] events.
    ///
    /// The first one in a program puts a hook in front of the panic hook, which notes where a process panics and then
    /// hands on to the hook that was there.
    #[must_use]
    pub fn new() -> Self {
        Self::with_history(HISTORY)
    }

    /// A runtime that keeps the last `events` events for late and slow subscribers.
    #[must_use]
    pub fn with_history(events: usize) -> Self {
        Self::builder().history(events).build()
    }

    /// A runtime of which more is to be said.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    pub(crate) fn of(history: usize, chance: Rng) -> Self {
        install_hook();
        Self(Arc::new(Owned(Arc::new(Core {
            next_pid: AtomicU64::new(1),
            events: Arc::new(Events::new(history)),
            clerks: Clerks::default(),
            ledger: Ledger::default(),
            meters: Installed::default(),
            clock: OnceLock::new(),
            roots: Mutex::default(),
            orphans: Orphans::default(),
            chance: Mutex::new(chance),
        }))))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.0
    }

    /// Starts a tree: returns when all its processes have started.
    ///
    /// # Errors
    ///
    /// Why it could not start; nothing of it is left then. Dropping this future before it is done stops what was
    /// started.
    #[track_caller]
    pub fn start(
        &self,
        id: impl AsRef<str>,
        supervisor: impl Into<Blueprint>,
    ) -> impl Future<Output = Result<SupervisorRef, StartError>> + Send {
        let made_at = Location::caller();
        let text = id.as_ref();
        let id = ChildId::new(text).map_err(|error| SpecError::Name {
            text: text.to_owned(),
            error,
        });
        let blueprint = supervisor.into();
        async move {
            self.start_root((id?, made_at), Weak::new(), blueprint, |_| {})
                .await
        }
    }

    /// Starts a root of this id, from this place in the code.
    pub(crate) async fn start_root(
        &self,
        (id, made_at): (ChildId, &'static Location<'static>),
        namespace: Weak<NamespaceInner>,
        blueprint: Blueprint,
        begun: impl FnOnce(&Process),
    ) -> Result<SupervisorRef, StartError> {
        blueprint.check()?;
        let scope = Arc::new(Scope {
            runtime: Arc::clone(self.core()),
            namespace,
            path: "".into(),
        });
        let kind = ProcessKind::Supervisor;
        let life = Life::new(id, kind, Arc::clone(&scope), None, made_at);
        let process = Process::new(life, None);
        let root = RootStart::new(&process)?;
        begun(&process);
        supervisor::start(process.clone(), &scope, blueprint).await?;
        root.complete();
        // It was just made one.
        SupervisorRef::from_process(&process).ok_or(StartError::Stopping)
    }

    /// The roots of all trees that run, oldest first.
    #[must_use]
    pub fn roots(&self) -> Vec<SupervisorRef> {
        let mut roots: Vec<Process> = self.core().roots().processes.values().cloned().collect();
        roots.sort_by_key(Process::pid);
        roots
            .iter()
            .filter_map(SupervisorRef::from_process)
            .collect()
    }

    /// All processes that are alive, oldest first: the roots and all below them, those that are being started, and those
    /// whose supervisors were killed and that have not ended yet.
    ///
    /// It sends no message and so waits for nobody, also when supervisors are busy. Each supervisor's children are read in
    /// one moment, those of different supervisors at slightly different ones; what lives all the while is there, once.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.core().census(None)
    }

    /// Whether this process was started in this runtime, be it alive or not; not in another one of the program.
    ///
    /// ```
    /// use mainstay_supervisors::Runtime;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (one, other) = (Runtime::new(), Runtime::new());
    /// let app = one.namespace("app").await?;
    /// let root = app.root().ok_or("it runs")?;
    /// assert!(one.owns(root.process()));
    /// assert!(!other.owns(root.process()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn owns(&self, process: &Process) -> bool {
        Arc::ptr_eq(self.core(), &process.scope_of().runtime)
    }

    /// What is held of it as a whole: its event streams, and what the application notes. Each namespace has
    /// [its own](Namespace::ledger).
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.core().ledger
    }

    /// Has all processes measured that are started from now on, but those of namespaces that have
    /// [meters of their own](Namespace::set_meters). What was set before is replaced; `None` ends it.
    ///
    /// Processes that run keep the meter they have, or none. Where nothing is set, which is the default, nothing is measured
    /// and nothing is paid but a look whether there is a meter.
    pub fn set_meters(&self, meters: Option<Arc<dyn Meters>>) {
        self.core().meters.set(meters);
    }

    /// A stream of the events from now on.
    #[must_use]
    #[track_caller]
    pub fn events(&self) -> EventStream {
        self.events_after(self.core().events.last())
    }

    /// A stream of the events after the one with this number, as far as they are still kept.
    #[must_use]
    #[track_caller]
    pub fn events_after(&self, id: u64) -> EventStream {
        EventStream::new(Arc::clone(&self.core().events), id, self.ledger())
    }

    /// The number of the last event; 0 before the first.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.core().events.last()
    }

    /// Stops all trees, each in its own order, and waits until nothing of them is left. They are told at once, the youngest
    /// first: one that does not stop uses up nobody else's time.
    ///
    /// What has not ended within `limit` is killed, and named in the report. Nothing can be started any more.
    ///
    /// Cancel safety: when this is dropped, the trees go on stopping, without a limit; call it again for one.
    pub async fn stop(&self, limit: Duration) -> StopReport {
        let mut roots: Vec<Process> = {
            let mut roots = self.core().roots();
            roots.stopping = true;
            roots.processes.values().cloned().collect()
        };
        roots.sort_by_key(Process::pid);
        let mut report = StopReport::default();
        let time = Time::new(limit);
        roots.reverse();
        for root in &roots {
            root.stop(ExitReason::Shutdown);
        }
        for root in &roots {
            if timeout(time.left(), root.ended()).await.is_err() {
                report.add(&supervisor::kill_tree(root).await);
            }
        }
        self.core().end_orphans(None, time, &mut report).await;
        report
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("roots", &self.roots())
            .finish()
    }
}

/// A root while it starts. Dropped before it is complete, it takes what was started back.
struct RootStart<'a> {
    process: &'a Process,
    complete: bool,
}

impl<'a> RootStart<'a> {
    fn new(process: &'a Process) -> Result<Self, StartError> {
        let core = Arc::clone(&process.scope_of().runtime);
        let pid = process.pid();
        let mut roots = core.roots();
        if roots.stopping {
            return Err(StartError::Stopping);
        }
        roots.processes.insert(pid, process.clone());
        drop(roots);
        let forget = Box::new(move || drop(core.roots().processes.remove(&pid)));
        process
            .life()
            .on_end(forget)
            .map_err(|_| StartError::Stopping)?;
        Ok(Self {
            process,
            complete: false,
        })
    }

    fn complete(mut self) {
        self.complete = true;
        self.process.announce(0);
    }
}

impl Drop for RootStart<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.process.stop(ExitReason::Shutdown);
        }
    }
}
