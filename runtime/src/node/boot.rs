//! Starting a node in order, and taking it back.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{NamespaceName, NodeSpec};
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::timeout;

use super::error::BootError;
use super::plan::plans;
use super::{Node, NodeBuilder, State};

type Plans = Vec<(NamespaceName, NamespacePlan)>;

/// Boots a validated spec.
pub(super) async fn boot(
    runtime: Runtime,
    spec: &NodeSpec,
    builder: NodeBuilder,
    cancel: impl Future<Output = ()>,
) -> Result<Node, BootError> {
    let plans = plans(spec, &builder.kinds, &builder.pools)?;
    let node = Node(Arc::new(State::new(runtime, spec, builder)));
    node.0
        .watch(spec)
        .map_err(|error| BootError::Watchdog(Arc::new(error)))?;
    let mut starting = pin!(start(node.clone(), spec, plans));
    tokio::select! {
        biased;
        started = starting.as_mut() => match started {
            Ok(()) => Ok(node),
            Err(error) => {
                take_back(&node, spec).await;
                Err(error)
            }
        },
        // Told to stop, what is starting comes to an end by itself; to drop it would leave nobody to wait for it.
        () = cancel => {
            let (report, _) = tokio::join!(node.stop(spec.shutdown_deadline), starting);
            Err(BootError::Interrupted(report))
        }
    }
}

async fn start(node: Node, spec: &NodeSpec, plans: Plans) -> Result<(), BootError> {
    start_http(&node, spec).await?;
    for (name, plan) in plans {
        let started = node.runtime().start_namespace(name.clone(), plan).await;
        let namespace = started.map_err(|error| BootError::start(&name, error))?;
        node.0.namespace_booted(namespace);
    }
    node.0.up();
    Ok(())
}

/// What can be neither stopped nor killed is left behind: whoever boots has to learn why it did not.
async fn take_back(node: &Node, spec: &NodeSpec) {
    let limit = spec.shutdown_deadline.saturating_add(KILLING);
    match timeout(limit, node.stop(spec.shutdown_deadline)).await {
        Ok(report) => {
            for path in report.killed {
                tracing::warn!(path, "killed, as it did not stop in time");
            }
        }
        Err(_) => tracing::error!(
            "something could not be stopped, nor killed, and is left behind: code that never awaits"
        ),
    }
}

/// How long killing may take after the deadline.
const KILLING: Duration = Duration::from_secs(2);

#[cfg(feature = "http")]
async fn start_http(node: &Node, spec: &NodeSpec) -> Result<(), BootError> {
    if !spec.http.enabled {
        return Ok(());
    }
    let (face, root) = crate::http::start(&node.0, &spec.http).await?;
    node.0.http_started(face, root);
    Ok(())
}

#[cfg(not(feature = "http"))]
async fn start_http(_node: &Node, spec: &NodeSpec) -> Result<(), BootError> {
    if spec.http.enabled {
        return Err(BootError::NoHttp);
    }
    Ok(())
}

#[cfg(all(test, not(feature = "http")))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_spec_with_http_on_is_refused_by_a_program_without_it() {
        let error = Node::boot(&NodeSpec::new()).await.unwrap_err();
        assert!(matches!(error, BootError::NoHttp), "{error}");
        let off = NodeSpec::new().http(mainstay_specs::HttpSpec::disabled());
        let node = Node::boot(&off).await.expect("it needs no server");
        assert!(node.readiness().ready);
    }
}
