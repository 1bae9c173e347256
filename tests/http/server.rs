//! The server as a process of the tree.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay::supervisors::{Delivery, EventKind, EventStream};

use crate::client::{Ask, Stream};
use crate::support::{address, node, process};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_crashes_is_restarted_on_the_same_port() {
    let node = node("").await;
    let before = address(&node);
    let first = process(&node, "http/server").await;
    let mut events = node.runtime().events();
    let mut stream = Stream::open(before, Ask::get("/api/tree/events")).await;
    first.kill();
    assert_eq!(first.ended().await, ExitReason::Killed);
    let restarted = until(&mut events, |kind| match kind {
        EventKind::Started { process, restarts } => Some((process.path(), *restarts)),
        _ => None,
    });
    assert_eq!(restarted.await, ("http/server".to_owned(), 1));
    assert_eq!(address(&node), before);
    assert_eq!(Ask::get("/livez").send(before).await.status, 200);
    // What the first one was serving has ended with it, and can be taken up again.
    assert!(stream.is_broken().await);
    let mut stream = Stream::open(before, Ask::get("/api/tree/events?after=0")).await;
    let killed = stream.until("exited", "http/server").await;
    assert_eq!(killed.data["reason"]["type"], "killed");
    stream.until("restarted", "http/server").await;
    node.stop(Duration::from_secs(5)).await;
}

/// Waits for what `wanted` says.
async fn until<T>(events: &mut EventStream, wanted: impl Fn(&EventKind) -> Option<T>) -> T {
    loop {
        match events.next().await {
            Some(Delivery::Event(event)) => {
                if let Some(found) = wanted(&event.kind) {
                    return found;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_port_is_taken_while_it_is_down_waits_for_it() {
    let node = node("").await;
    let first = process(&node, "http/server").await;
    let mut events = node.runtime().events();
    first.kill();
    first.ended().await;
    // The restart waits for its time, which does not pass before we wait too.
    let taken = std::net::TcpListener::bind(address(&node)).unwrap();
    for _ in 0..3 {
        let error = until(&mut events, |kind| match kind {
            EventKind::StartError { error, .. } => Some(error.to_string()),
            _ => None,
        });
        let expected = format!(
            "cannot listen on {}: Address already in use (os error 98)",
            address(&node)
        );
        assert_eq!(error.await, expected);
    }
    drop(taken);
    let server = until(&mut events, |kind| match kind {
        EventKind::Started { process, .. } => Some(process.path()),
        _ => None,
    });
    assert_eq!(server.await, "http/server");
    assert_eq!(Ask::get("/livez").send(address(&node)).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_port_stays_taken_gives_up_and_the_node_tells() {
    let node = node(r#"(name: "app")"#).await;
    let first = process(&node, "http/server").await;
    first.kill();
    first.ended().await;
    let _taken = std::net::TcpListener::bind(address(&node)).unwrap();
    let down = node.root_ended().await;
    assert_eq!(down.process.path(), "http");
    assert_eq!(down.reason, ExitReason::Shutdown);
    assert!(node.namespace("app").is_some());
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_port_is_free_when_the_node_has_stopped() {
    let node = node("").await;
    let address = address(&node);
    node.stop(Duration::from_secs(5)).await;
    std::net::TcpListener::bind(address).unwrap();
}
