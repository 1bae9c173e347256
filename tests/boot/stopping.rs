//! How a node ends.

use std::time::Duration;

use mainstay::prelude::*;
use tokio::time::Instant;

use crate::support::{Journal, builder, spec};

#[tokio::test]
async fn children_stop_in_reverse_order_and_a_second_stop_has_nothing_to_do() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [(name: "app", children: [
                (id: "1", kind: "recorder", args: (name: "1")),
                (id: "pool", supervisor: (), children: [
                    (id: "2", kind: "recorder", args: (name: "2")),
                    (id: "3", kind: "recorder", args: (name: "3")),
                ]),
                (id: "4", kind: "recorder", args: (name: "4")),
            ])],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let report = node.stop(Duration::from_secs(1)).await;
    assert!(report.killed.is_empty());
    assert_eq!(
        journal.lines(),
        ["+1", "+2", "+3", "+4", "-4", "-3", "-2", "-1"]
    );
    let again = node.stop(Duration::from_secs(1)).await;
    assert!(again.killed.is_empty());
    assert_eq!(journal.lines().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stop_in_time_is_killed_and_named_and_takes_no_time_from_others() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [
                (name: "first", children: [(id: "x", kind: "recorder", args: (name: "x"))]),
                (name: "second", children: [
                    (id: "y", kind: "stubborn", args: (name: "y"), shutdown: infinity),
                    (id: "z", kind: "recorder", args: (name: "z")),
                ]),
            ],
            http: (bind: "127.0.0.1:0"),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let begun = Instant::now();
    let report = node.stop(Duration::from_secs(7)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(7));
    assert_eq!(
        report.killed,
        ["second", "second/children", "second/children/y"]
    );
    let mut lines = journal.lines();
    lines.sort();
    assert_eq!(lines, ["+x", "+y", "+z", "-x", "-z", "?y"]);
    assert!(node.runtime().roots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_killed_by_its_own_supervisor_is_not_in_the_report() {
    let builder = builder(&Journal::default());
    let spec = spec(
        r#"(
            namespaces: [(name: "app", children: [(id: "x", kind: "stubborn", args: (name: "x"), shutdown: timeout("2s"))])],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let begun = Instant::now();
    let report = node.stop(Duration::from_secs(7)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert!(report.killed.is_empty());
}

#[tokio::test]
async fn a_node_whose_last_handle_is_dropped_stops() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [(name: "app", children: [(id: "x", kind: "recorder", args: (name: "x"))])],
            http: (bind: "127.0.0.1:0"),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let roots: Vec<Process> = node
        .runtime()
        .roots()
        .iter()
        .map(|root| root.process().clone())
        .collect();
    let address = node.address().unwrap();
    let other = node.clone();
    drop(node);
    assert!(roots.iter().all(Process::is_alive));
    drop(other);
    for root in &roots {
        root.ended().await;
    }
    assert_eq!(roots.len(), 2);
    assert_eq!(journal.lines(), ["+x", "-x"]);
    std::net::TcpListener::bind(address).unwrap();
}

#[tokio::test]
async fn a_tree_that_gives_up_is_told() {
    let builder = builder(&Journal::default());
    let spec = spec(
        r#"(
            namespaces: [(name: "steady"), (name: "app", children: [(id: "x", kind: "recorder", args: (name: "x"))])],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let root = node.namespace("app").unwrap().root().unwrap();
    let telling = node.root_ended();
    root.process().kill();
    let down = telling.await;
    assert_eq!(down.process, *root.process());
    assert_eq!(down.reason, ExitReason::Killed);
    // It is told to whoever asks later, too.
    assert_eq!(node.root_ended().await, down);
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn nodes_live_side_by_side() {
    let journals = [Journal::default(), Journal::default()];
    let mut nodes = Vec::new();
    for journal in &journals {
        let builder = builder(journal);
        let spec = spec(
            r#"(
                namespaces: [(name: "app", children: [(id: "x", kind: "recorder", args: (name: "x"), name: "x")])],
                http: (bind: "127.0.0.1:0"),
            )"#,
            &builder,
        );
        nodes.push(builder.boot(&spec).await.unwrap());
    }
    assert_ne!(nodes[0].address(), nodes[1].address());
    nodes[0].stop(Duration::from_secs(1)).await;
    assert_eq!(journals[0].lines(), ["+x", "-x"]);
    assert_eq!(journals[1].lines(), ["+x"]);
    assert!(nodes[1].namespace("app").unwrap().whereis("x").is_some());
    nodes[1].stop(Duration::from_secs(1)).await;
}
