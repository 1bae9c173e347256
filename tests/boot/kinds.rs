//! Kinds: what a file names, and what the application makes of it.

use std::num::NonZeroUsize;
use std::time::Duration;

use mainstay::prelude::*;
use mainstay::{BootError, NodeBuilder};
use mainstay_tests::probe::Probe;
use serde::Deserialize;

use crate::support::{Journal, builder, picture, spec};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interval {
    #[serde(with = "mainstay::specs::duration")]
    every: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("every: expected at most an hour")]
struct TooLong;

fn hourly() -> NodeBuilder {
    Node::builder().kind("clock", |args: Interval| {
        if args.every > Duration::from_secs(3600) {
            return Err(TooLong);
        }
        Ok(Child::task(
            "clock",
            |stop| async move { stop.stopped().await },
        ))
    })
}

fn faults(text: &str, builder: &NodeBuilder) -> String {
    let faults = NodeSpec::from_ron(text, builder).unwrap_err();
    faults.in_file("node.ron").to_string()
}

#[test]
fn arguments_of_another_type_are_a_fault_with_its_place() {
    let text = r#"(namespaces: [(name: "app", children: [
    (id: "a", kind: "clock", args: (every: 5)),
])])"#;
    assert_eq!(
        faults(text, &hourly()),
        "node.ron:2:44: namespaces[0].children[0].args.every: \
         expected a text in quotes, found 5"
    );
}

#[test]
fn arguments_that_the_kind_refuses_are_a_fault_with_its_place() {
    let text = r#"(namespaces: [(name: "app", children: [
    (id: "a", kind: "clock", args: (every: "2h")),
])])"#;
    let faults = NodeSpec::from_ron(text, &hourly()).unwrap_err();
    assert_eq!(
        faults.render("node.ron", text),
        "\
error: every: expected at most an hour
 --> node.ron:2:36 (namespaces[0].children[0].args)
  |
2 |     (id: \"a\", kind: \"clock\", args: (every: \"2h\")),
  |                                    ^^^^^^^^^^^^^

1 fault in node.ron
"
    );
}

#[test]
fn a_kind_that_was_not_registered_is_a_fault_with_a_suggestion() {
    let text = r#"(namespaces: [(name: "app", children: [(id: "a", kind: "clok")])])"#;
    assert_eq!(
        faults(text, &hourly()),
        "node.ron:1:56: namespaces[0].children[0].kind: unknown kind `clok`, did you mean `clock`?"
    );
}

#[tokio::test]
async fn a_spec_from_code_is_checked_at_boot() {
    let mut node = spec(
        r#"(namespaces: [(name: "a")], http: (enabled: false))"#,
        &hourly(),
    );
    node.namespaces.push(node.namespaces[0].clone());
    let error = hourly().boot(&node).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "namespaces[1].name: duplicate namespace name \"a\", first given at namespaces[0].name"
    );
}

#[tokio::test]
async fn a_namespace_may_be_called_http_only_where_there_is_no_http() {
    let taken = spec(
        r#"(namespaces: [(name: "http")], http: (bind: "127.0.0.1:0"))"#,
        &hourly(),
    );
    let error = hourly().boot(&taken).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "namespaces[0].name: \"http\" is the tree of the HTTP server; expected another name"
    );
    let free = spec(
        r#"(namespaces: [(name: "http")], http: (enabled: false))"#,
        &hourly(),
    );
    let node = hourly().boot(&free).await.unwrap();
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn supervisors_in_a_file_become_supervisors() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [(
                name: "app",
                supervisor: (strategy: rest_for_one),
                children: [
                    (id: "a", kind: "recorder", args: (name: "a")),
                    (id: "inner", supervisor: (strategy: one_for_all), children: [
                        (id: "b", kind: "recorder", args: (name: "b")),
                        (id: "empty", supervisor: (), children: []),
                    ]),
                ],
            )],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    assert_eq!(
        picture(&node),
        "\
app  rest_for_one  #1
└─ children  rest_for_one  #2
   ├─ a  #3
   └─ inner  one_for_all  #4
      ├─ b  #5
      └─ empty  one_for_one  #6
"
    );
    node.stop(Duration::from_secs(1)).await;
    assert_eq!(journal.lines(), ["+a", "+b", "-b", "-a"]);
}

