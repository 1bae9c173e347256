//! Why there is no pool.

use mainstay_specs::{Faults, ServiceName, SpecPath};
use mainstay_supervisors::{CallError, SpecError, StartError};

/// Why a pool was not made, or does not run.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterPoolError {
    /// There is one of this name already.
    #[error("there is a connection pool {0} already")]
    AlreadyRegistered(ServiceName),
    /// There are as many as there may be.
    #[error("there are {max} connection pools, as many as there may be")]
    TooMany {
        /// How many there may be.
        max: u32,
    },
    /// The configuration, or the source in a spec, cannot be.
    #[error("the configuration of the connection pool is wrong: {0}")]
    Config(Faults),
    /// The configuration names a circuit breaker that is not there: a misspelt name is no protection.
    #[error(
        "the connection pool {pool} is to go through the circuit breaker {breaker}, which is not there"
    )]
    NoBreaker {
        /// The pool.
        pool: ServiceName,
        /// The breaker.
        breaker: ServiceName,
    },
    /// The program was built without what it takes to make such connections.
    #[error(
        "the connection pool {pool} is of the kind `{kind}`, but this program is built without it; turn the feature `{kind}` of the crate `mainstay` on"
    )]
    NotBuilt {
        /// The pool.
        pool: ServiceName,
        /// The kind, and the feature.
        kind: &'static str,
    },
    /// Nobody has registered such a kind of connection.
    #[error("the connection pool {pool} is of the kind `{kind}`, which is not registered")]
    UnknownKind {
        /// The pool.
        pool: ServiceName,
        /// The kind.
        kind: String,
    },
    /// The connection pools of the namespace do not run: [`ConnectionPoolRegistry::child`](super::ConnectionPoolRegistry::child) has
    /// not been started in it, or has ended.
    #[error("the service `connection_pools` does not run in the namespace")]
    NotRunning,
    /// The processes of the pool did not start.
    #[error("the connection pool {pool} did not start: {error}")]
    Start {
        /// The pool.
        pool: ServiceName,
        /// Why.
        #[source]
        error: StartError,
    },
    /// The pool is a child that was started elsewhere before, with another namespace.
    #[error("the connection pool {0} was made before, in another namespace")]
    MadeElsewhere(ServiceName),
    /// The name of the pool is none that a process can have.
    #[error("the connection pool {pool} cannot be supervised: {error}")]
    Spec {
        /// The pool.
        pool: ServiceName,
        /// What is wrong.
        #[source]
        error: SpecError,
    },
    /// A pool asked for this in the start of a process of the service itself.
    #[error("the service `connection_pools` did not answer: {0}")]
    Call(#[from] CallError),
    /// The pools were started outside of any namespace.
    #[error("connection pools live in a namespace; they were started outside of any")]
    NotInNamespace,
}

impl RegisterPoolError {
    /// The same of the nth pool of a spec: faults are told with their place there.
    pub(crate) fn at_pool(self, nth: usize, field: &str) -> Self {
        let Self::Config(faults) = self else {
            return self;
        };
        let place = SpecPath::root().field("pools").index(nth).field(field);
        let placed = faults.into_iter().map(|fault| fault.inside(&place));
        let placed = Faults::from_list(placed.collect());
        Self::Config(placed.expect("there are as many as before"))
    }
}
