//! `/livez` and `/readyz`.

use std::net::TcpListener;
use std::time::Duration;

use mainstay::prelude::*;
use serde_json::json;

use crate::client::{Ask, Stream};
use crate::support::{address, builder, node, process};

#[tokio::test]
async fn a_node_lives_and_is_ready_when_it_has_booted() {
    let node = node(r#"(name: "b"), (name: "a")"#).await;
    let answer = Ask::get("/livez").send(address(&node)).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"status": "alive"}))
    );
    let answer = Ask::get("/readyz").send(address(&node)).await;
    let expected = json!({
        "ready": true,
        "namespaces": [{"name": "b", "state": "running"}, {"name": "a", "state": "running"}],
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_namespace_that_has_ended_makes_the_node_unready_and_is_named() {
    let node = node(r#"(name: "b"), (name: "a")"#).await;
    node.namespace("b")
        .unwrap()
        .stop(Duration::from_secs(5))
        .await;
    let answer = Ask::get("/readyz").send(address(&node)).await;
    let expected = json!({
        "ready": false,
        "namespaces": [{"name": "b", "state": "ended"}, {"name": "a", "state": "running"}],
        "error": {"code": "not_ready", "message": "b has ended"},
    });
    assert_eq!((answer.status, answer.json()), (503, expected));
    assert_eq!(Ask::get("/livez").send(address(&node)).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_node_that_boots_lives_and_is_not_ready() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let text = r#"(
        namespaces: [(name: "done"), (name: "slow", children: [(id: "x", kind: "stuck")]), (name: "late")],
        shutdown_deadline: "10ms",
    )"#;
    let mut spec = NodeSpec::from_ron(text, &builder()).unwrap();
    spec.http.bind = address;
    let (interrupt, interrupted) = tokio::sync::oneshot::channel::<()>();
    let booting = tokio::spawn(async move {
        let cancel = async { drop(interrupted.await) };
        builder().boot_until(&spec, cancel).await
    });
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    let mut events = Stream::open(address, Ask::get("/api/tree/events?after=0")).await;
    events.until("started", "done").await;
    let answer = Ask::get("/readyz").send(address).await;
    let expected = json!({
        "ready": false,
        "namespaces": [
            {"name": "done", "state": "running"},
            {"name": "slow", "state": "booting"},
            {"name": "late", "state": "booting"},
        ],
        "error": {"code": "not_ready", "message": "slow is booting, late is booting"},
    });
    assert_eq!((answer.status, answer.json()), (503, expected));
    assert_eq!(Ask::get("/livez").send(address).await.status, 200);
    let starting = Ask::get("/startupz").send(address).await;
    assert_eq!(
        (starting.status, starting.json()),
        (503, json!({"status": "starting"}))
    );
    // Nobody looks after anything yet, which is not to say that nobody will.
    let health = Ask::get("/health").send(address).await;
    assert_eq!(
        (health.status, health.error().1),
        (503, "booting".to_owned())
    );
    drop(interrupt);
    assert!(booting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_node_that_stops_lives_and_is_not_ready_until_its_namespaces_have_ended() {
    let node =
        node(r#"(name: "slow", children: [(id: "x", kind: "stubborn", shutdown: infinity)])"#)
            .await;
    let address = address(&node);
    let stubborn = process(&node, "slow/children/x").await;
    let mut events = Stream::open(address, Ask::get("/api/tree/events")).await;
    let stopping = tokio::spawn(async move { node.stop(Duration::from_secs(60)).await });
    while Ask::get("/readyz").send(address).await.status == 200 {}
    let answer = Ask::get("/readyz").send(address).await;
    let expected = json!({
        "ready": false,
        "namespaces": [{"name": "slow", "state": "stopping"}],
        "error": {"code": "not_ready", "message": "slow is stopping"},
    });
    assert_eq!((answer.status, answer.json()), (503, expected));
    stubborn.kill();
    assert!(stopping.await.unwrap().killed.is_empty());
    // The stream has told of the end of everything but the server itself.
    events.until("exited", "slow").await;
    assert_eq!(events.next().await, None);
}
