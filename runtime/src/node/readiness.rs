//! Whether a node is ready for work.

use mainstay_actors::health::{HealthAggregator, HealthAnswer, HealthStatus};
use mainstay_specs::{NamespaceName, ServiceName};
use mainstay_supervisors::Namespace;
use serde::{Deserialize, Serialize};

/// Whether all namespaces of a node's spec have booted, run and can be given work, and which not.
///
/// What `GET /readyz` answers:
///
/// ```json
/// {"ready":false,"namespaces":[{"name":"production","state":"running"},{"name":"staging","state":"booting"}]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether the node has booted, is not stopping, and every namespace is running; and, where a health aggregator looks after it, is healthy or
    /// degraded, with all that has to come up first.
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
    /// How it fares, if it runs and has a health aggregator that says that no work can be given to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// Which of its services are unhealthy then, as many as can be told: 16 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<ServiceName>,
}

impl NamespaceReadiness {
    pub(super) fn new(
        name: &NamespaceName,
        state: NamespaceState,
        namespace: Option<&Namespace>,
    ) -> Self {
        let is_running = state == NamespaceState::Running;
        let health = namespace.filter(|_| is_running);
        let health = health.and_then(HealthAggregator::in_namespace);
        let answer = health.map(|health| health.current());
        let answer = answer.filter(|answer| !answer.is_ready());
        let failing = answer.iter().flat_map(|answer| &answer.health.services);
        let failing = failing.filter(|service| service.status == HealthStatus::Unhealthy);
        Self {
            name: name.clone(),
            state,
            health: answer.as_ref().map(HealthAnswer::status),
            failing: failing
                .map(|service| service.name.clone())
                .take(FAILING_MAX)
                .collect(),
        }
    }

    /// Whether work can be given to it.
    fn is_ready(&self) -> bool {
        self.state == NamespaceState::Running && self.health.is_none()
    }
}

const FAILING_MAX: usize = 16;

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
        Self {
            ready: up && namespaces.iter().all(NamespaceReadiness::is_ready),
            namespaces,
        }
    }

    /// The namespaces that are not running, or to which no work can be given.
    pub fn waiting(&self) -> impl Iterator<Item = &NamespaceReadiness> {
        let namespaces = self.namespaces.iter();
        namespaces.filter(|namespace| !namespace.is_ready())
    }
}
