//! A node that may take all the time there is to stop.

use std::time::Duration;

use mainstay::NodeBuilder;
use mainstay::prelude::*;

use crate::support::{Journal, builder, spec};

const CHILDREN: &str = r#"(id: "x", kind: "recorder", args: (name: "x"))"#;

fn endless(builder: &NodeBuilder, children: &str) -> NodeSpec {
    let text =
        format!(r#"(namespaces: [(name: "app", children: [{children}])], http: (enabled: false))"#);
    spec(&text, builder).shutdown_deadline(Duration::MAX)
}

#[tokio::test(start_paused = true)]
async fn it_stops_as_any_other() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = endless(&builder, CHILDREN);
    let node = builder.boot(&spec).await.unwrap();
    assert!(node.stop(Duration::MAX).await.killed.is_empty());
    assert_eq!(journal.lines(), ["+x", "-x"]);
    assert!(node.runtime().roots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_started_before_a_failure_is_taken_back() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let children = format!(r#"{CHILDREN}, (id: "b", kind: "broken")"#);
    let spec = endless(&builder, &children);
    let booted = builder.boot(&spec).await;
    assert!(booted.is_err());
    assert_eq!(journal.lines(), ["+x", "-x"]);
}
