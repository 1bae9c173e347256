//! What every supervisor has: who it is, its children, its restart record, its timers, and how it reports.

use std::ops::Range;
use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, Restart, SupervisorFlags};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::decide::{self, Decision, Key, Keys};
use super::history::History;
use super::hub::Hub;
use super::launch::launch;
use super::message::Message;
use super::table::{ChildState, Entry, KeptSpec, Table};
use crate::event::EventKind;
use crate::exit::ExitReason;
use crate::process::{Pid, Process};
use crate::runtime::Scope;
use crate::start::{Child, StartError, Started};

pub(crate) struct Office {
    pub(crate) process: Process,
    pub(crate) hub: Arc<Hub>,
    /// Where its children live.
    pub(crate) scope: Arc<Scope>,
    pub(crate) flags: SupervisorFlags,
    /// Restarts that wait for their time; they end with the supervisor.
    timers: JoinSet<()>,
    epoch: u64,
    last_key: Key,
    /// Keys of children that are added before the last of those it began with.
    early: Range<Key>,
}

/// How many children may be added before the last of those that a supervisor began with, in all its life: the keys are not used again.
pub(crate) const ROOM: Key = 1 << 32;

impl Office {
    pub(crate) fn new(
        process: Process,
        hub: Arc<Hub>,
        scope: Arc<Scope>,
        flags: SupervisorFlags,
    ) -> Self {
        Self {
            process,
            hub,
            scope,
            flags,
            timers: JoinSet::new(),
            epoch: 0,
            last_key: 0,
            early: 0..0,
        }
    }

    /// The key of one more child: greater than all before it.
    pub(crate) fn new_key(&mut self) -> Key {
        self.last_key += 1;
        self.last_key
    }

    /// Keeps keys back for children that come before the next one.
    pub(crate) fn leave_room(&mut self) {
        let first = self.last_key + 1;
        self.last_key += ROOM;
        self.early = first..self.last_key + 1;
    }

    /// The key of one more child in the room that was left, if there is any: greater than those given out of it before.
    pub(crate) fn early_key(&mut self) -> Option<Key> {
        self.early.next()
    }

    /// What is to be done about a child that has ended, with its spec. Nothing if the process is no longer current.
    pub(crate) fn on_exit(&mut self, key: Key, pid: Pid) -> Option<(KeptSpec, Decision)> {
        let mut table = self.hub.table();
        let entry = table.get(key)?;
        let process = entry.running().filter(|process| process.pid() == pid)?;
        let process = process.clone();
        let (spec, reason) = (entry.spec_to_keep(), process.exit_reason()?);
        let (child, now) = ((key, &*spec), Instant::now());
        let decision = table.with_history(|history, table| {
            decide::on_exit(&self.flags, history, child, &reason, table, now)
        });
        drop(table);
        if reason.is_abnormal() || spec.restart == Restart::Permanent {
            self.publish(EventKind::ChildTerminated {
                supervisor: self.process.clone(),
                child: spec.id.clone(),
                process: process.clone(),
                reason: reason.clone(),
            });
        }
        if decision == Decision::GiveUp {
            self.report_giving_up(&spec.id, Some(process));
        }
        Some((spec, decision))
    }

    /// What is to be done about a restart that is due. Nothing if the child is no longer to be restarted.
    pub(crate) fn on_retry(&mut self, key: Key) -> Option<(KeptSpec, Decision)> {
        let mut table = self.hub.table();
        let entry = table.get(key)?;
        let ChildState::Restarting { last, .. } = &entry.state else {
            return None;
        };
        let last = last.clone();
        let spec = entry.spec_to_keep();
        let (child, now) = ((key, &*spec), Instant::now());
        let decision = table.with_history(|history, table| {
            decide::on_retry(&self.flags, history, child, table, now)
        });
        drop(table);
        if decision == Decision::GiveUp {
            self.report_giving_up(&spec.id, last);
        }
        Some((spec, decision))
    }

