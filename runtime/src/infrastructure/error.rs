//! What can go wrong.

use mainstay_specs::{ChildId, Faults, NamespaceName};
use mainstay_supervisors::{CallError, StartError, SupervisorError};

/// Why the services of a namespace were not started. None of them runs then that this start has begun.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InfraError {
    /// The configuration is wrong; nothing was started.
    #[error("the configuration of the services is wrong: {0}")]
    Config(#[from] Faults),
    /// A service of this name runs in the namespace: it is of an earlier start, or of the plan that the namespace was started from.
    #[error("the service {service} runs already in the namespace {namespace}")]
    AlreadyRunning {
        /// Where.
        namespace: NamespaceName,
        /// Which.
        service: ChildId,
    },
    /// The namespace has ended, or ended meanwhile.
    #[error("the namespace {0} does not run")]
    NotRunning(NamespaceName),
    /// A service did not start; those before it have been stopped.
    #[error("the service {service} of the namespace {namespace} did not start: {error}")]
    Start {
        /// Where.
        namespace: NamespaceName,
        /// Which.
        service: ChildId,
        /// Why.
        #[source]
        error: StartError,
    },
    /// The supervisor of the namespace did not take the service; those before it have been stopped.
    #[error("the service {service} of the namespace {namespace} was not taken: {error}")]
    Refused {
        /// Where.
        namespace: NamespaceName,
        /// Which.
        service: ChildId,
        /// Why.
        #[source]
        error: SupervisorError,
    },
}

impl InfraError {
    pub(super) fn of(namespace: NamespaceName, service: ChildId, error: SupervisorError) -> Self {
        match error {
            SupervisorError::AlreadyStarted(_) | SupervisorError::AlreadyPresent => {
                Self::AlreadyRunning { namespace, service }
            }
            SupervisorError::StartFailed(error) => Self::Start {
                namespace,
                service,
                error,
            },
            // Whoever is being started by it cannot ask it.
            error @ SupervisorError::Call(CallError::CallingSelf) => Self::Refused {
                namespace,
                service,
                error,
            },
            SupervisorError::Call(_) => Self::NotRunning(namespace),
            error => Self::Refused {
                namespace,
                service,
                error,
            },
        }
    }
}
