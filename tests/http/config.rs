//! `/api/config`.

use std::net::SocketAddr;
use std::time::Duration;

use mainstay::http::{BODY_MAX, ConfigReply};
use mainstay::prelude::*;
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::support::{address, node, process};

const CONTENT: &str = r#"(name: "production", services: (config_server: (
    initial: (
        pool: (size: 10, hosts: ["a", "b"]),
        ratio: 0.5,
        limits: {"example.com": 3, "a/b": 4},
        nothing: None,
    ),
    depth_max: 4,
)))"#;

async fn production() -> Node {
    node(CONTENT).await
}

fn get(path: &str) -> Ask {
    Ask::get(format!("/api/config{path}"))
}

/// With all that it takes to be carried out.
fn put(path: &str, body: impl Into<String>) -> Ask {
    Ask::new("PUT", format!("/api/config{path}"))
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body(body)
}

async fn value(to: SocketAddr, path: &str) -> Value {
    let answer = get(path).send(to).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["value"].clone()
}

#[tokio::test]
async fn a_value_is_read_with_its_path_and_the_version_of_the_whole() {
    let node = production().await;
    let answer = get("/pool/size").send(address(&node)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), Some("\"0\""));
    assert_eq!(
        answer.json(),
        json!({"path": "pool.size", "value": 10, "version": 0})
    );
    let reply: ConfigReply = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(reply.value.as_u64(), Some(10));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn slashes_and_dots_part_segments_and_quotes_keep_them() {
    let node = production().await;
    let to = address(&node);
    for (path, expected) in [
        ("/pool.size", json!(10)),
        ("/pool/hosts/1", json!("b")),
        ("/pool.hosts/1", json!("b")),
        ("/pool", json!({"size": 10, "hosts": ["a", "b"]})),
        ("/limits/%22example.com%22", json!(3)),
        ("/limits/a%2Fb", json!(4)),
        ("/ratio", json!(0.5)),
        ("/nothing", json!(null)),
    ] {
        assert_eq!(value(to, path).await, expected, "{path}");
    }
    let whole = value(to, "").await;
    assert_eq!(whole["limits"], json!({"example.com": 3, "a/b": 4}));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_is_not_there_is_told_with_how_far_the_path_leads() {
    let node = production().await;
    let answer = get("/pool/sizes").send(address(&node)).await;
    assert_eq!(
        answer.error(),
        (404, "not_found".into(), Some("pool.sizes".into()))
    );
    let answer = get("/pool/size/x").send(address(&node)).await;
    assert_eq!(
        answer.error(),
        (404, "not_found".into(), Some("pool.size.x".into()))
    );
    assert_eq!(
        answer.json()["error"]["message"],
        "there is no value at `pool.size.x`: `pool.size` is an integer"
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_path_that_is_none_is_refused() {
    let node = production().await;
    for path in [
        "/",
        "/pool/",
        "/pool//size",
        "/pool..size",
        "/%22open",
        "/%FF",
    ] {
        let answer = get(path).send(address(&node)).await;
        let (status, code, _) = answer.error();
        let expected = if path == "/" {
            (404, "not_found")
        } else {
            (400, "bad_request")
        };
        assert_eq!((status, code.as_str()), expected, "{path}");
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_namespace_other_than_production_is_asked_for_by_name() {
    let other =
        r#"(name: "staging", services: (config_server: (initial: (a: 1)))), (name: "bare")"#;
    let node = node(&format!("{CONTENT}, {other}")).await;
    let to = address(&node);
    assert_eq!(value(to, "/a?namespace=staging").await, json!(1));
    assert_eq!(
        value(to, "/pool/size?namespace=production").await,
        json!(10)
    );
    let missing = get("/a?namespace=nowhere").send(to).await;
    assert_eq!(missing.error(), (404, "not_found".into(), None));
    assert_eq!(
        missing.json()["error"]["message"],
        "no namespace `nowhere` runs"
    );
    let bare = get("/a?namespace=bare").send(to).await;
    assert_eq!(bare.error(), (404, "not_found".into(), None));
    assert_eq!(
        bare.json()["error"]["message"],
        "the namespace `bare` has no config server"
    );
    let unknown = get("/a?name=staging").send(to).await;
    assert_eq!(unknown.error(), (400, "bad_request".into(), None));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_value_is_set_and_read_back() {
    let node = production().await;
    let to = address(&node);
    let answer = put("/pool/size", "20").send(to).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(
        answer.json(),
        json!({"path": "pool.size", "value": 20, "version": 1})
    );
    assert_eq!(value(to, "/pool/size").await, json!(20));
    // What is not there is added.
    let answer = put("/cache/ttl", r#"{"seconds": 60}"#).send(to).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"2\"")));
    assert_eq!(value(to, "/cache/ttl/seconds").await, json!(60));
    let answer =
        put("/limits/a%2Fb", "5").header("content-type", "application/json; charset=utf-8");
    assert_eq!(answer.send(to).await.status, 200);
    assert_eq!(
        value(to, "/limits").await,
        json!({"example.com": 3, "a/b": 5})
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_change_needs_the_token_also_on_loopback() {
    let node = production().await;
    let to = address(&node);
    for header in [
        None,
        Some("Bearer wrong"),
        Some("Basic secret"),
        Some("Bearer "),
    ] {
        let mut ask = Ask::new("PUT", "/api/config/pool/size")
            .header("content-type", "application/json")
            .body("20");
        if let Some(header) = header {
            ask = ask.header("authorization", header);
        }
        let answer = ask.send(to).await;
        assert_eq!(answer.error(), (401, "unauthorized".into(), None));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(value(to, "/pool/size").await, json!(10));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_node_without_a_token_in_its_spec_takes_changes_with_the_one_it_has_made() {
    let text = format!("(namespaces: [{CONTENT}], http: (bind: \"127.0.0.1:0\"))");
    let spec = NodeSpec::from_ron(&text, &Node::builder()).unwrap();
    let node = Node::boot(&spec).await.unwrap();
    let with = |token: &str| put_with(token, "/pool/size", "20").send(address(&node));
    assert_eq!(with("").await.status, 401);
    assert_eq!(with(node.token().unwrap().as_str()).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

fn put_with(token: &str, path: &str, body: &str) -> Ask {
    Ask::new("PUT", format!("/api/config{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body)
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let node = production().await;
    for declared in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/jsonx",
    ] {
        let ask = Ask::new("PUT", "/api/config/pool/size").header("authorization", "Bearer secret");
        let answer = ask
            .header("content-type", declared)
            .body("20")
            .send(address(&node))
            .await;
        assert_eq!(
            answer.error(),
            (415, "unsupported_media_type".into(), None),
            "{declared}"
        );
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let node = production().await;
    for body in ["", "{", "20 20", "nul", "{a: 1}", "\u{0}"] {
        let answer = put("/pool/size", body).send(address(&node)).await;
        let expected = (400, "bad_request".to_owned(), Some("pool.size".to_owned()));
        assert_eq!(answer.error(), expected, "{body:?}");
    }
    assert_eq!(value(address(&node), "/pool/size").await, json!(10));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_value_that_the_configuration_does_not_take_is_refused_with_the_reason() {
    let node = production().await;
    let to = address(&node);
    for (path, body, at) in [
        ("/pool/size", "\"many\"", "pool.size"),
        ("/pool", "{\"size\": \"many\"}", "pool"),
        ("/pool/size/deeper", "1", "pool.size.deeper"),
        ("/pool/hosts/9", "\"c\"", "pool.hosts.9"),
        ("/deep", "{\"a\": {\"b\": {\"c\": {\"d\": 1}}}}", "deep"),
        ("/twice", "{\"a\": 1, \"a\": 2}", "twice"),
        ("", "[1]", ""),
    ] {
        let answer = put(path, body).send(to).await;
        assert_eq!(
            answer.error(),
            (422, "invalid_value".into(), Some(at.into())),
            "{path} {body}"
        );
    }
    let answer = put("/pool/size", "\"many\"").send(to).await;
    assert_eq!(
        answer.json()["error"]["message"],
        "expected an integer at `pool.size`, as there is now, found a string"
    );
    assert_eq!(get("").send(to).await.json()["version"], 0);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let node = production().await;
    let body = format!("\"{}\"", "x".repeat(BODY_MAX));
    let answer = put("/big", body).send(address(&node)).await;
    assert_eq!(answer.error(), (413, "payload_too_large".into(), None));
    assert_eq!(
        answer.json()["error"]["message"],
        "expected a body of at most 1048576 bytes"
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_change_is_made_only_if_nothing_has_changed_since_the_version_it_names() {
    let node = production().await;
    let to = address(&node);
    let set = |version: &str, value: &str| {
        let ask = put("/pool/size", value).header("if-match", version);
        ask.send(to)
    };
    assert_eq!(set("\"0\"", "11").await.status, 200);
    let answer = set("\"0\"", "12").await;
    assert_eq!(
        answer.error(),
        (409, "conflict".into(), Some("pool.size".into()))
    );
    assert_eq!(
        answer.json()["error"]["message"],
        "expected version 0 of the configuration, found version 1"
    );
    assert_eq!(value(to, "/pool/size").await, json!(11));
    let etag = get("/pool/size").send(to).await;
    let etag = etag.header("etag").unwrap();
    assert_eq!(set(etag, "12").await.status, 200);
    for wrong in ["*", "W/\"2\"", "\"2\", \"3\"", "x", ""] {
        assert_eq!(
            set(wrong, "13").await.error(),
            (400, "bad_request".into(), None),
            "{wrong}"
        );
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_change_the_same_version_one_succeeds() {
    let node = production().await;
    let to = address(&node);
    let asks = (0..16).map(|nth| put("/pool/size", nth.to_string()).header("if-match", "\"0\""));
    let asks: Vec<_> = asks.map(|ask| tokio::spawn(ask.send(to))).collect();
    let mut statuses = Vec::new();
    for ask in asks {
        let answer: Answer = ask.await.unwrap();
        statuses.push(answer.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 409),
        "{statuses:?}"
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_configuration_survives_a_crash_of_its_server() {
    let node = production().await;
    let to = address(&node);
    put("/pool/size", "20").send(to).await;
    let server = process(&node, "production/config_server").await;
    server.kill();
    server.ended().await;
    // It can be read at once, and a change waits for the restart.
    assert_eq!(value(to, "/pool/size").await, json!(20));
    let answer = put("/pool/size", "30").send(to).await;
    assert_eq!(
        answer.json(),
        json!({"path": "pool.size", "value": 30, "version": 2})
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn other_methods_are_told_with_those_there_are() {
    let node = production().await;
    for path in ["/api/config", "/api/config/pool/size"] {
        let answer = Ask::new("DELETE", path).send(address(&node)).await;
        assert_eq!(
            answer.error(),
            (405, "method_not_allowed".into(), Some(path.into()))
        );
        assert_eq!(answer.header("allow"), Some("GET,HEAD,PUT"));
    }
    node.stop(Duration::from_secs(5)).await;
}
