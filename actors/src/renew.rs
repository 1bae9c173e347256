//! Services that go by another spec while they run.

use mainstay_supervisors::{
    CallError, Child, ChildStatus, Namespace, SupervisorError, SupervisorRef,
};

use crate::config::{ConfigError, LoadError};
use crate::health::HealthError;
use crate::telemetry::TelemetryStartError;

/// Why a service does not go by another spec.
///
/// Unless its docs say otherwise it goes by the old one then, or partly by the new one: renew it with the old one to be sure.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// The spec is wrong in itself. Nothing has changed.
    #[error("{0}")]
    Spec(mainstay_specs::Faults),
    /// There was never such a service in this namespace, or the namespace has ended.
    #[error("it does not run in this namespace")]
    NotRunning,
    /// What the config server is to start with, or its guards, cannot be.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The content that would come of another start is not as the config server has it, or it does not answer.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The checks do not fit together, or with those that are registered.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// The circuit breaker of telemetry cannot be.
    #[error(transparent)]
    Telemetry(#[from] TelemetryStartError),
    /// A rule of alerts cannot be, or there is no room for it.
    #[error(transparent)]
    Alert(#[from] crate::alerts::AlertError),
    /// The supervisor of the service does not take it.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
}

/// Has the processes of a service start as these from now on: those that run do so as they were. If the supervisor of the service is down, or
/// goes meanwhile, there is nothing to do: another one starts what it is made of.
pub(crate) async fn succeed_with(
    namespace: &Namespace,
    service: &str,
    children: impl IntoIterator<Item = Child>,
) -> Result<(), RenewError> {
    let Some(supervisor) = supervisor(namespace, service).await? else {
        return Ok(());
    };
    for child in children {
        match supervisor.change_child(child).await {
            Ok(()) => {}
            Err(SupervisorError::Call(CallError::NoProcess | CallError::Exited(_))) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The supervisor of a service, as it runs now.
async fn supervisor(
    namespace: &Namespace,
    service: &str,
) -> Result<Option<SupervisorRef>, RenewError> {
    let root = namespace.root().ok_or(RenewError::NotRunning)?;
    let children = root.which_children().await?;
    let mut children = children.into_iter();
    let found = children.find(|child| child.id.as_str() == service);
    let found = found.ok_or(RenewError::NotRunning)?;
    Ok(match found.status {
        ChildStatus::Running(process) => process.supervisor(),
        _ => None,
    })
}
