//! A node whose executor stands still. Real threads and real time: nothing of it can be had otherwise.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use mainstay::Liveness;
use mainstay::prelude::*;

use crate::support::{builder, process};

/// Status and body of the answer, by a client that needs no executor.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn executor() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

async fn boot(namespaces: &str) -> Node {
    let text = format!(
        r#"(namespaces: [{namespaces}], http: (bind: "127.0.0.1:0"), watchdog: (blocked_after: "100ms"))"#
    );
    let spec = NodeSpec::from_ron(&text, &builder()).unwrap();
    builder().boot(&spec).await.unwrap()
}

#[test]
fn while_the_executor_is_blocked_the_watchdog_answers_503_on_the_same_port_and_leaves_off_after() {
    let executor = executor();
    let node = executor.block_on(async { tokio::spawn(boot("")).await.unwrap() });
    let address = node.address().unwrap();
    assert_eq!(
        get(address, "/livez"),
        (200, r#"{"status":"alive"}"#.to_owned())
    );
    assert_eq!(node.liveness(), Liveness::Alive);
    let (release, released) = mpsc::channel::<()>();
    let blocked = executor.spawn(async move { released.recv().ok() });
    while node.liveness().is_alive() {
        std::thread::yield_now();
    }
    assert!(matches!(node.liveness(), Liveness::Blocked(_)));
    for path in ["/livez", "/health", "/readyz", "/api/tree"] {
        let (status, body) = get(address, path);
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &json["status"]), (503, &"dead".into()), "{path}");
        assert_eq!(json["error"]["code"], "blocked");
    }
    // One that says nothing keeps nobody else from an answer.
    let _silent = TcpStream::connect(address).unwrap();
    assert_eq!(get(address, "/livez").0, 503);
    release.send(()).unwrap();
    executor.block_on(blocked).unwrap();
    while !node.liveness().is_alive() {
        std::thread::yield_now();
    }
    assert_eq!(
        get(address, "/livez"),
        (200, r#"{"status":"alive"}"#.to_owned())
    );
    executor.block_on(node.stop(Duration::from_secs(5)));
}

#[tokio::test]
async fn a_tree_that_has_ended_by_itself_makes_the_node_dead_and_one_that_was_stopped_does_not() {
    let node = boot(r#"(name: "a"), (name: "b")"#).await;
    node.namespace("a")
        .unwrap()
        .stop(Duration::from_secs(5))
        .await;
    let b = process(&node, "b").await;
    b.kill();
    b.ended().await;
    while node.liveness().is_alive() {
        tokio::task::yield_now().await;
    }
    let root = "b".to_owned();
    assert_eq!(node.liveness(), Liveness::RootEnded { root });
    let answer = crate::client::Ask::get("/livez")
        .send(node.address().unwrap())
        .await;
    let expected = serde_json::json!({
        "status": "dead",
        "error": {"code": "not_alive", "message": "the tree b has ended by itself"},
    });
    assert_eq!((answer.status, answer.json()), (503, expected));
    node.stop(Duration::from_secs(5)).await;
}

#[test]
fn the_root_of_a_tree_that_does_not_give_its_thread_back_makes_the_node_dead_while_others_run() {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let node = executor.block_on(async { tokio::spawn(boot(r#"(name: "a")"#)).await.unwrap() });
    let (release, released) = mpsc::channel::<()>();
    let children = node.namespace("a").unwrap().root().unwrap();
    let released = std::sync::Mutex::new(released);
    // A start function runs inside of the supervisor.
    let id = mainstay::specs::ChildId::new("slow").unwrap();
    let child = Child::from_start(mainstay::specs::ChildSpec::new(id), move |_| {
        released.lock().unwrap().recv().ok();
        async { Ok(mainstay::supervisors::Started::Ignore) }
    });
    let starting = executor.spawn(async move { children.start_child(child).await });
    while node.liveness().is_alive() {
        std::thread::yield_now();
    }
    assert!(matches!(node.liveness(), Liveness::RootStuck { root, .. } if root == "a"));
    release.send(()).unwrap();
    executor.block_on(starting).unwrap().unwrap();
    while !node.liveness().is_alive() {
        std::thread::yield_now();
    }
    executor.block_on(node.stop(Duration::from_secs(5)));
}

#[tokio::test]
async fn without_a_watchdog_a_node_is_taken_to_live() {
    let text = r#"(http: (bind: "127.0.0.1:0"), watchdog: (enabled: false))"#;
    let spec = NodeSpec::from_ron(text, &builder()).unwrap();
    let node = builder().boot(&spec).await.unwrap();
    assert_eq!(node.liveness(), Liveness::Alive);
    assert_eq!(
        crate::client::Ask::get("/livez")
            .send(node.address().unwrap())
            .await
            .status,
        200
    );
    node.stop(Duration::from_secs(5)).await;
}
