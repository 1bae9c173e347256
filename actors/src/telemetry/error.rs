//! What can go wrong.

use std::convert::Infallible;
use std::time::Duration;

use mainstay_specs::{EventPathError, Faults, NAME_MAX};
use mainstay_supervisors::RegisterError;

use crate::metrics::MetricsError;

/// Why telemetry did not do what it was asked for. Nothing is changed then, but where it is said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// What was given as a path or a pattern is none.
    #[error(transparent)]
    Path(#[from] EventPathError),
    /// What was given as the name of a handler is none: empty, or longer than [`NAME_MAX`].
    #[error("expected a name of 1 to {NAME_MAX} bytes for a handler, found {0}")]
    WrongName(usize),
    /// A handler of this name is attached.
    #[error("a handler named {name:?} is attached already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No handler of this name is attached.
    #[error("no handler named {name:?} is attached")]
    NotAttached {
        /// The name.
        name: String,
    },
    /// There are as many handlers as there may be.
    #[error("there are {max} handlers, as many as there may be")]
    TooManyHandlers {
        /// How many there may be.
        max: u32,
    },
    /// There are as many subscribers as there may be.
    #[error("there are {max} subscribers, as many as there may be")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
    /// The queue a handler asks for is longer than the spec allows.
    #[error("expected a queue for at most {max} events, found {found}")]
    QueueTooLong {
        /// How long it may be.
        max: u32,
        /// How long it was to be.
        found: usize,
    },
    /// The handler is detached, and gets no event any more; the call it was at did not return in time. Its thread ends when that does.
    #[error("the handler {name:?} is detached, but was still at work after {limit:?}")]
    StillRunning {
        /// The name.
        name: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The metrics store did not take what was to be recorded.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The namespace has ended: nobody will be told anything any more.
    #[error("the namespace of the telemetry has ended")]
    Stopped,
}

impl From<Infallible> for TelemetryError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Why the telemetry service, or its alerts, did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryStartError {
    /// It was started outside of any namespace.
    #[error("telemetry lives in a namespace; it was started outside of any")]
    NoNamespace,
    /// Alerts look at metrics, and the namespace has none.
    #[error("alerts look at metrics, and no metrics store was started before them")]
    NoMetrics,
    /// The name is held by another process of the namespace, most likely by another telemetry service.
    #[error("the name {name:?}: {error}")]
    Register {
        /// The name.
        name: &'static str,
        /// Why it could not be had.
        error: RegisterError,
    },
    /// Its spec is wrong.
    #[error("the spec of the telemetry is wrong: {0}")]
    Spec(Faults),
    /// There is no room for its circuit breaker.
    #[error("the circuit breaker of the telemetry: {0}")]
    Breaker(crate::breaker::RegisterCircuitError),
}
