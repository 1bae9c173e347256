//! One thing that is different.

use std::fmt;

use crate::{ChildId, NamespaceName, SpecPath};

/// One thing that is different between two specs, and what it takes to bring it about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpecChange {
    /// Where it is: in the new spec; if it was removed, in the old one.
    pub path: SpecPath,
    /// Whether it is there in both.
    pub kind: ChangeKind,
    /// What it is a part of: what has to be brought about as one.
    pub part: SpecPart,
    /// What it takes.
    pub effect: ChangeEffect,
}

/// Whether something is in both specs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is in the new one only.
    Added,
    /// It is in the old one only.
    Removed,
    /// It is in both, and not the same.
    Changed,
}

/// A part of a node that is brought about as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecPart {
    /// How long everything may take to stop.
    ShutdownDeadline,
    /// The HTTP server.
    Http,
    /// The watchdog.
    Watchdog,
    /// In which order namespaces are started, which matters at the next boot only.
    NamespaceOrder,
    /// A namespace as a whole.
    Namespace(NamespaceName),
    /// How often the root of a namespace may restart.
    RootLimit(NamespaceName),
    /// A service of a namespace.
    Service {
        /// The namespace.
        namespace: NamespaceName,
        /// Which service.
        service: ServicePart,
    },
    /// How a supervisor behaves, or in which order it has its children. Of the supervisor of all children of a namespace if there are no
    /// ids.
    Supervisor {
        /// The namespace.
        namespace: NamespaceName,
        /// The ids from the children of the namespace down to it.
        ids: Vec<ChildId>,
    },
    /// A child.
    Child {
        /// The namespace.
        namespace: NamespaceName,
        /// The ids from the children of the namespace down to it.
        ids: Vec<ChildId>,
    },
}

/// The services of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs)] // they are what they are called
pub enum ServicePart {
    Telemetry,
    ConfigServer,
    EventStore,
    MemoryManager,
    CircuitBreakers,
    RateLimiters,
    ConnectionPools,
    HealthAggregator,
    Protections,
}

/// What it takes to bring a change about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeEffect {
    /// It is told to what runs, which goes by it from then on: nothing is stopped.
    InPlace,
    /// A process is started, or a tree of them.
    Start {
        /// Its path: the ids from the root down to it, joined by `/`.
        process: String,
    },
    /// A process is stopped, and all below it.
    Stop {
        /// Its path.
        process: String,
    },
    /// A process is stopped with all below it and started anew, and with it those that its supervisor restarts with it. Of a service:
    /// all that comes after it in its namespace; so, too, if it comes or goes.
    Restart {
        /// Its path.
        process: String,
        /// Why it cannot be told while it runs.
        why: &'static str,
    },
    /// It takes a new node.
    Refused {
        /// Why.
        why: &'static str,
    },
}

impl fmt::Display for SpecChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, ", self.path, self.kind)?;
        match (&self.part, &self.effect) {
            (SpecPart::Service { .. }, ChangeEffect::Restart { process, why }) => {
                write!(f, "restarts {process} and what comes after it: {why}")
            }
            (_, effect) => effect.fmt(f),
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for ChangeEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InPlace => f.write_str("in place"),
            Self::Start { process } => write!(f, "starts {process}"),
            Self::Stop { process } => write!(f, "stops {process}"),
            Self::Restart { process, why } => write!(f, "restarts {process}: {why}"),
            Self::Refused { why } => write!(f, "takes a new node: {why}"),
        }
    }
}

impl ServicePart {
    /// All, in the order in which they are started: each may use those before it.
    pub const IN_ORDER: [Self; 9] = [
        Self::Telemetry,
        Self::ConfigServer,
        Self::MemoryManager,
        Self::CircuitBreakers,
        Self::RateLimiters,
        Self::ConnectionPools,
        Self::EventStore,
        Self::Protections,
        Self::HealthAggregator,
    ];

    /// Whether it is this one, or is started after it.
    #[must_use]
    pub fn is_from(self, first: Self) -> bool {
        let mut from = Self::IN_ORDER.into_iter().skip_while(|one| *one != first);
        from.any(|one| one == self)
    }

    /// What it is called in files, and the id of its process in its namespace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Telemetry => "telemetry",
            Self::ConfigServer => "config_server",
            Self::EventStore => "event_store",
            Self::MemoryManager => "memory_manager",
            Self::CircuitBreakers => "circuit_breakers",
            Self::RateLimiters => "rate_limiters",
            Self::ConnectionPools => "connection_pools",
            Self::HealthAggregator => "health_aggregator",
            Self::Protections => "protections",
        }
    }
}

impl SpecPart {
    /// The namespace it is a part of, or is.
    #[must_use]
    pub const fn namespace(&self) -> Option<&NamespaceName> {
        match self {
            Self::Namespace(namespace)
            | Self::RootLimit(namespace)
            | Self::Service { namespace, .. }
            | Self::Supervisor { namespace, .. }
            | Self::Child { namespace, .. } => Some(namespace),
            Self::ShutdownDeadline | Self::Http | Self::Watchdog | Self::NamespaceOrder => None,
        }
    }
}
