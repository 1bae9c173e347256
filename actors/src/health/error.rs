//! What can go wrong.

use mainstay_specs::{Faults, NamespaceName, ServiceName};
use mainstay_supervisors::RegisterError;

/// Why the health of something cannot be told, or a check not be registered.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// Nothing looks after the health of this namespace.
    #[error("the namespace `{0}` has no health aggregator")]
    NotStarted(NamespaceName),
    /// The namespace has ended.
    #[error("the namespace has ended")]
    Stopped,
    /// There is a check of this name already.
    #[error("there is a health check `{0}` already")]
    AlreadyRegistered(ServiceName),
    /// There are as many checks as there may be.
    #[error("expected at most {max} health checks, and there are as many")]
    TooMany {
        /// How many there may be.
        max: u32,
    },
    /// The configuration is wrong.
    #[error("{0}")]
    Config(Faults),
    /// It would depend on itself, by way of these: each on the next, and the last is the first.
    #[error("expected nothing that depends on itself, found {}", way(.0))]
    Cycle(Vec<ServiceName>),
    /// There is no check of this name.
    #[error("there is no health check `{0}`")]
    NoCheck(String),
    /// As much is made believe about this check as may be.
    #[error("expected at most {max} simulations of one health check, and there are as many")]
    TooManySimulations {
        /// How much may be.
        max: u32,
    },
    /// There is no group of this name.
    #[error("there is no health group `{0}`")]
    NoGroup(String),
    /// There are as many subscribers as there may be.
    #[error("expected at most {max} subscribers, and there are as many")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
}

fn way(names: &[ServiceName]) -> String {
    let names: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
    names.join(" -> ")
}

/// Why a health aggregator has not started.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthStartError {
    /// It was not started in a namespace.
    #[error("a health aggregator is started in a namespace")]
    NoNamespace,
    /// The spec is wrong.
    #[error("{0}")]
    Spec(Faults),
    /// What the spec says does not fit with the checks that are registered.
    #[error(transparent)]
    Checks(#[from] HealthError),
    /// Somebody else has the name.
    #[error("cannot register `health_aggregator`: {0}")]
    Register(RegisterError),
}
