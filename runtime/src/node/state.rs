//! What a node knows of itself.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

#[cfg(feature = "http")]
use mainstay_actors::HealthAggregator;
use mainstay_specs::{NamespaceName, NodeSpec};
use mainstay_supervisors::{Namespace, Process, Runtime, StopReport};
use tokio::sync::watch;
use tokio::time::Instant;

use super::NodeBuilder;
use super::readiness::{NamespaceReadiness, NamespaceState, Readiness};
use super::reload::Course;
use crate::watchdog::{Liveness, Watchdog};

/// How far the node is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Booting,
    Up,
    Stopping,
}

/// Shared by the handles of a node. The processes of its HTTP server hold it weakly, so that dropping the last handle
/// ends the node.
pub(crate) struct State {
    runtime: Runtime,
    progress: Mutex<Progress>,
    /// What it goes by. Held for as long as it takes to go by something else.
    course: Arc<tokio::sync::Mutex<Course>>,
    /// The spec of it, for whoever does not want to wait.
    in_force: watch::Sender<Arc<NodeSpec>>,
    /// Told of when the roots are others.
    root_changes: watch::Sender<()>,
    #[cfg(feature = "http")]
    http: std::sync::OnceLock<crate::http::Face>,
    /// None if the spec has it off.
    watchdog: OnceLock<Watchdog>,
}

struct Progress {
    phase: Phase,
    /// The namespaces of the spec, in its order.
    names: Vec<NamespaceName>,
    /// All namespaces have booted, at some time.
    has_booted: bool,
    /// And all that had to come up was seen to have, at some time.
    #[cfg(feature = "http")]
    has_started: bool,
    /// Those that have booted, in this order. They hold their trees up.
    namespaces: Vec<Namespace>,
    /// The roots of all trees of the node, that of the HTTP server too.
    roots: Vec<Process>,
}

impl State {
    pub(super) fn new(runtime: Runtime, spec: &NodeSpec, builder: NodeBuilder) -> Self {
        let names = spec.namespaces.iter();
        Self {
            runtime,
            course: Arc::new(tokio::sync::Mutex::new(Course {
                builder: Arc::new(builder),
                spec: spec.clone(),
            })),
            in_force: watch::Sender::new(Arc::new(spec.clone())),
            root_changes: watch::Sender::new(()),
            progress: Mutex::new(Progress {
                phase: Phase::Booting,
                names: names.map(|namespace| namespace.name.clone()).collect(),
                has_booted: false,
                #[cfg(feature = "http")]
                has_started: false,
                namespaces: Vec::new(),
                roots: Vec::new(),
            }),
            #[cfg(feature = "http")]
            http: std::sync::OnceLock::new(),
            watchdog: OnceLock::new(),
        }
    }

    /// Every change under it is a single one, so a poisoned lock is taken all the same.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Starts the watchdog, if the spec has it on. Before the HTTP server, which is watched, too.
    pub(super) fn watch(self: &Arc<Self>, spec: &NodeSpec) -> std::io::Result<()> {
        if !spec.watchdog.enabled {
            return Ok(());
        }
        let node = Arc::downgrade(self);
        let watchdog = Watchdog::start(&spec.watchdog, move || Some(node.upgrade()?.watched()))?;
        // A node boots once.
        self.watchdog.set(watchdog).ok();
        Ok(())
    }

