//! Nodes from text, and what of them is the same after a reload.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay::prelude::*;
use mainstay::specs::NodeSpec;
use mainstay::supervisors::TreeNode;
use mainstay::{NodeBuilder, ReloadReport};
use serde::Deserialize;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Told {
    n: u32,
    fails: bool,
    /// So many milliseconds pass before it stops.
    slow: u64,
}

/// With the kind `k`, whose start fails if it is told so, and which otherwise waits to be stopped.
pub(crate) fn builder() -> NodeBuilder {
    Node::builder().kind("k", |told: Told| {
        Child::from_start(ChildSpec::new(id("k")), move |cx| async move {
            if told.fails {
                return Err(StartError::failed("no luck"));
            }
            Ok(cx
                .spawn_task(move |stop| async move {
                    stop.stopped().await;
                    tokio::time::sleep(Duration::from_millis(told.slow)).await;
                })
                .into())
        })
    })
}

pub(crate) fn id(text: &str) -> ChildId {
    ChildId::new(text).unwrap()
}

/// Of these namespaces, without HTTP and without a watchdog, which has a clock of its own.
pub(crate) fn spec(namespaces: &str) -> NodeSpec {
    let text =
        format!("(namespaces: [{namespaces}], http: (enabled: false), watchdog: (enabled: false))");
    NodeSpec::from_ron(&text, &builder()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Of one namespace `n`.
pub(crate) fn one(inner: &str) -> NodeSpec {
    spec(&format!("(name: \"n\", {inner})"))
}

pub(crate) async fn boot(spec: &NodeSpec) -> Node {
    builder().boot(spec).await.unwrap()
}

/// Reloads it, and gives what has changed, as text.
pub(crate) async fn reload(node: &Node, spec: &NodeSpec) -> Vec<String> {
    let report: ReloadReport = node.reload(spec).await.unwrap();
    assert_eq!(node.spec().await, *spec, "it has become what it was told");
    report.applied.iter().map(ToString::to_string).collect()
}

/// All processes that run, by path, with their pids.
pub(crate) fn pids(node: &Node) -> BTreeMap<String, String> {
    let mut pids = BTreeMap::new();
    for root in node.runtime().roots() {
        let text = TreeNode::of(root.process()).to_string();
        let mut path: Vec<&str> = Vec::new();
        for line in text.lines() {
            let name = line.trim_start_matches(['│', '├', '└', '─', ' ']);
            let depth = (line.chars().count() - name.chars().count()) / 3;
            let (name, rest) = name.split_once("  ").unwrap();
            path.truncate(depth);
            path.push(name);
            let pid = rest.split('#').next_back().unwrap();
            pids.insert(path.join("/"), pid.to_owned());
        }
    }
    pids
}

/// The paths of all processes that run.
pub(crate) fn names(node: &Node) -> Vec<String> {
    pids(node).into_keys().collect()
}

/// What stands under the root of the namespace, first to last.
pub(crate) async fn order(namespace: &Namespace) -> Vec<String> {
    let children = namespace.root().unwrap().which_children().await.unwrap();
    let ids = children.into_iter().map(|child| child.id.to_string());
    ids.collect()
}

/// The paths of those that are not what they were: other processes, gone, or come.
pub(crate) fn touched(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<String> {
    let paths = before.keys().chain(after.keys());
    let mut touched: Vec<_> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .cloned()
        .collect();
    touched.sort();
    touched.dedup();
    touched
}

/// Kills who has this name, and waits for the successor.
pub(crate) async fn crash(namespace: &Namespace, name: &str) {
    let old = namespace.whereis(name).unwrap();
    let down = old.monitor();
    old.kill();
    down.await;
    while namespace.whereis(name).is_none_or(|now| now == old) {
        tokio::task::yield_now().await;
    }
}
