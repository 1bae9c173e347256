//! What one node runs: namespaces, their services and children, and HTTP.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    HttpSpec, NamespaceName, NodeChild, RestartLimit, ServicesSpec, SupervisorFlags, WatchdogSpec,
};

/// Everything that one file describes.
///
/// Comes from [`from_ron`](Self::from_ron), [`from_file`](Self::from_file) or code; what comes from a file is validated,
/// what comes from code is by [`validate`](Self::validate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct NodeSpec {
    /// The namespaces, started in this order; names are unique. Default: none.
    pub namespaces: Vec<NamespaceSpec>,
    /// The HTTP server. Default: on, on `127.0.0.1:4000`.
    #[serde(skip_serializing_if = "is_default")]
    pub http: HttpSpec,
    /// How long everything may take to stop before it is killed; not zero. Default: 30 s, the grace that service managers
    /// commonly give.
    #[serde(with = "crate::duration")]
    pub shutdown_deadline: Duration,
    /// When the node counts as dead. Default: when it has stood still for 10 s.
    #[serde(skip_serializing_if = "is_default")]
    pub watchdog: WatchdogSpec,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            http: HttpSpec::default(),
            shutdown_deadline: Duration::from_secs(30),
            watchdog: WatchdogSpec::default(),
        }
    }
}

impl NodeSpec {
    /// A node without namespaces.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: NamespaceSpec) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Sets the HTTP server.
    #[must_use]
    pub fn http(mut self, http: HttpSpec) -> Self {
        self.http = http;
        self
    }

    /// Sets how long everything may take to stop.
    #[must_use]
    pub const fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// Sets when the node counts as dead.
    #[must_use]
    pub const fn watchdog(mut self, watchdog: WatchdogSpec) -> Self {
        self.watchdog = watchdog;
        self
    }
}

/// One namespace: an isolated subtree with its own registry, services and children.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamespaceSpec {
    /// Unique in the node.
    pub name: NamespaceName,
    /// How the supervisor of [`children`](Self::children) behaves. Default: [`SupervisorFlags::default`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub supervisor: SupervisorFlags,
    /// How often the root of the namespace, under which the services and the supervisor of the children stand, may restart one of them before the
    /// namespace ends. Default: 3 times within 5 s.
    #[serde(default, skip_serializing_if = "is_default")]
    pub root_limit: RestartLimit,
    /// The optional services. Default: none.
    #[serde(default, skip_serializing_if = "ServicesSpec::is_default")]
    pub services: ServicesSpec,
    /// What the application adds, in start order; at most [`CHILDREN_MAX`](crate::CHILDREN_MAX). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<NodeChild>,
}

impl NamespaceSpec {
    /// A namespace without optional services and without children.
    #[must_use]
    pub fn new(name: NamespaceName) -> Self {
        Self {
            name,
            supervisor: SupervisorFlags::default(),
            root_limit: RestartLimit::default(),
            services: ServicesSpec::default(),
            children: Vec::new(),
        }
    }

    /// Sets how the supervisor of the children behaves.
    #[must_use]
    pub const fn supervisor(mut self, flags: SupervisorFlags) -> Self {
        self.supervisor = flags;
        self
    }

    /// Sets how often its root may restart a service, or the supervisor of the children.
    #[must_use]
    pub const fn root_limit(mut self, limit: RestartLimit) -> Self {
        self.root_limit = limit;
        self
    }

    /// Sets the optional services.
    #[must_use]
    pub fn services(mut self, services: ServicesSpec) -> Self {
        self.services = services;
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn child(mut self, child: NodeChild) -> Self {
        self.children.push(child);
        self
    }

    /// Adds children, in this order.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = NodeChild>) -> Self {
        self.children.extend(children);
        self
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
