//! Starting all of it, or nothing.

use mainstay_specs::ChildId;
use mainstay_supervisors::{Child, Namespace, current};

use super::config::InfraConfig;
use super::error::InfraError;
use super::handle::{Infrastructure, stop_all};
use super::services::services;

/// Starts the services of a configuration in a namespace that runs, one after the other, before its children: see the
/// [module](super). Returns when all have started.
///
/// # Errors
///
/// [`InfraError`]. Those that had started by then are stopped, the last one first; what they keep in the namespace stays there, for the next
/// start.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// Cancel safety: when this is dropped after it was first polled, all are started, or none, by themselves.
pub async fn start(
    namespace: &Namespace,
    config: InfraConfig,
) -> Result<Infrastructure, InfraError> {
    config.validate()?;
    let children = services(config.services(), config.pools());
    // It does not keep the namespace up.
    let namespace = namespace.downgrade().upgrade();
    let namespace = namespace.expect("somebody has it, who has called this");
    // A supervisor that is just starting whoever asks would never answer, and has to know who that is.
    let asks = current();
    // Whoever waits may leave between two of them.
    let starting = tokio::spawn(async move {
        let starting = start_all(namespace, children);
        match asks {
            Some(process) => process.scope(starting).await,
            None => starting.await,
        }
    });
    match starting.await {
        Ok(started) => started,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime of tokio ends, and so does whoever would be told.
            Err(_) => std::future::pending().await,
        },
    }
}

async fn start_all(
    namespace: Namespace,
    children: Vec<Child>,
) -> Result<Infrastructure, InfraError> {
    let mut started: Vec<ChildId> = Vec::with_capacity(children.len());
    for child in children {
        let id = child.spec().id.clone();
        if let Err(error) = namespace.start_service(child).await {
            take_back(&namespace, &started).await;
            return Err(InfraError::of(namespace.name().clone(), id, error));
        }
        started.push(id);
    }
    let name = namespace.name().clone();
    Infrastructure::of(namespace, started).ok_or(InfraError::NotRunning(name))
}

async fn take_back(namespace: &Namespace, started: &[ChildId]) {
    if let Err(error) = stop_all(namespace, started).await {
        let namespace = namespace.name().as_str();
        tracing::warn!(namespace, %error, "services that were started in vain were not stopped");
    }
}
