//! The children of a supervisor, as it knows them. Shared with the tree's snapshot, which reads it without a message.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, ChildType, Restart, SupervisorFlags};
use rustc_hash::FxBuildHasher;
use tokio::time::Instant;

use super::budget::RestartBudget;
use super::decide::{Key, Sibling, Siblings};
use super::doom::Doom;
use super::entries::Entries;
use super::handle::{ChildInfo, ChildStatus};
use super::history::History;
use crate::process::{Pid, Process, drop_caught};
use crate::start::{Child, Started};

/// What a child is at the moment.
#[derive(Clone, Debug)]
pub(crate) enum ChildState {
    /// It has a process, which may have ended without the supervisor having heard of it.
    Running(Process),
    /// Its last restart failed, or waits for its time; the next attempt is due. Known by its last process.
    Restarting {
        last: Option<Process>,
        epoch: u64,
        /// If it waits for its time.
        due: Option<Instant>,
    },
    /// It has no process: stopped, ended normally, or ignored.
    Stopped,
}

impl ChildState {
    /// What a child is after a start that did not fail.
    pub(crate) fn after(started: &Started) -> Self {
        match started.process() {
            Some(process) => Self::Running(process.clone()),
            None => Self::Stopped,
        }
    }
}

/// The spec of a child, to be kept while the child may be forgotten. Whoever is the last to know of a child drops what its start
/// function holds, which is the user's: a panic in that is caught.
pub(crate) struct KeptSpec(Option<Child>);

impl Deref for KeptSpec {
    type Target = ChildSpec;

    fn deref(&self) -> &ChildSpec {
        self.0.as_ref().expect("it is taken out by drop").spec()
    }
}

impl Drop for KeptSpec {
    fn drop(&mut self) {
        drop_caught(self.0.take());
    }
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) child: Child,
    pub(crate) state: ChildState,
    pub(crate) restarts: u32,
    /// Failures in a row, for the backoff, and when the last start was.
    pub(crate) failures: u32,
    pub(crate) since: Instant,
}

impl Entry {
    pub(crate) fn new(child: Child, state: ChildState, now: Instant) -> Self {
        Self {
            child,
            state,
            restarts: 0,
            failures: 0,
            since: now,
        }
    }

    pub(crate) fn spec_to_keep(&self) -> KeptSpec {
        KeptSpec(Some(self.child.clone()))
    }

    pub(crate) fn running(&self) -> Option<&Process> {
        match &self.state {
            ChildState::Running(process) => Some(process),
            ChildState::Restarting { .. } | ChildState::Stopped => None,
        }
    }

    /// Marks it as having no process; gives the last one it had.
    pub(crate) fn take_last(&mut self) -> Option<Process> {
        match std::mem::replace(&mut self.state, ChildState::Stopped) {
            ChildState::Running(process) => Some(process),
            ChildState::Restarting { last, .. } => last,
            ChildState::Stopped => None,
        }
    }

    pub(crate) fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.child.spec().id.clone(),
            status: match &self.state {
                ChildState::Running(process) => ChildStatus::Running(process.clone()),
                ChildState::Restarting { .. } => ChildStatus::Restarting,
                ChildState::Stopped => ChildStatus::Stopped,
            },
            child_type: self.child.spec().child_type,
        }
    }

    fn has_dependencies(&self) -> bool {
        !self.child.spec().depends_on.is_empty()
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.child.spec().restart == Restart::Temporary
    }

    /// Whether the entry is known by this process: its present one, or the last one of a child to be restarted.
    pub(crate) fn is_known_by(&self, pid: Pid) -> bool {
        match &self.state {
            ChildState::Running(process)
            | ChildState::Restarting {
                last: Some(process),
                ..
            } => process.pid() == pid,
            ChildState::Restarting { last: None, .. } | ChildState::Stopped => false,
        }
    }
}

impl Sibling for Entry {
    fn spec(&self) -> &ChildSpec {
        self.child.spec()
    }

    fn is_present(&self) -> bool {
        !matches!(self.state, ChildState::Stopped)
    }
}

/// Under which keys children are known by their ids.
pub(crate) type Ids = HashMap<ChildId, Key, FxBuildHasher>;

/// All children in start order.
#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Entries<Entry>,
    ids: Ids,
    /// How many children name what they depend on.
    dependents: usize,
    /// The process that a start function has made, until it is in its entry or, after a failed start, has ended.
    pub(crate) starting: Option<Process>,
    /// The supervisor has ended.
    pub(crate) closed: bool,
    /// Its children are to be killed with it.
    pub(crate) doom: Option<Arc<Doom>>,
    /// The restarts of late. Here, so that others can see them.
    history: History,
}