    /// Whom a restart concerns whose wait is over: it was counted when it was put off. Nobody if it was overtaken.
    pub(crate) fn on_time(&self, key: Key, epoch: u64) -> Option<Keys> {
        let table = self.hub.table();
        let entry = table.get(key)?;
        let ChildState::Restarting { epoch: current, .. } = entry.state else {
            return None;
        };
        let child = (key, &entry.child.spec().id);
        (current == epoch).then(|| decide::affected(self.flags.strategy, child, &*table))
    }

    pub(crate) fn affected(&self, key: Key, spec: &ChildSpec) -> Keys {
        let table = self.hub.table();
        decide::affected(self.flags.strategy, (key, &spec.id), &*table)
    }

    pub(crate) async fn launch(
        &self,
        child: (Key, &Child),
        restarts: u32,
    ) -> Result<Started, StartError> {
        launch(&self.hub, &self.scope, child, restarts).await
    }

    /// A restart has failed. It is tried again at once, but through the mailbox: what is already in it comes first. With
    /// a backoff: after its wait, and counted now.
    pub(crate) fn try_again(&mut self, key: Key, last: Option<Process>, spec: &ChildSpec) {
        let epoch = self.epoch;
        let due = None;
        self.set_state(key, ChildState::Restarting { last, epoch, due });
        let allows =
            |history: &mut History, _: &Table| history.allows_another(&self.flags, Instant::now());
        let counted = spec.backoff.is_some() && self.hub.table().with_history(allows);
        if !(counted && self.put_off(key)) {
            self.hub.send(Message::Retry { key, epoch: None });
        }
    }

    /// Puts a restart off, if the child's backoff says so.
    pub(crate) fn put_off(&mut self, key: Key) -> bool {
        let chance = || self.scope.runtime.roll();
        let put_off = self.hub.table().put_off(key, &mut self.epoch, chance);
        let Some((epoch, delay)) = put_off else {
            return false;
        };
        while self.timers.try_join_next().is_some() {}
        let hub = Arc::clone(&self.hub);
        self.timers.spawn(async move {
            tokio::time::sleep(delay).await;
            let epoch = Some(epoch);
            hub.send(Message::Retry { key, epoch });
        });
        true
    }

    pub(crate) fn set_state(&self, key: Key, state: ChildState) {
        let set = |entry: &mut Entry| std::mem::replace(&mut entry.state, state);
        let before = self.hub.table().get_mut(key).map(set);
        // Without the lock: it may be the last to know of a process, and so of an error of the user's.
        drop(before);
    }

    /// Marks a child that is about to be started again as having no process; gives the last one it had.
    pub(crate) fn take_last(&self, key: Key) -> Option<Process> {
        self.hub.table().get_mut(key)?.take_last()
    }

    pub(crate) fn set_started(&self, key: Key, started: &Started, restarts: u32) {
        let before = self.hub.table().set_started(key, started, restarts);
        // Without the lock, as above.
        drop(before);
    }

    /// A child that is to be started again, how often it was, and the last process it had, which it has no longer.
    pub(crate) fn child_to_start(&self, key: Key) -> Option<(Child, u32, Option<Process>)> {
        let mut table = self.hub.table();
        let entry = table.get_mut(key)?;
        let last = entry.take_last();
        Some((entry.child.clone(), entry.restarts.saturating_add(1), last))
    }

    pub(crate) fn report_start_error(
        &self,
        id: &ChildId,
        last: Option<&Process>,
        error: &StartError,
    ) {
        self.publish(EventKind::StartError {
            supervisor: self.process.clone(),
            child: id.clone(),
            last: last.cloned(),
            error: error.clone(),
        });
    }

    /// Reports on one child, by its process, or on several of one id at once.
    pub(crate) fn report_shutdown_error(
        &self,
        id: &ChildId,
        process: Option<Process>,
        reason: ExitReason,
        (count, overran): (usize, bool),
    ) {
        self.publish(EventKind::ShutdownError {
            supervisor: self.process.clone(),
            child: id.clone(),
            process,
            reason,
            count,
            overran,
        });
    }

    fn report_giving_up(&self, id: &ChildId, last: Option<Process>) {
        self.publish(EventKind::GaveUp {
            supervisor: self.process.clone(),
            child: id.clone(),
            last,
        });
    }

    fn publish(&self, kind: EventKind) {
        self.scope.runtime.events.publish(kind);
    }
}
