//! How the processes of a tree are doing, without asking them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Vitals`]: what can be seen of one child at one look |
//! | `watch.rs` | [`ProgressWatch`]: what comes of looking again: stuck or merely busy; pure |
//!
//! A look sends no message and waits for nobody, so it works while supervisors and actors are busy, and costs them next to nothing: what is
//! looked at are numbers that they write anyway, or that cost a plain write for each poll and each callback.

mod watch;

use std::time::Duration;

pub use watch::{Progress, ProgressWatch};

use crate::process::{Process, Pulse};
use crate::supervisor::{ChildState, Entry, RestartBudget};
use crate::tree::NodeState;

/// How a child of a tree, or its root, is doing: at one look.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vitals {
    /// The ids from the root down to it, joined by `/`.
    pub path: String,
    /// Whether it runs.
    pub state: NodeState,
    /// Its process, if it runs.
    pub process: Option<Process>,
    /// How often it was started again.
    pub restarts: u32,
    /// How often it has failed in a row, where its spec has a [`Backoff`](mainstay_specs::Backoff): as many as are counted for its next wait.
    pub failures: u32,
    /// In what time it is started again, if it waits for that: nothing once it is due.
    pub due_in: Option<Duration>,
    /// What is left of the restarts it may make, if it is a supervisor that runs.
    pub budget: Option<RestartBudget>,
    /// The child whose start it waits for, if it is a supervisor: it does nothing else meanwhile.
    pub starting: Option<Process>,
    /// How far it is.
    pub pulse: Pulse,
    /// How many messages wait for it, if that is counted: see [`Process::waiting`].
    pub waiting: Option<usize>,
    /// How long the first of those has waited, if that is measured: see [`Process::longest_wait`].
    pub longest_wait: Option<Duration>,
    /// How many of those that were counted it has taken out so far.
    pub(crate) taken: u64,
}

impl Vitals {
    /// From this process down, each supervisor before its children, those in start order; no more than `max`. Whether that was
    /// all is the second part.
    ///
    /// Each supervisor's children are looked at in one moment, those of different supervisors at slightly different ones.
    #[must_use]
    pub fn below(root: &Process, max: usize) -> (Vec<Self>, bool) {
        let mut found = Vec::new();
        // Those whose children are still to come, the next one last.
        let mut ahead = vec![Self::of(root)];
        while let Some(vitals) = ahead.pop() {
            if found.len() >= max {
                return (found, false);
            }
            let room = max - found.len();
            ahead.extend(vitals.children(room).into_iter().rev());
            found.push(vitals);
        }
        (found, true)
    }

    /// Of one process.
    #[must_use]
    pub fn of(process: &Process) -> Self {
        let state = if process.is_alive() {
            NodeState::Running
        } else {
            NodeState::Stopped
        };
        let mut vitals = Self::new(process.path(), state);
        vitals.look_at(process);
        vitals
    }

    const fn new(path: String, state: NodeState) -> Self {
        Self {
            path,
            state,
            process: None,
            restarts: 0,
            failures: 0,
            due_in: None,
            budget: None,
            starting: None,
            pulse: Pulse::NONE,
            waiting: None,
            longest_wait: None,
            taken: 0,
        }
    }

    fn of_child(above: &str, entry: &Entry) -> Self {
        let running = entry.running().filter(|process| process.is_alive());
        let (state, due) = match &entry.state {
            ChildState::Running(_) if running.is_some() => (NodeState::Running, None),
            ChildState::Restarting { due, .. } => (NodeState::Restarting, *due),
            ChildState::Running(_) | ChildState::Stopped => (NodeState::Stopped, None),
        };
        let path = format!("{above}/{}", entry.child.spec().id);
        let mut vitals = Self::new(path, state);
        vitals.restarts = entry.restarts;
        vitals.failures = entry.failures;
        let now = tokio::time::Instant::now();
        vitals.due_in = due.map(|due| due.saturating_duration_since(now));
        vitals.process = running.cloned();
        vitals
    }

    /// Fills in what the process itself tells.
    fn look_at(&mut self, process: &Process) {
        let life = process.life();
        self.process = Some(process.clone()).filter(Process::is_alive);
        self.pulse = process.pulse();
        if let Some(mailbox) = life.mailbox() {
            self.taken = mailbox.taken();
            self.waiting = Some(mailbox.waiting());
            self.longest_wait = mailbox.longest_wait();
        }
        if let Some(hub) = life.hub().filter(|_| process.is_alive()) {
            let flags = hub.flags();
            let table = hub.table();
            self.budget = Some(table.budget(&flags));
            self.starting.clone_from(&table.starting);
        }
    }

    /// Those of its children, no more than `max`. What they themselves tell is looked at when the supervisor's lock is no longer held.
    fn children(&self, max: usize) -> Vec<Self> {
        let hub = self
            .process
            .as_ref()
            .and_then(|process| process.life().hub());
        let Some(hub) = hub else {
            return Vec::new();
        };
        let table = hub.table();
        let entries = table.iter().map(|(_, entry)| entry);
        // One that is temporary and has ended is not kept: its supervisor has only not heard of it yet.
        let is_there =
            |entry: &&Entry| !entry.is_temporary() || entry.running().is_none_or(Process::is_alive);
        let children = entries.filter(is_there).take(max);
        let mut children: Vec<_> = children
            .map(|entry| Self::of_child(&self.path, entry))
            .collect();
        drop(table);
        for child in &mut children {
            if let Some(process) = child.process.clone() {
                child.look_at(&process);
            }
        }
        children
    }
}
