//! The supervisor whose children have ids and an order.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ChildType, SupervisorFlags};
use tokio::time::Instant;

use super::decide::{self, Decision, Key, Keys};
use super::error::SupervisorError;
use super::handle::{ChildCounts, ChildInfo};
use super::hub::Hub;
use super::message::{Call, Target};
use super::office::{Office, ROOM};
use super::serve::Serve;
use super::spec::{self, InOrder};
use super::stop::{StopTimer, Stopping};
use super::strategy_name;
use super::table::{ChildState, Entry, Table};
use crate::process::{Process, drop_caught};
use crate::runtime::Scope;
use crate::start::{Child, StartError, Started};

pub(crate) struct Server(Office);

impl Server {
    pub(crate) fn new(
        process: Process,
        hub: Arc<Hub>,
        scope: Arc<Scope>,
        flags: SupervisorFlags,
    ) -> Self {
        Self(Office::new(process, hub, scope, flags))
    }

    /// Starts all children in order. If one does not start, those before it are stopped, last first.
    /// With `room`, others may be added before the last one later.
    pub(crate) async fn init(
        &mut self,
        children: Vec<Child>,
        room: bool,
    ) -> Result<(), StartError> {
        let InOrder { children, mut ids } = spec::in_start_order(&self.0.flags, children)?;
        let last = children.len();
        if let Some(child) = children.last().filter(|_| room) {
            ids.insert(child.spec().id.clone(), last as Key + ROOM);
        }
        self.0.hub.table().expect(ids);
        for (nth, child) in children.into_iter().enumerate() {
            if room && nth + 1 == last {
                self.0.leave_room();
            }
            // As the ids say: from 1, without a gap but for that room.
            let key = self.0.new_key();
            let started = match self.0.launch((key, &child), 0).await {
                Ok(started) => started,
                Err(error) => return Err(self.give_up_start(child.spec().id.clone(), error).await),
            };
            let entry = Entry::new(child, ChildState::after(&started), Instant::now());
            let mut table = self.0.hub.table();
            if is_kept(&started, &entry) {
                table.insert_expected(key, entry);
            } else {
                table.forget_id(&entry.child.spec().id);
                drop(table);
                drop_caught(entry);
            }
        }
        Ok(())
    }

    async fn give_up_start(&mut self, id: ChildId, error: StartError) -> StartError {
        self.0.report_start_error(&id, None, &error);
        self.terminate_all().await;
        let error = Box::new(error);
        StartError::Child { id, error }
    }

    async fn start_child(&mut self, child: Child) -> Result<Started, SupervisorError> {
        self.refuse_unless_new(&child)?;
        let key = self.0.new_key();
        Ok(self.start_new(key, child).await?)
    }

    /// Starts it in the room that was left before the last of those it began with.
    async fn start_early(&mut self, child: Child) -> Result<Started, SupervisorError> {
        self.refuse_unless_new(&child)?;
        let key = self.0.early_key().ok_or(SupervisorError::MaxChildren)?;
        Ok(self.start_new(key, child).await?)
    }

    fn refuse_unless_new(&self, child: &Child) -> Result<(), SupervisorError> {
        let table = self.0.hub.table();
        spec::check_one(&self.0.flags, child, |id| table.key_of(id).is_some())?;
        let present = table
            .key_of(&child.spec().id)
            .and_then(|key| table.get(key));
        match present.map(Entry::running) {
            None => Ok(()),
            Some(Some(process)) => Err(SupervisorError::AlreadyStarted(process.clone())),
            Some(None) => Err(SupervisorError::AlreadyPresent),
        }
    }

    async fn start_new(&mut self, key: Key, child: Child) -> Result<Started, StartError> {
        let started = self.0.launch((key, &child), 0).await?;
        let entry = Entry::new(child, ChildState::after(&started), Instant::now());
        if is_kept(&started, &entry) {
            self.0.hub.table().insert_named(key, entry);
        }
        Ok(started)
    }

    async fn restart_child(&mut self, id: &ChildId) -> Result<Started, SupervisorError> {
        let (key, child, restarts) = {
            let table = self.0.hub.table();
            let key = table.key_of(id).ok_or(SupervisorError::NotFound)?;
            let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
            refuse_unless_stopped(&entry.state)?;
            (key, entry.child.clone(), entry.restarts.saturating_add(1))
        };
        let started = self.0.launch((key, &child), restarts).await?;
        self.0.set_started(key, &started, restarts);
        Ok(started)
    }

    fn change_child(&self, child: Child) -> Result<(), SupervisorError> {
        let mut table = self.0.hub.table();
        let key = table.key_of(&child.spec().id);
        let key = key.ok_or(SupervisorError::NotFound)?;
        spec::check_one(&self.0.flags, &child, |id| table.key_of(id).is_some())?;
        let before = table.change(key, child);
        drop(table);
        // What its start function holds is the user's.
        drop_caught(before);
        Ok(())
    }

    fn change_flags(&mut self, flags: SupervisorFlags) -> Result<(), SupervisorError> {
        spec::check_flags(&flags)?;
        let table = self.0.hub.table();
        for (_, entry) in table.iter() {
            spec::check_fields(&flags, entry.child.spec())?;
        }
        drop(table);
        self.0
            .hub
            .set_flags(strategy_name(flags.strategy), flags.clone());
        self.0.flags = flags;
        Ok(())
    }

