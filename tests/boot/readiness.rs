//! How far a node is.

use std::time::Duration;

use mainstay::{NamespaceState, Node, Readiness};

use crate::support::{Journal, builder, spec};

fn states(readiness: &Readiness) -> Vec<(&str, NamespaceState)> {
    let namespaces = readiness.namespaces.iter();
    namespaces
        .map(|namespace| (namespace.name.as_str(), namespace.state))
        .collect()
}

async fn two_namespaces() -> Node {
    let builder = builder(&Journal::default());
    let spec = spec(
        r#"(
            namespaces: [
                (name: "b", children: [(id: "x", kind: "recorder", args: (name: "x"))]),
                (name: "a"),
            ],
            http: (enabled: false),
        )"#,
        &builder,
    );
    builder.boot(&spec).await.unwrap()
}

#[tokio::test]
async fn a_node_is_ready_when_all_its_namespaces_run() {
    let node = two_namespaces().await;
    let readiness = node.readiness();
    assert!(readiness.ready);
    let expected = [
        ("b", NamespaceState::Running),
        ("a", NamespaceState::Running),
    ];
    assert_eq!(states(&readiness), expected);
    assert_eq!(readiness.waiting().count(), 0);
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_namespace_that_has_ended_makes_the_node_unready_and_is_named() {
    let node = two_namespaces().await;
    let b = node.namespace("b").unwrap();
    b.stop(Duration::from_secs(1)).await;
    let readiness = node.readiness();
    assert!(!readiness.ready);
    let waiting: Vec<&str> = readiness
        .waiting()
        .map(|namespace| namespace.name.as_str())
        .collect();
    assert_eq!(waiting, ["b"]);
    let expected = [("b", NamespaceState::Ended), ("a", NamespaceState::Running)];
    assert_eq!(states(&readiness), expected);
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_stopping_is_not_ready() {
    let builder = builder(&Journal::default());
    let spec = spec(
        r#"(
            namespaces: [
                (name: "slow", children: [(id: "x", kind: "stubborn", args: (name: "x"))]),
                (name: "quick"),
            ],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let stopping = tokio::spawn({
        let node = node.clone();
        async move { node.stop(Duration::from_secs(30)).await }
    });
    while node.namespace("quick").is_some() {
        tokio::task::yield_now().await;
    }
    let readiness = node.readiness();
    assert!(!readiness.ready);
    let expected = [
        ("slow", NamespaceState::Stopping),
        ("quick", NamespaceState::Ended),
    ];
    assert_eq!(states(&readiness), expected);
    assert!(stopping.await.unwrap().killed.is_empty());
    assert_eq!(
        states(&node.readiness())[0],
        ("slow", NamespaceState::Ended)
    );
}