impl Table {
    pub(crate) fn get(&self, key: Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    /// Has something done with the restarts of late and the children.
    pub(crate) fn with_history<T>(&mut self, act: impl FnOnce(&mut History, &Self) -> T) -> T {
        let mut history = std::mem::take(&mut self.history);
        let done = act(&mut history, self);
        self.history = history;
        done
    }

    /// What is left of the restarts that `flags` allow.
    pub(crate) fn budget(&self, flags: &SupervisorFlags) -> RestartBudget {
        self.history.budget(flags, Instant::now())
    }

    pub(crate) fn key_of(&self, id: &ChildId) -> Option<Key> {
        self.ids.get(id).copied()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &Entry)> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes note of the ids of the children that it begins with, which are started one after the other.
    pub(crate) fn expect(&mut self, ids: Ids) {
        self.entries.reserve(ids.len());
        self.ids = ids;
    }

    /// Adds a child that is known by its id.
    pub(crate) fn insert_named(&mut self, key: Key, entry: Entry) {
        self.ids.insert(entry.child.spec().id.clone(), key);
        self.insert_expected(key, entry);
    }

    /// Adds a child whose id has been noted.
    pub(crate) fn insert_expected(&mut self, key: Key, entry: Entry) {
        self.starting = None;
        self.dependents += usize::from(entry.has_dependencies());
        self.entries.insert(key, entry);
    }

    /// A child that was expected is not kept.
    pub(crate) fn forget_id(&mut self, id: &ChildId) {
        self.ids.remove(id);
    }

    /// Adds a child that is known by its process only.
    pub(crate) fn insert(&mut self, key: Key, entry: Entry) {
        self.starting = None;
        self.entries.insert(key, entry);
    }

    /// Puts another child of the same id in the place of one; gives that one.
    pub(crate) fn change(&mut self, key: Key, child: Child) -> Option<Child> {
        let entry = self.entries.get_mut(key)?;
        self.dependents -= usize::from(entry.has_dependencies());
        let before = std::mem::replace(&mut entry.child, child);
        self.dependents += usize::from(entry.has_dependencies());
        Some(before)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        let id = &entry.child.spec().id;
        if self.ids.get(id) == Some(&key) {
            self.ids.remove(id);
            self.dependents -= usize::from(entry.has_dependencies());
        }
        Some(entry)
    }

    pub(crate) fn take_all(&mut self) -> Entries<Entry> {
        self.dependents = 0;
        self.ids.clear();
        std::mem::take(&mut self.entries)
    }

    /// A child that is there was started again.
    /// Gives what it was before.
    pub(crate) fn set_started(
        &mut self,
        key: Key,
        started: &Started,
        restarts: u32,
    ) -> Option<ChildState> {
        self.starting = None;
        let entry = self.entries.get_mut(key)?;
        entry.restarts = restarts;
        entry.since = Instant::now();
        Some(std::mem::replace(
            &mut entry.state,
            ChildState::after(started),
        ))
    }

    /// Marks a child whose spec has a backoff as waiting for its restart; gives the epoch of the wait and its length, of
    /// which `chance` decides, from 0 to below 1.
    pub(crate) fn put_off(
        &mut self,
        key: Key,
        epoch: &mut u64,
        chance: impl FnOnce() -> f64,
    ) -> Option<(u64, Duration)> {
        let entry = self.entries.get_mut(key)?;
        let backoff = entry.child.spec().backoff?;
        *epoch += 1;
        let stayed_up = entry.running().is_some() && entry.since.elapsed() >= backoff.reset_after;
        entry.failures = if stayed_up {
            1
        } else {
            entry.failures.saturating_add(1)
        };
        let last = match &entry.state {
            ChildState::Running(process) => Some(process.clone()),
            ChildState::Restarting { last, .. } => last.clone(),
            ChildState::Stopped => None,
        };
        let delay = backoff.delay(entry.failures, chance());
        entry.state = ChildState::Restarting {
            last,
            epoch: *epoch,
            due: Instant::now().checked_add(delay),
        };
        Some((*epoch, delay))
    }

    pub(crate) fn count(&self, mut keep: impl FnMut(&Entry) -> bool) -> usize {
        self.iter().filter(|(_, entry)| keep(entry)).count()
    }

    pub(crate) fn count_type(&self, child_type: ChildType) -> usize {
        self.count(|entry| entry.child.spec().child_type == child_type)
    }
}

impl Siblings for Table {
    type Child = Entry;

    fn in_order(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.iter()
    }

    fn has_dependents(&self) -> bool {
        self.dependents > 0
    }
}
