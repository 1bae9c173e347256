//! Nodes to ask.

use std::net::SocketAddr;

use mainstay::NodeBuilder;
use mainstay::prelude::*;

/// A node on a free port, with children of these kinds:
///
/// * `idle`: a task that waits until it is stopped;
/// * `stubborn`: a task that does not stop when it is asked to;
/// * `stuck`: a task that never starts;
/// * `failing`: a task that fails at once with the text in its arguments.
pub(crate) async fn node(namespaces: &str) -> Node {
    with(builder(), namespaces).await
}

pub(crate) fn builder() -> NodeBuilder {
    Node::builder()
        .kind("idle", |()| {
            Child::task("idle", |stop| async move { stop.stopped().await })
        })
        .kind("stubborn", |()| {
            Child::task("stubborn", |stop| async move {
                let _kept = stop;
                std::future::pending::<()>().await;
            })
        })
        .kind("stuck", |()| {
            Child::task_ready("stuck", |stop, ready| async move {
                let _kept = (stop, ready);
                std::future::pending::<()>().await;
            })
        })
        .kind("failing", |text: String| {
            Child::task("failing", move |_| {
                let text = text.clone();
                async move { Err::<(), _>(text) }
            })
        })
}

pub(crate) async fn with(builder: NodeBuilder, namespaces: &str) -> Node {
    let text =
        format!("(namespaces: [{namespaces}], http: (bind: \"127.0.0.1:0\", token: \"secret\"))");
    let spec = NodeSpec::from_ron(&text, &builder).unwrap();
    builder.boot(&spec).await.unwrap()
}

pub(crate) fn address(node: &Node) -> SocketAddr {
    node.address().unwrap()
}

/// The process at a path, as it runs now.
pub(crate) async fn process(node: &Node, path: &str) -> Process {
    use mainstay::supervisors::ChildStatus;
    let mut steps = path.split('/');
    let first = steps.next().unwrap();
    let roots = node.runtime().roots();
    let root = roots
        .iter()
        .find(|root| root.process().id() == first)
        .unwrap();
    let mut process = root.process().clone();
    for step in steps {
        let children = process
            .supervisor()
            .unwrap()
            .which_children()
            .await
            .unwrap();
        let child = children
            .into_iter()
            .find(|child| child.id == *step)
            .unwrap();
        process = match child.status {
            ChildStatus::Running(process) => process,
            status => panic!("{step}: {status:?}"),
        };
    }
    process
}
