//! The live tree, as a snapshot: what CLI, HTTP and tests show.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildType, Restart};
use serde::{Deserialize, Serialize};

use crate::process::{Pid, Process, ProcessKind};
use crate::supervisor::{ChildState, Entry, Hub};

/// Whether a child of the snapshot runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodeState {
    /// It has a process.
    Running,
    /// Its restart has failed or waits for its time.
    Restarting,
    /// It has no process.
    Stopped,
}

/// A child, or a root, as it is at one moment; a supervisor with all below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeNode {
    /// What its supervisor calls it.
    pub id: ChildId,
    /// The number of its present incarnation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<Pid>,
    /// Whether it runs.
    pub state: NodeState,
    /// What it is made of, if it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProcessKind>,
    /// Worker or supervisor, as declared.
    #[serde(rename = "type")]
    pub child_type: ChildType,
    /// When it is restarted; roots have no such rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// How often it was started again.
    pub restarts: u32,
    /// How long it has been as it is, in milliseconds, by the clock of tokio.
    pub for_ms: u64,
    /// The strategy, if it is a supervisor that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Cow<'static, str>>,
    /// Its children, in start order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

impl TreeNode {
    /// The tree from this process down. It sends no message and so waits for nobody, also when supervisors are busy;
    /// each supervisor's children are read in one moment, those of different supervisors at slightly different ones.
    #[must_use]
    pub fn of(root: &Process) -> Self {
        let mut node = Self {
            id: root.id().clone(),
            pid: Some(root.pid()),
            state: if root.is_alive() {
                NodeState::Running
            } else {
                NodeState::Stopped
            },
            kind: Some(root.kind()),
            child_type: if root.kind() == ProcessKind::Supervisor {
                ChildType::Supervisor
            } else {
                ChildType::Worker
            },
            restart: None,
            restarts: 0,
            for_ms: root
                .life()
                .hub()
                .map_or(0, |hub| millis(hub.since.elapsed())),
            strategy: None,
            children: Vec::new(),
        };
        node.fill(root);
        node
    }

    fn of_child(entry: &Entry) -> (Self, Option<Process>) {
        let spec = entry.child.spec();
        let process = entry
            .running()
            .filter(|process| process.is_alive())
            .cloned();
        let state = match &entry.state {
            ChildState::Running(_) if process.is_some() => NodeState::Running,
            ChildState::Restarting { .. } => NodeState::Restarting,
            ChildState::Running(_) | ChildState::Stopped => NodeState::Stopped,
        };
        let node = Self {
            id: spec.id.clone(),
            pid: process.as_ref().map(Process::pid),
            state,
            kind: process.as_ref().map(Process::kind),
            child_type: spec.child_type,
            restart: Some(spec.restart),
            restarts: entry.restarts,
            for_ms: millis(entry.since.elapsed()),
            strategy: None,
            children: Vec::new(),
        };
        (node, process)
    }

    fn fill(&mut self, process: &Process) {
        let Some(hub) = process.life().hub() else {
            return;
        };
        self.strategy = Some(Cow::Borrowed(hub.strategy()));
        for (mut child, process) in children(&hub) {
            if let Some(process) = process {
                child.fill(&process);
            }
            self.children.push(child);
        }
    }

    /// How many nodes there are, this one included.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    fn draw(
        &self,
        f: &mut fmt::Formatter<'_>,
        stem: &str,
        branch: &str,
        below: &str,
    ) -> fmt::Result {
        write!(f, "{stem}{branch}{}", self.id)?;
        if let Some(strategy) = &self.strategy {
            write!(f, "  {strategy}")?;
        }
        match (self.state, self.pid) {
            (NodeState::Running, Some(pid)) => write!(f, "  {pid}")?,
            (NodeState::Restarting, _) => f.write_str("  restarting")?,
            _ => f.write_str("  stopped")?,
        }
        if self.restarts > 0 {
            write!(f, "  restarts {}", self.restarts)?;
        }
        writeln!(f)?;
        let stem = format!("{stem}{below}");
        for (index, child) in self.children.iter().enumerate() {
            let last = index + 1 == self.children.len();
            let (branch, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            child.draw(f, &stem, branch, below)?;
        }
        Ok(())
    }
}

/// The tree as a picture in text, a line for each child.
impl fmt::Display for TreeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, "", "", "")
    }
}

fn children(hub: &Arc<Hub>) -> Vec<(TreeNode, Option<Process>)> {
    hub.table()
        .iter()
        .map(|(_, entry)| TreeNode::of_child(entry))
        .filter(|(node, _)| !is_over(node))
        .collect()
}

/// Whether nothing is left of it but that its supervisor has not heard of its end yet: one that is temporary is not kept.
fn is_over(node: &TreeNode) -> bool {
    node.state == NodeState::Stopped && node.restart == Some(Restart::Temporary)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
