//! Whether a node is ready for work.

use mainstay_specs::NamespaceName;
use serde::{Deserialize, Serialize};

/// Whether all namespaces of a node's spec have booted and run, and which do not.
///
/// What `GET /readyz` answers:
///
/// ```json
/// {"ready":false,"namespaces":[{"name":"production","state":"running"},{"name":"staging","state":"booting"}]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether the node has booted, is not stopping, and every namespace is running.
    pub ready: bool,
    /// Every namespace of the spec, in its order.
    pub namespaces: Vec<NamespaceReadiness>,
}

/// How far a namespace is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamespaceReadiness {
    /// Which.
    pub name: NamespaceName,
    /// How far.
    pub state: NamespaceState,
}

/// The stages of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NamespaceState {
    /// It was not started yet, or its children are being started.
    Booting,
    /// All its children have started. One that is just being restarted does not count against it.
    Running,
    /// The node was told to stop.
    Stopping,
    /// It has ended: it was stopped, or gave up.
    Ended,
}

impl Readiness {
    pub(super) fn new(namespaces: Vec<NamespaceReadiness>, up: bool) -> Self {
        let running = |namespace: &NamespaceReadiness| namespace.state == NamespaceState::Running;
        Self {
            ready: up && namespaces.iter().all(running),
            namespaces,
        }
    }

    /// The namespaces that are not running.
    pub fn waiting(&self) -> impl Iterator<Item = &NamespaceReadiness> {
        let namespaces = self.namespaces.iter();
        namespaces.filter(|namespace| namespace.state != NamespaceState::Running)
    }
}
