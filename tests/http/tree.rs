//! `/api/tree`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Ask, Stream};
use crate::support::{address, node, process};

const TWO: &str = r#"(name: "app", children: [
    (id: "a", kind: "idle", restart: transient),
    (id: "pool", supervisor: (strategy: one_for_all), children: [(id: "b", kind: "idle")]),
])"#;

/// Sets what depends on the clock to nothing.
fn timeless(node: &mut Value) {
    assert!(node["for_ms"].is_u64());
    node["for_ms"] = json!(0);
    let children = node.get_mut("children").and_then(Value::as_array_mut);
    for child in children.into_iter().flatten() {
        timeless(child);
    }
}

#[tokio::test]
async fn the_tree_is_shown_with_all_roots() {
    let node = node(TWO).await;
    let answer = Ask::get("/api/tree").send(address(&node)).await;
    assert_eq!(answer.status, 200);
    let mut tree = answer.json();
    for root in tree["roots"].as_array_mut().unwrap() {
        timeless(root);
    }
    let expected: Value = serde_json::from_str(
        r#"{
        "last_event": 7,
        "roots": [
            {
                "id": "http", "pid": 1, "state": "running", "kind": "supervisor", "type": "supervisor",
                "restarts": 0, "for_ms": 0, "strategy": "one_for_one",
                "children": [{
                    "id": "server", "pid": 2, "state": "running", "kind": "task", "type": "worker",
                    "restart": "permanent", "restarts": 0, "for_ms": 0
                }]
            },
            {
                "id": "app", "pid": 3, "state": "running", "kind": "supervisor", "type": "supervisor",
                "restarts": 0, "for_ms": 0, "strategy": "rest_for_one",
                "children": [{
                    "id": "children", "pid": 4, "state": "running", "kind": "supervisor", "type": "supervisor",
                    "restart": "permanent", "restarts": 0, "for_ms": 0, "strategy": "one_for_one",
                    "children": [
                        {
                            "id": "a", "pid": 5, "state": "running", "kind": "task", "type": "worker",
                            "restart": "transient", "restarts": 0, "for_ms": 0
                        },
                        {
                            "id": "pool", "pid": 6, "state": "running", "kind": "supervisor", "type": "supervisor",
                            "restart": "permanent", "restarts": 0, "for_ms": 0, "strategy": "one_for_all",
                            "children": [{
                                "id": "b", "pid": 7, "state": "running", "kind": "task", "type": "worker",
                                "restart": "permanent", "restarts": 0, "for_ms": 0
                            }]
                        }
                    ]
                }]
            }
        ]
    }"#,
    )
    .unwrap();
    assert_eq!(tree, expected);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_events_after_a_snapshot_tell_what_it_does_not() {
    let node = node(TWO).await;
    let tree = Ask::get("/api/tree").send(address(&node)).await.json();
    let last = tree["last_event"].as_u64().unwrap();
    process(&node, "app/children/a").await.kill();
    let ask = Ask::get(format!("/api/tree/events?after={last}"));
    let mut events = Stream::open(address(&node), ask).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.id, Some(last + 1));
    assert_eq!(
        (first.event.as_str(), &first.data["path"]),
        ("exited", &json!("app/children/a"))
    );
    events.until("restarted", "app/children/a").await;
    let tree = Ask::get("/api/tree").send(address(&node)).await.json();
    let a = &tree["roots"][1]["children"][0]["children"][0];
    assert_eq!(
        (&a["id"], &a["restarts"], &a["state"]),
        (&json!("a"), &json!(1), &json!("running"))
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_caller_who_prefers_text_gets_a_picture() {
    let node = node(TWO).await;
    let picture = "\
http  one_for_one  #1
└─ server  #2
app  rest_for_one  #3
└─ children  one_for_one  #4
   ├─ a  #5
   └─ pool  one_for_all  #6
      └─ b  #7
";
    for accept in [
        "text/plain",
        "text/plain;q=0.9, */*;q=0.1",
        "text/html, text/plain",
    ] {
        let answer = Ask::get("/api/tree")
            .header("accept", accept)
            .send(address(&node))
            .await;
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "{accept}"
        );
        assert_eq!(answer.body, picture);
    }
    for accept in [
        "*/*",
        "application/json",
        "application/json, text/plain",
        "text/html",
        "",
    ] {
        let answer = Ask::get("/api/tree")
            .header("accept", accept)
            .send(address(&node))
            .await;
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{accept}"
        );
    }
    node.stop(Duration::from_secs(5)).await;
}
