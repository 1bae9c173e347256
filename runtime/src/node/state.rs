//! What a node knows of itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{NamespaceName, NodeSpec};
use mainstay_supervisors::{Namespace, Process, Runtime, StopReport};
use tokio::time::Instant;

use super::readiness::{NamespaceReadiness, NamespaceState, Readiness};

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
    names: Vec<NamespaceName>,
    progress: Mutex<Progress>,
    #[cfg(feature = "http")]
    http: std::sync::OnceLock<crate::http::Face>,
}

struct Progress {
    phase: Phase,
    /// Those that have booted, in this order. They hold their trees up.
    namespaces: Vec<Namespace>,
    /// The roots of all trees of the node, that of the HTTP server too.
    roots: Vec<Process>,
}

impl State {
    pub(super) fn new(runtime: Runtime, spec: &NodeSpec) -> Self {
        let names = spec.namespaces.iter();
        Self {
            runtime,
            names: names.map(|namespace| namespace.name.clone()).collect(),
            progress: Mutex::new(Progress {
                phase: Phase::Booting,
                namespaces: Vec::new(),
                roots: Vec::new(),
            }),
            #[cfg(feature = "http")]
            http: std::sync::OnceLock::new(),
        }
    }

    /// Every change under it is a single one, so a poisoned lock is taken all the same.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
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
    }

    /// All namespaces have booted.
    pub(super) fn up(&self) {
        let mut progress = self.progress();
        if progress.phase == Phase::Booting {
            progress.phase = Phase::Up;
        }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let progress = self.progress();
        let namespaces = self.names.iter().map(|name| NamespaceReadiness {
            name: name.clone(),
            state: progress.state_of(name),
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
        let stops = namespaces.into_iter().rev().map(|namespace| {
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