    /// The roots that are to live: none once the node is being stopped.
    fn watched(&self) -> Vec<Process> {
        let progress = self.progress();
        match progress.phase {
            Phase::Booting | Phase::Up => progress.roots.clone(),
            Phase::Stopping => Vec::new(),
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn watchdog(&self) -> Option<&Watchdog> {
        self.watchdog.get()
    }

    pub(crate) fn liveness(&self) -> Liveness {
        let watchdog = self.watchdog.get();
        watchdog.map_or(Liveness::Alive, Watchdog::liveness)
    }

    /// Whether it has got as far as to run, at some time.
    #[cfg(feature = "http")]
    pub(crate) fn has_booted(&self) -> bool {
        self.progress().has_booted
    }

    /// Whether it has got as far as to run, with all that its health aggregators say has to come up: when this is asked, or when it was
    /// asked before.
    #[cfg(feature = "http")]
    pub(crate) fn has_started(&self) -> bool {
        let mut progress = self.progress();
        if progress.has_booted && !progress.has_started {
            let health = progress.namespaces.iter();
            let mut health = health.filter_map(HealthAggregator::in_namespace);
            progress.has_started = health.all(|health| health.has_come_up());
        }
        progress.has_started
    }

    /// Those that have booted, in this order.
    #[cfg(any(feature = "grpc", feature = "http"))]
    pub(crate) fn namespaces(&self) -> Vec<Namespace> {
        self.progress().namespaces.clone()
    }

    pub(super) fn roots(&self) -> Vec<Process> {
        self.progress().roots.clone()
    }

    #[cfg(feature = "http")]
    pub(crate) fn http(&self) -> Option<&crate::http::Face> {
        self.http.get()
    }

    #[cfg(feature = "http")]
    pub(super) fn http_started(&self, face: crate::http::Face, root: Process) {
        // A node boots once.
        self.http.set(face).ok();
        self.progress().roots.push(root);
    }

    pub(super) fn namespace_booted(&self, namespace: Namespace) {
        let mut progress = self.progress();
        let root = namespace.root().map(|root| root.process().clone());
        progress.roots.extend(root);
        progress.namespaces.push(namespace);
        drop(progress);
        self.root_changes.send_replace(());
    }

    /// A namespace is no longer to run: that it ends is no reason to give the node up.
    pub(super) fn namespace_taken(&self, name: &NamespaceName) -> Option<Namespace> {
        let mut progress = self.progress();
        let place = progress
            .namespaces
            .iter()
            .position(|namespace| namespace.name() == name)?;
        let namespace = progress.namespaces.remove(place);
        if let Some(root) = namespace.root() {
            progress.roots.retain(|other| other != root.process());
        }
        drop(progress);
        self.root_changes.send_replace(());
        Some(namespace)
    }

    /// These namespaces are to run, in this order.
    pub(super) fn expect(&self, names: Vec<NamespaceName>) {
        self.progress().names = names;
    }

    pub(super) fn root_changes(&self) -> watch::Receiver<()> {
        self.root_changes.subscribe()
    }

    pub(super) const fn course(&self) -> &Arc<tokio::sync::Mutex<Course>> {
        &self.course
    }

    pub(crate) const fn in_force(&self) -> &watch::Sender<Arc<NodeSpec>> {
        &self.in_force
    }

    pub(super) fn set_in_force(&self, spec: &NodeSpec) {
        self.in_force.send_if_modified(|now| {
            let is_other = **now != *spec;
            if is_other {
                *now = Arc::new(spec.clone());
            }
            is_other
        });
    }

    pub(super) fn running_namespaces(&self) -> Vec<Namespace> {
        self.progress().namespaces.clone()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.progress().phase == Phase::Stopping
    }

    /// All namespaces have booted.
    pub(super) fn up(&self) {
        let mut progress = self.progress();
        if progress.phase == Phase::Booting {
            progress.phase = Phase::Up;
            progress.has_booted = true;
        }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let progress = self.progress();
        let namespaces = progress.names.iter().map(|name| {
            let running = progress
                .namespaces
                .iter()
                .find(|booted| booted.name() == name);
            NamespaceReadiness::new(name, progress.state_of(name), running)
        });
        Readiness::new(namespaces.collect(), progress.phase == Phase::Up)
    }

    pub(super) async fn stop(&self, limit: Duration) -> StopReport {
        let begun = Instant::now();
        let namespaces = {
            let mut progress = self.progress();
            progress.phase = Phase::Stopping;
            progress.namespaces.clone()
        };
        let mut report = StopReport::default();
        // All at once: they know nothing of each other, and one that does not stop shall not use up the others' time.
        let stops = namespaces.into_iter().map(|namespace| {
            let stop = async move { namespace.stop(limit).await };
            tokio::spawn(stop)
        });
        for stop in stops.collect::<Vec<_>>() {
            // It is neither aborted, nor does it panic.
            report.killed.extend(stop.await.unwrap_or_default().killed);
        }
        let left = limit.saturating_sub(begun.elapsed());
        let rest = self.runtime.stop(left.max(GRACE)).await;
        report.killed.extend(rest.killed);
        report
    }
}

impl Progress {
    fn state_of(&self, name: &NamespaceName) -> NamespaceState {
        let booted = self.namespaces.iter().find(|booted| booted.name() == name);
        match (booted, self.phase) {
            (Some(namespace), _) if !namespace.is_running() => NamespaceState::Ended,
            (_, Phase::Stopping) => NamespaceState::Stopping,
            (Some(_), Phase::Booting | Phase::Up) => NamespaceState::Running,
            (None, Phase::Booting | Phase::Up) => NamespaceState::Booting,
        }
    }
}

/// What the HTTP server has at least to end in order, also when the namespaces have used up all the time.
const GRACE: Duration = Duration::from_millis(250);
