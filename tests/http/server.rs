//! The server as a process of the tree.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay::supervisors::{Delivery, EventKind};

use crate::client::{Ask, Stream};
use crate::support::{address, node, process};

#[tokio::test]
async fn a_server_that_crashes_is_restarted_on_the_same_port() {
    let node = node("").await;
    let before = address(&node);
    let first = process(&node, "http/server").await;
    let mut events = node.runtime().events();
    let mut stream = Stream::open(before, Ask::get("/api/tree/events")).await;
    first.kill();
    assert_eq!(first.ended().await, ExitReason::Killed);
    loop {
        match events.next().await {
            Some(Delivery::Event(event)) => {
                if let EventKind::Started { process, restarts } = &event.kind {
                    assert_eq!((process.path().as_str(), *restarts), ("http/server", 1));
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
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

#[tokio::test]
async fn the_port_is_free_when_the_node_has_stopped() {
    let node = node("").await;
    let address = address(&node);
    node.stop(Duration::from_secs(5)).await;
    std::net::TcpListener::bind(address).unwrap();
}