#[tokio::test]
async fn the_file_decides_and_what_it_leaves_open_is_as_the_kind_has_it() {
    let limit = NonZeroUsize::new(7).unwrap();
    let builder = Node::builder().kind("clock", move |()| {
        Probe::new()
            .child("placeholder")
            .restart(Restart::Transient)
            .shutdown(Shutdown::BrutalKill)
            .mailbox_limit(limit)
    });
    let spec = spec(
        r#"(
            namespaces: [(name: "app", children: [
                (id: "open", kind: "clock"),
                (id: "given", kind: "clock", restart: temporary, shutdown: timeout("1s"), mailbox_limit: 3),
            ])],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    let children = node.namespace("app").unwrap().children().unwrap();
    let open = children.get_childspec(&ChildId::new("open").unwrap()).await;
    let expected = ChildSpec::new(ChildId::new("open").unwrap())
        .shutdown(Shutdown::BrutalKill)
        .mailbox_limit(limit);
    assert_eq!(open.unwrap(), expected);
    let given = children
        .get_childspec(&ChildId::new("given").unwrap())
        .await;
    let expected = ChildSpec::new(ChildId::new("given").unwrap())
        .restart(Restart::Temporary)
        .shutdown(Shutdown::Timeout(Duration::from_secs(1)))
        .mailbox_limit(NonZeroUsize::new(3).unwrap());
    assert_eq!(given.unwrap(), expected);
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_kind_may_make_a_supervisor() {
    let builder = Node::builder().kind("pool", |size: u32| {
        let workers = (1..=size).map(|nth| {
            Child::task(format!("worker-{nth}"), |stop| async move {
                stop.stopped().await
            })
        });
        Child::supervisor("pool", Supervisor::one_for_all().children(workers))
    });
    let spec = spec(
        r#"(namespaces: [(name: "app", children: [(id: "two", kind: "pool", args: 2)])], http: (enabled: false))"#,
        &builder,
    );
    let node = builder.boot(&spec).await.unwrap();
    assert_eq!(
        picture(&node),
        "\
app  rest_for_one  #1
└─ children  one_for_one  #2
   └─ two  one_for_all  #3
      ├─ worker-1  #4
      └─ worker-2  #5
"
    );
    let children = node.namespace("app").unwrap().children().unwrap();
    let two = children
        .get_childspec(&ChildId::new("two").unwrap())
        .await
        .unwrap();
    assert_eq!(two.child_type, ChildType::Supervisor);
    assert_eq!(two.shutdown, Some(Shutdown::Infinity));
    node.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_kind_that_changes_its_mind_between_check_and_boot_is_told_with_the_path_of_the_child() {
    let asked = std::sync::atomic::AtomicU32::new(0);
    let builder = Node::builder().kind("fickle", move |()| {
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 | 1 => Ok(Child::task("fickle", |_| async {})),
            _ => Err("not any more"),
        }
    });
    let spec = spec(
        r#"(namespaces: [(name: "app", children: [(id: "a", kind: "fickle")])], http: (enabled: false))"#,
        &builder,
    );
    let error = builder.boot(&spec).await.unwrap_err();
    assert!(matches!(&error, BootError::Start { path, .. } if path == "app/children/a"));
    assert_eq!(
        error.to_string(),
        "app/children/a did not start: not any more"
    );
}

#[tokio::test]
async fn content_that_is_none_is_a_fault_before_anything_is_started() {
    let builder = builder(&Journal::default());
    let text = r#"(namespaces: [(name: "app", services: (config_server: (initial: {1: 2})))], http: (enabled: false))"#;
    let spec = spec(text, &builder);
    let error = builder.boot(&spec).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "1:65: namespaces[0].services.config_server.initial: expected a string as key, found an integer"
    );
}
