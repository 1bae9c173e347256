//! `/api/spec` and `/api/reload`.

use std::time::Duration;

use mainstay::http::{ReloadErrorReply, ReloadReply};
use mainstay::prelude::*;
use serde_json::json;

use crate::client::Ask;
use crate::source::{Text, boot_from, source};
use crate::support::{address, builder};

fn text(children: &str, token: &str) -> String {
    format!(
        "(
    namespaces: [(name: \"n\", services: (
        rate_limiters: (limiters: [(name: \"api\", config: (limit: 1, window: \"1s\"))]),
    ), children: [{children}])],
    http: (bind: \"127.0.0.1:0\", token: \"{token}\"),
)"
    )
}

async fn boot(source: &Text) -> Node {
    boot_from(builder(), source).await
}

fn post() -> Ask {
    Ask::new("POST", "/api/reload").header("authorization", "Bearer secret")
}

#[tokio::test]
async fn the_spec_in_force_is_shown_as_ron_or_as_json_and_without_secrets() {
    let source = source(text("(id: \"a\", kind: \"idle\")", "secret"));
    let node = boot(&source).await;
    let to = address(&node);
    let answer = Ask::get("/api/spec").send(to).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/ron"));
    assert!(
        answer.body.contains("kind: Some(\"idle\")") || answer.body.contains("kind: \"idle\""),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("secret"), "{}", answer.body);
    let ask = Ask::get("/api/spec").header("accept", "application/json");
    let answer = ask.send(to).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let spec = answer.json();
    assert_eq!(spec["http"]["token"], json!("•••"));
    let namespace = &spec["namespaces"][0];
    assert_eq!(namespace["children"][0]["id"], json!("a"));
    assert_eq!(
        namespace["services"]["rate_limiters"]["limiters"][0]["config"]["limit"],
        json!(1)
    );
    // What was reloaded is in force.
    *source.lock().unwrap() = text("(id: \"b\", kind: \"idle\")", "secret");
    assert_eq!(post().send(to).await.status, 200);
    let ask = Ask::get("/api/spec").header("accept", "application/json");
    let spec = ask.send(to).await.json();
    assert_eq!(spec["namespaces"][0]["children"][0]["id"], json!("b"));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_reload_needs_the_token_and_tells_what_was_done() {
    let source = source(text(
        "(id: \"a\", kind: \"failing\", args: \"x\", restart: temporary)",
        "secret",
    ));
    let node = boot(&source).await;
    let to = address(&node);
    let without = Ask::new("POST", "/api/reload").send(to).await;
    assert_eq!(without.status, 401);
    assert_eq!(Ask::get("/api/reload").send(to).await.status, 405);
    assert_eq!(post().send(to).await.json(), json!({"applied": []}));
    let changed = text("(id: \"a\", kind: \"idle\", restart: temporary)", "secret");
    *source.lock().unwrap() = changed.replace("limit: 1", "limit: 2");
    let answer = post().send(to).await;
    assert_eq!(answer.status, 200);
    let why = "what it runs is made when it starts";
    let restart = |field: &str| {
        json!({"path": format!("namespaces[0].children[0].{field}"), "kind": "changed", "effect": "restart",
            "process": "n/children/a", "why": why})
    };
    assert_eq!(
        answer.json(),
        json!({"applied": [
            {"path": "namespaces[0].services.rate_limiters.limiters[0].config", "kind": "changed", "effect": "in_place"},
            restart("kind"),
            restart("args"),
        ]})
    );
    let reply: ReloadReply = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(reply.applied.len(), 3);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn all_faults_are_told_with_their_places_and_nothing_has_changed() {
    let good = text("(id: \"a\", kind: \"idle\")", "secret");
    let source = source(good.clone());
    let node = boot(&source).await;
    let to = address(&node);
    *source.lock().unwrap() = text(
        "(id: \"a\", kind: \"idel\"), (id: \"a\", kind: \"idle\")",
        "secret",
    );
    let answer = post().send(to).await;
    assert_eq!(answer.status, 422);
    let reply: ReloadErrorReply = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(reply.error.code, "invalid_spec");
    assert_eq!(reply.error.message, "2 faults, nothing has changed");
    let places: Vec<_> = reply
        .faults
        .iter()
        .map(|fault| (fault.path.as_str(), fault.line))
        .collect();
    assert_eq!(
        places,
        [
            ("namespaces[0].children[0].kind", Some(4)),
            ("namespaces[0].children[1].id", Some(4)),
        ]
    );
    *source.lock().unwrap() = text("(id: \"a\", kind: \"idle\")", "another");
    let answer = post().send(to).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json(),
        json!({"error": {"code": "invalid_spec", "message": "1 fault, nothing has changed"}, "faults": [
            {"path": "http.token", "line": 5, "column": 40,
                "message": "this takes a new node: who has the old token is not to lose it while the node runs"}]})
    );
    *source.lock().unwrap() = "(namespaces: [".to_owned();
    let answer = post().send(to).await;
    assert_eq!(
        (answer.status, answer.json()["faults"][0]["line"].clone()),
        (422, json!(1))
    );
    *source.lock().unwrap() = good;
    assert_eq!(post().send(to).await.json(), json!({"applied": []}));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn another_reload_is_not_waited_for() {
    let source = source(text("", "secret"));
    let node = boot(&source).await;
    let to = address(&node);
    // Its child never starts.
    *source.lock().unwrap() = text("(id: \"a\", kind: \"stuck\")", "secret");
    let (first, second) = (post().send(to), post().send(to));
    // The one that is first is answered when the node has stopped.
    let answer = tokio::select! {
        answer = first => answer,
        answer = second => answer,
    };
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json(),
        json!({"error": {"code": "conflict", "message": "another reload is under way"}})
    );
    // What is in force can be asked for meanwhile.
    assert_eq!(Ask::get("/api/spec").send(to).await.status, 200);
    node.stop(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_node_that_was_booted_from_nothing_has_nothing_to_read() {
    let node = crate::support::node("(name: \"n\")").await;
    let answer = post().send(address(&node)).await;
    assert_eq!(answer.status, 404);
    node.stop(Duration::from_secs(5)).await;
}
