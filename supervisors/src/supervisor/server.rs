//! The supervisor whose children have ids and an order: receives, asks `decide`, carries out.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ChildType, SupervisorFlags};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::decide::{self, Decision, Key};
use super::error::SupervisorError;
use super::handle::{ChildCounts, ChildInfo, ChildStatus};
use super::history::History;
use super::hub::Hub;
use super::launch::launch;
use super::message::{Call, Message, Target};
use super::spec;
use super::stop::Stopping;
use super::table::{ChildState, Entry};
use crate::event::EventKind;
use crate::exit::ExitReason;
use crate::process::{Pid, Process};
use crate::runtime::Scope;
use crate::start::{Child, StartError, Started};

pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) hub: Arc<Hub>,
    /// Where its children live.
    pub(crate) scope: Arc<Scope>,
    pub(crate) flags: SupervisorFlags,
    history: History,
    /// Restarts that wait for their time; they end with the supervisor.
    timers: JoinSet<()>,
    epoch: u64,
}

impl Server {
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
            history: History::default(),
            timers: JoinSet::new(),
            epoch: 0,
        }
    }

    /// Starts all children in order. If one does not start, those before it are stopped, last first.
    pub(crate) async fn init(&mut self, children: Vec<Child>) -> Result<(), StartError> {
        for child in spec::in_start_order(&self.flags, children)? {
            let id = child.spec().id.clone();
            if let Err(error) = self.start_new(child).await {
                self.report_start_error(&id, &error);
                self.terminate_all().await;
                return Err(StartError::Child {
                    id,
                    error: Box::new(error),
                });
            }
        }
        Ok(())
    }

    /// Serves until it ends, and gives the reason.
    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) -> ExitReason {
        let reason = loop {
            let ended = match inbox.recv().await {
                Some(Message::ChildExited { key, pid }) => self.on_exit(key, pid).await,
                Some(Message::Retry { key, epoch }) => self.on_retry(key, epoch).await,
                Some(Message::Call(call)) => {
                    self.serve(call).await;
                    None
                }
                Some(Message::Stop(reason)) => Some(reason),
                None => Some(ExitReason::Shutdown),
            };
            if let Some(reason) = ended {
                break reason;
            }
        };
        self.terminate_all().await;
        reason
    }

    async fn on_exit(&mut self, key: Key, pid: Pid) -> Option<ExitReason> {
        let (spec, reason) = {
            let table = self.hub.table();
            // Anything else is the end of a process that is no longer current.
            let entry = table.get(key)?;
            let process = entry.running().filter(|process| process.pid() == pid)?;
            (entry.child.spec().clone(), process.exit_reason()?)
        };
        if reason.is_abnormal() || spec.restart == mainstay_specs::Restart::Permanent {
            let (supervisor, child) = (self.process.clone(), spec.id.clone());
            self.publish(EventKind::ChildTerminated {
                supervisor,
                child,
                reason: reason.clone(),
            });
        }
        let decision = {
            let table = self.hub.table();
            decide::on_exit(
                &self.flags,
                &mut self.history,
                (key, &spec),
                &reason,
                &*table,
                Instant::now(),
            )
        };
        self.carry_out(decision, key, &spec).await
    }

    async fn on_retry(&mut self, key: Key, epoch: Option<u64>) -> Option<ExitReason> {
        let spec = {
            let table = self.hub.table();
            let entry = table.get(key)?;
            let due = matches!(&entry.state, ChildState::Restarting { epoch: current, .. }
                if epoch.is_none_or(|epoch| epoch == *current));
            due.then(|| entry.child.spec().clone())?
        };
        if epoch.is_some() {
            // It was counted when it was put off.
            self.restart(self.affected(key, &spec), key).await;
            return None;
        }
        let decision = {
            let table = self.hub.table();
            decide::on_retry(
                &self.flags,
                &mut self.history,
                (key, &spec),
                &*table,
                Instant::now(),
            )
        };
        self.carry_out(decision, key, &spec).await
    }

    async fn carry_out(
        &mut self,
        decision: Decision,
        key: Key,
        spec: &ChildSpec,
    ) -> Option<ExitReason> {
        match decision {
            Decision::Keep => self.set_state(key, ChildState::Stopped),
            Decision::Forget => drop(self.hub.table().remove(key)),
            Decision::Restart(_) if self.put_off(key) => {}
            Decision::Restart(keys) => self.restart(keys, key).await,
            Decision::GiveUp => {
                self.publish(EventKind::GaveUp {
                    supervisor: self.process.clone(),
                });
                self.stay_down(key, spec);
                return Some(ExitReason::Shutdown);
            }
            Decision::ShutDown => {
                self.stay_down(key, spec);
                return Some(ExitReason::Shutdown);
            }
        }
        None
    }

    fn stay_down(&self, key: Key, spec: &ChildSpec) {
        match decide::stay_down(spec) {
            Decision::Forget => drop(self.hub.table().remove(key)),
            _ => self.set_state(key, ChildState::Stopped),
        }
    }

    /// Puts a restart off, if the child's backoff says so.
    fn put_off(&mut self, key: Key) -> bool {
        let Some((epoch, delay)) = self.hub.table().put_off(key, &mut self.epoch) else {
            return false;
        };
        while self.timers.try_join_next().is_some() {}
        let hub = Arc::clone(&self.hub);
        self.timers.spawn(async move {
            tokio::time::sleep(delay).await;
            hub.send(Message::Retry {
                key,
                epoch: Some(epoch),
            });
        });
        true
    }

    /// Stops `keys` in reverse and starts them in order. One that fails is tried again, and whom its own restart concerns
    /// is started with it then.
    async fn restart(&mut self, keys: Vec<Key>, failed: Key) {
        let last = {
            let mut table = self.hub.table();
            let Some(entry) = table.get_mut(failed) else {
                return;
            };
            match std::mem::replace(&mut entry.state, ChildState::Stopped) {
                ChildState::Running(process) => Some(process),
                ChildState::Restarting { last, .. } => last,
                ChildState::Stopped => None,
            }
        };
        for key in keys.iter().rev().filter(|key| **key != failed) {
            self.terminate(*key).await;
        }
        let mut put_off = Vec::new();
        for key in keys {
            if put_off.contains(&key) {
                continue;
            }
            let Some((child, restarts)) = self.child_to_start(key) else {
                continue;
            };
            match launch(&self.hub, &self.scope, (key, &child), restarts).await {
                Ok(started) => self.set_started(key, &started, restarts),
                Err(error) => {
                    self.report_start_error(&child.spec().id, &error);
                    let last = last.clone().filter(|_| key == failed);
                    let epoch = self.epoch;
                    self.set_state(key, ChildState::Restarting { last, epoch });
                    put_off.extend(self.affected(key, child.spec()));
                    self.try_again(key, child.spec());
                }
            }
        }
    }

    fn affected(&self, key: Key, spec: &ChildSpec) -> Vec<Key> {
        let table = self.hub.table();
        decide::affected(self.flags.strategy, (key, &spec.id), &*table)
    }

    fn child_to_start(&self, key: Key) -> Option<(Child, u32)> {
        let table = self.hub.table();
        let entry = table.get(key)?;
        Some((entry.child.clone(), entry.restarts.saturating_add(1)))
    }

    /// At once, but through the mailbox: what is already in it comes first. With a backoff: after its wait, and
    /// counted now.
    fn try_again(&mut self, key: Key, spec: &ChildSpec) {
        let counted =
            spec.backoff.is_some() && self.history.allows_another(&self.flags, Instant::now());
        if !(counted && self.put_off(key)) {
            self.hub.send(Message::Retry { key, epoch: None });
        }
    }

    async fn serve(&mut self, call: Call) {
        // Whoever asked may have gone meanwhile; what was asked for is done all the same.
        match call {
            Call::Start(child, reply) => drop(reply.send(self.start_child(child).await)),
            Call::Terminate(target, reply) => drop(reply.send(self.terminate_child(target).await)),
            Call::Restart(id, reply) => drop(reply.send(self.restart_child(&id).await)),
            Call::Delete(id, reply) => drop(reply.send(self.delete_child(&id))),
            Call::Spec(target, reply) => drop(reply.send(self.child_spec(&target))),
            Call::Which(reply) => drop(reply.send(Ok(self.which_children()))),
            Call::Count(reply) => drop(reply.send(Ok(self.count_children()))),
        }
    }

    async fn start_child(&mut self, child: Child) -> Result<Started, SupervisorError> {
        {
            let table = self.hub.table();
            spec::check_one(&self.flags, &child, |id| table.key_of(id).is_some())?;
            if let Some(entry) = table
                .key_of(&child.spec().id)
                .and_then(|key| table.get(key))
            {
                return Err(match entry.running() {
                    Some(process) => SupervisorError::AlreadyStarted(process.clone()),
                    None => SupervisorError::AlreadyPresent,
                });
            }
        }
        Ok(self.start_new(child).await?)
    }

    async fn start_new(&mut self, child: Child) -> Result<Started, StartError> {
        let key = self.hub.table().new_key();
        let started = launch(&self.hub, &self.scope, (key, &child), 0).await?;
        let state = match &started {
            Started::Process { process, .. } => ChildState::Running(process.clone()),
            Started::Ignore => ChildState::Stopped,
        };
        let entry = Entry::new(child, state, Instant::now());
        if started.process().is_some() || !entry.is_temporary() {
            self.hub.table().insert_named(key, entry);
        }
        Ok(started)
    }

    async fn restart_child(&mut self, id: &ChildId) -> Result<Started, SupervisorError> {
        let (key, child, restarts) = {
            let table = self.hub.table();
            let key = table.key_of(id).ok_or(SupervisorError::NotFound)?;
            let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
            refuse_unless_stopped(&entry.state)?;
            (key, entry.child.clone(), entry.restarts.saturating_add(1))
        };
        let started = launch(&self.hub, &self.scope, (key, &child), restarts).await?;
        self.set_started(key, &started, restarts);
        Ok(started)
    }

    fn delete_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        let mut table = self.hub.table();
        let key = table.key_of(id).ok_or(SupervisorError::NotFound)?;
        let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
        refuse_unless_stopped(&entry.state)?;
        table.remove(key);
        Ok(())
    }

    async fn terminate_child(&mut self, target: Target) -> Result<(), SupervisorError> {
        let Target::Id(id) = target else {
            return Err(SupervisorError::NotFound);
        };
        let key = self
            .hub
            .table()
            .key_of(&id)
            .ok_or(SupervisorError::NotFound)?;
        self.terminate(key).await;
        Ok(())
    }

    fn child_spec(&self, target: &Target) -> Result<ChildSpec, SupervisorError> {
        let Target::Id(id) = target else {
            return Err(SupervisorError::NotFound);
        };
        let table = self.hub.table();
        let entry = table.key_of(id).and_then(|key| table.get(key));
        entry
            .map(|entry| spec::filled_in(entry.child.spec()))
            .ok_or(SupervisorError::NotFound)
    }

    fn which_children(&self) -> Vec<ChildInfo> {
        self.hub
            .table()
            .iter()
            .map(|(_, entry)| info(entry))
            .collect()
    }

    fn count_children(&self) -> ChildCounts {
        let table = self.hub.table();
        ChildCounts {
            specs: table.len(),
            active: table.count(|entry| entry.running().is_some_and(Process::is_alive)),
            supervisors: table.count_type(ChildType::Supervisor),
            workers: table.count_type(ChildType::Worker),
        }
    }

    /// Stops a child, if it runs. Temporary ones are forgotten; of others the entry is kept.
    async fn terminate(&mut self, key: Key) {
        let Some((process, spec)) = ({
            let table = self.hub.table();
            table
                .get(key)
                .map(|entry| (entry.running().cloned(), entry.child.spec().clone()))
        }) else {
            return;
        };
        if let Some(process) = process {
            let stopped = Stopping::begin(process, &spec).finish().await;
            if !stopped.is_expected(&spec) {
                let (supervisor, child) = (self.process.clone(), spec.id.clone());
                let reason = stopped.reason;
                self.publish(EventKind::ShutdownError {
                    supervisor,
                    child,
                    reason,
                    count: 1,
                });
            }
        }
        self.stay_down(key, &spec);
    }

    async fn terminate_all(&mut self) {
        let keys: Vec<Key> = self.hub.table().iter().map(|(key, _)| key).collect();
        for key in keys.into_iter().rev() {
            self.terminate(key).await;
        }
    }

    fn set_state(&self, key: Key, state: ChildState) {
        if let Some(entry) = self.hub.table().get_mut(key) {
            entry.state = state;
        }
    }

    fn set_started(&self, key: Key, started: &Started, restarts: u32) {
        if let Some(entry) = self.hub.table().get_mut(key) {
            entry.state = match started.process() {
                Some(process) => ChildState::Running(process.clone()),
                None => ChildState::Stopped,
            };
            entry.restarts = restarts;
            entry.since = Instant::now();
        }
    }

    fn report_start_error(&self, id: &ChildId, error: &StartError) {
        let (supervisor, child) = (self.process.clone(), id.clone());
        self.publish(EventKind::StartError {
            supervisor,
            child,
            error: error.clone(),
        });
    }

    fn publish(&self, kind: EventKind) {
        self.scope.runtime.events.publish(kind);
    }
}

fn refuse_unless_stopped(state: &ChildState) -> Result<(), SupervisorError> {
    match state {
        ChildState::Running(_) => Err(SupervisorError::Running),
        ChildState::Restarting { .. } => Err(SupervisorError::Restarting),
        ChildState::Stopped => Ok(()),
    }
}

pub(crate) fn info(entry: &Entry) -> ChildInfo {
    ChildInfo {
        id: entry.child.spec().id.clone(),
        status: match &entry.state {
            ChildState::Running(process) => ChildStatus::Running(process.clone()),
            ChildState::Restarting { .. } => ChildStatus::Restarting,
            ChildState::Stopped => ChildStatus::Stopped,
        },
        child_type: entry.child.spec().child_type,
    }
}