    fn delete_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        let key = {
            let table = self.0.hub.table();
            let key = table.key_of(id).ok_or(SupervisorError::NotFound)?;
            let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
            refuse_unless_stopped(&entry.state)?;
            key
        };
        self.0.hub.forget(key);
        Ok(())
    }

    async fn terminate_child(&mut self, target: Target) -> Result<(), SupervisorError> {
        let Target::Id(id) = target else {
            return Err(SupervisorError::NotFound);
        };
        let key = self
            .0
            .hub
            .table()
            .key_of(&id)
            .ok_or(SupervisorError::NotFound)?;
        self.terminate(key, &mut StopTimer::default()).await;
        Ok(())
    }

    fn child_spec(&self, target: &Target) -> Result<ChildSpec, SupervisorError> {
        let Target::Id(id) = target else {
            return Err(SupervisorError::NotFound);
        };
        let table = self.0.hub.table();
        let entry = table.key_of(id).and_then(|key| table.get(key));
        entry
            .map(|entry| spec::filled_in(entry.child.spec()))
            .ok_or(SupervisorError::NotFound)
    }

    fn count_children(&self) -> ChildCounts {
        let table = self.0.hub.table();
        ChildCounts {
            specs: table.len(),
            active: table.count(|entry| entry.running().is_some_and(Process::is_alive)),
            supervisors: table.count_type(ChildType::Supervisor),
            workers: table.count_type(ChildType::Worker),
        }
    }

    /// Stops these, one after the other.
    async fn terminate_each(&mut self, keys: impl Iterator<Item = Key> + Send) {
        let mut timer = StopTimer::default();
        for key in keys {
            self.terminate(key, &mut timer).await;
        }
    }

    /// Stops a child, if it runs. Temporary ones are forgotten; of others the entry is kept.
    async fn terminate(&mut self, key: Key, timer: &mut StopTimer) {
        let Some((process, spec)) = ({
            let table = self.0.hub.table();
            table
                .get(key)
                .map(|entry| (entry.running().cloned(), entry.spec_to_keep()))
        }) else {
            return;
        };
        if let Some(process) = process {
            let stopped = Stopping::begin(process, &spec).finish(timer).await;
            if !stopped.is_expected(&spec) {
                let (process, reason) = (Some(stopped.process), stopped.reason);
                let one = (1, stopped.overran);
                self.0.report_shutdown_error(&spec.id, process, reason, one);
            }
        }
        self.stay_down(key, &spec);
    }
}

impl Serve for Server {
    fn office(&mut self) -> &mut Office {
        &mut self.0
    }

    fn stay_down(&self, key: Key, spec: &ChildSpec) {
        match decide::stay_down(spec) {
            Decision::Forget => self.0.hub.forget(key),
            _ => self.0.set_state(key, ChildState::Stopped),
        }
    }

    /// Stops `keys` in reverse and starts them in order. One that fails is tried again, and whom its own restart concerns
    /// is started with it then.
    async fn restart(&mut self, keys: Keys, failed: Key) {
        let mut last = None;
        if keys.len() > 1 {
            last = self.0.take_last(failed);
            let others = keys.iter().rev().filter(|key| **key != failed);
            self.terminate_each(others.copied()).await;
        }
        let mut put_off = Vec::new();
        for key in keys {
            if put_off.contains(&key) {
                continue;
            }
            let Some((child, restarts, before)) = self.0.child_to_start(key) else {
                continue;
            };
            if key == failed {
                last = last.or(before);
            }
            match self.0.launch((key, &child), restarts).await {
                Ok(started) => self.0.set_started(key, &started, restarts),
                Err(error) => {
                    let last = if key == failed { last.take() } else { None };
                    let id = &child.spec().id;
                    self.0.report_start_error(id, last.as_ref(), &error);
                    put_off.extend(self.0.affected(key, child.spec()));
                    self.0.try_again(key, last, child.spec());
                }
            }
        }
    }

    async fn call(&mut self, call: Call) {
        // Whoever asked may have gone meanwhile; what was asked for is done all the same.
        match call {
            Call::Start(child, reply) => drop(reply.send(self.start_child(child).await)),
            Call::StartEarly(child, reply) => drop(reply.send(self.start_early(child).await)),
            Call::Terminate(target, reply) => drop(reply.send(self.terminate_child(target).await)),
            Call::Restart(id, reply) => drop(reply.send(self.restart_child(&id).await)),
            Call::Change(child, reply) => drop(reply.send(self.change_child(child))),
            Call::Flags(flags, reply) => drop(reply.send(self.change_flags(flags))),
            Call::Delete(id, reply) => drop(reply.send(self.delete_child(&id))),
            Call::Spec(target, reply) => drop(reply.send(self.child_spec(&target))),
            Call::Which(reply) => drop(reply.send(Ok(which_children(&self.0.hub.table())))),
            Call::Count(reply) => drop(reply.send(Ok(self.count_children()))),
        }
    }

    async fn terminate_all(&mut self) {
        let keys: Vec<Key> = self.0.hub.table().iter().map(|(key, _)| key).collect();
        self.terminate_each(keys.into_iter().rev()).await;
    }
}

/// A temporary child that there is nothing to run of is forgotten.
fn is_kept(started: &Started, entry: &Entry) -> bool {
    started.process().is_some() || !entry.is_temporary()
}

fn refuse_unless_stopped(state: &ChildState) -> Result<(), SupervisorError> {
    match state {
        ChildState::Running(_) => Err(SupervisorError::Running),
        ChildState::Restarting { .. } => Err(SupervisorError::Restarting),
        ChildState::Stopped => Ok(()),
    }
}

/// All children, in start order.
pub(crate) fn which_children(table: &Table) -> Vec<ChildInfo> {
    table.iter().map(|(_, entry)| entry.info()).collect()
}
