//! The tree after a step, as the traces write it.

use std::time::Duration;

use mainstay_specs::ChildType;
use mainstay_supervisors::{ChildCounts, ChildInfo, ChildStatus};
use serde_json::{Value, json};

use super::directory::{Directory, Supervising};

/// How long a supervisor that should be at rest may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The tree from the root down; empty when the root is not running.
pub(super) async fn take(directory: &Directory) -> Vec<Value> {
    let mut nodes = Vec::new();
    let mut waiting: Vec<String> = vec!["root".to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(found) = directory.supervisor(&path) else {
            continue;
        };
        if !found.process.is_alive() {
            continue;
        }
        match tokio::time::timeout(PATIENCE, node(directory, &path, &found)).await {
            Ok(Some((node, below))) => {
                nodes.push(node);
                waiting.extend(below.into_iter().rev());
            }
            Ok(None) => {}
            Err(_) => nodes.push(json!({"sup": path, "n": "no answer"})),
        }
    }
    nodes
}

/// A supervisor and the paths of its running child supervisors, in the order of its list.
async fn node(
    directory: &Directory,
    path: &str,
    found: &Supervising,
) -> Option<(Value, Vec<String>)> {
    let handle = found.process.supervisor()?;
    let children = handle.which_children().await.ok()?;
    let counts = handle.count_children().await.ok()?;
    let mut below: Vec<String> = children
        .iter()
        .filter_map(|child| supervisor_path(directory, child))
        .collect();
    if found.is_ordered() {
        below.reverse();
    } else {
        below.sort();
    }
    let n = directory.name(&found.process)?.n;
    let node = json!({
        "sup": path,
        "n": n,
        "children": entries(directory, found, &children),
        "counts": numbers(&counts),
    });
    Some((node, below))
}

fn supervisor_path(directory: &Directory, child: &ChildInfo) -> Option<String> {
    let ChildStatus::Running(process) = &child.status else {
        return None;
    };
    let name = directory.name(process)?;
    let is_current = directory.supervisor(&name.path)?.process == *process;
    is_current.then_some(name.path)
}

/// The children as `which_children` tells them: the last started first; sorted where there is no order.
pub(super) fn entries(
    directory: &Directory,
    found: &Supervising,
    children: &[ChildInfo],
) -> Vec<Value> {
    let entry = |child: &ChildInfo| entry(directory, found, child);
    let mut entries: Vec<Value> = children.iter().map(entry).collect();
    if found.is_ordered() {
        entries.reverse();
    } else {
        // Those without a process, and so without a name, come last.
        let name = |entry: &Value| entry[0].as_str().map(ToOwned::to_owned);
        entries.sort_by_key(|entry| (name(entry).is_none(), name(entry)));
    }
    entries
}

fn entry(directory: &Directory, found: &Supervising, child: &ChildInfo) -> Value {
    let child_type = match child.child_type {
        ChildType::Worker => "worker",
        ChildType::Supervisor => "supervisor",
    };
    let name = match &child.status {
        ChildStatus::Running(process) => directory.name(process),
        _ => None,
    };
    let id = match &name {
        _ if found.is_ordered() => json!(child.id.as_str()),
        Some(name) => json!(name.path.rsplit('/').next()),
        None => Value::Null,
    };
    let (state, n) = match &child.status {
        ChildStatus::Running(_) => ("alive", json!(name.map(|name| name.n))),
        ChildStatus::Restarting => ("restarting", Value::Null),
        ChildStatus::Stopped => ("undefined", Value::Null),
        _ => ("unexpected", Value::Null),
    };
    json!([id, state, n, child_type])
}

/// Specs, active, supervisors, workers.
pub(super) fn numbers(counts: &ChildCounts) -> Value {
    json!([
        counts.specs,
        counts.active,
        counts.supervisors,
        counts.workers
    ])
}
