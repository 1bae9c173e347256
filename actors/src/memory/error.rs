//! What can go wrong.

use std::time::Duration;

use mainstay_specs::{Faults, ServiceName};

/// Why a memory manager has not done what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The spec does not allow simulations.
    #[error(
        "pressure may not be simulated in the namespace {0}: its memory manager needs `simulation: true`"
    )]
    SimulationRefused(String),
    /// A simulated share that is none, or a time that is none.
    #[error("{0}")]
    Invalid(String),
    /// There is a source of this name.
    #[error("there is a source of memory pressure {0} already")]
    SourceTaken(ServiceName),
    /// There are as many sources as there may be.
    #[error(
        "there is no room for the source {name}: there are {max} already, as many as there may be"
    )]
    TooManySources {
        /// The one that there is no room for.
        name: ServiceName,
        /// How many there may be.
        max: u32,
    },
    /// As many processes are tracked as may be.
    #[error(
        "there is no room to track a process as {service}: {max} are tracked already, as many as there may be"
    )]
    TooManyTracked {
        /// What it was to be tracked as.
        service: ServiceName,
        /// How many there may be.
        max: u32,
    },
    /// There are as many subscribers as there may be.
    #[error("there are {max} subscribers already, as many as there may be")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
    /// No memory manager was started in the namespace, so nobody measures.
    #[error("no memory manager runs in the namespace {0}")]
    NotRunning(String),
    /// The sampler has not answered within this time.
    #[error("memory was not measured within {0:?}: the sampler hangs")]
    Timeout(Duration),
    /// The namespace has ended.
    #[error("the namespace has ended, and its memory manager with it")]
    Stopped,
}

/// Why a memory manager has not started.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryStartError {
    /// It was started outside of any namespace.
    #[error("a memory manager lives in a namespace; it was started outside of any")]
    NoNamespace,
    /// The spec is wrong.
    #[error("the spec of the memory manager is wrong: {0}")]
    Spec(Faults),
    /// The system does not give a thread.
    #[error("the thread that samples memory could not be started: {0}")]
    Thread(String),
}
