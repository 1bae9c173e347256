//! The supervisor whose children are known by their processes only.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, ChildType, Restart};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{DynamicSupervisor, Flavour};
use crate::event::EventKind;
use crate::exit::ExitReason;
use crate::process::{Pid, Process};
use crate::runtime::Scope;
use crate::start::{Child, StartError, Started};
use crate::supervisor::decide::{self, Decision, Key};
use crate::supervisor::error::SupervisorError;
use crate::supervisor::handle::ChildCounts;
use crate::supervisor::history::History;
use crate::supervisor::hub::Hub;
use crate::supervisor::launch::launch;
use crate::supervisor::message::{Call, Message, Target};
use crate::supervisor::server::info;
use crate::supervisor::spec;
use crate::supervisor::stop::{Stopped, Stopping};
use crate::supervisor::table::{ChildState, Entry, Table};

pub(crate) struct Server {
    process: Process,
    hub: Arc<Hub>,
    scope: Arc<Scope>,
    plan: DynamicSupervisor,
    history: History,
    timers: JoinSet<()>,
    epoch: u64,
}

impl Server {
    pub(crate) fn new(
        process: Process,
        hub: Arc<Hub>,
        scope: Arc<Scope>,
        plan: DynamicSupervisor,
    ) -> Self {
        Self {
            process,
            hub,
            scope,
            plan,
            history: History::default(),
            timers: JoinSet::new(),
            epoch: 0,
        }
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
            let entry = table.get(key)?;
            let process = entry.running().filter(|process| process.pid() == pid)?;
            (entry.child.spec().clone(), process.exit_reason()?)
        };
        if reason.is_abnormal() || spec.restart == Restart::Permanent {
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
                &self.plan.flags,
                &mut self.history,
                (key, &spec),
                &reason,
                &*table,
                Instant::now(),
            )
        };
        self.carry_out(decision, key).await
    }

    async fn on_retry(&mut self, key: Key, epoch: Option<u64>) -> Option<ExitReason> {
        let decision = {
            let table = self.hub.table();
            let entry = table.get(key)?;
            let ChildState::Restarting { epoch: current, .. } = &entry.state else {
                return None;
            };
            match epoch {
                Some(epoch) if epoch != *current => return None,
                // It was counted when it was put off.
                Some(_) => Decision::Restart(vec![key]),
                None => {
                    let due = (key, entry.child.spec());
                    decide::on_retry(
                        &self.plan.flags,
                        &mut self.history,
                        due,
                        &*table,
                        Instant::now(),
                    )
                }
            }
        };
        match decision {
            Decision::Restart(_) => {
                self.restart(key).await;
                None
            }
            other => self.carry_out(other, key).await,
        }
    }

    async fn carry_out(&mut self, decision: Decision, key: Key) -> Option<ExitReason> {
        match decision {
            Decision::Restart(_) if self.put_off(key) => None,
            Decision::Restart(_) => {
                self.restart(key).await;
                None
            }
            Decision::GiveUp => {
                self.publish(EventKind::GaveUp {
                    supervisor: self.process.clone(),
                });
                self.hub.table().remove(key);
                Some(ExitReason::Shutdown)
            }
            // A child that stays down is forgotten, whatever its restart type.
            Decision::Keep | Decision::Forget => {
                self.hub.table().remove(key);
                None
            }
            Decision::ShutDown => {
                self.hub.table().remove(key);
                Some(ExitReason::Shutdown)
            }
        }
    }

    async fn restart(&mut self, key: Key) {
        let Some((child, last, restarts)) = ({
            let table = self.hub.table();
            table.get(key).map(|entry| {
                let last = match &entry.state {
                    ChildState::Running(process) => Some(process.clone()),
                    ChildState::Restarting { last, .. } => last.clone(),
                    ChildState::Stopped => None,
                };
                (entry.child.clone(), last, entry.restarts.saturating_add(1))
            })
        }) else {
            return;
        };
        let started = launch(&self.hub, &self.scope, (key, &child), restarts).await;
        let mut table = self.hub.table();
        let Some(entry) = table.get_mut(key) else {
            return;
        };
        match started {
            Ok(Started::Process { process, .. }) => {
                entry.state = ChildState::Running(process);
                entry.restarts = restarts;
                entry.since = Instant::now();
            }
            Ok(Started::Ignore) => match self.plan.flavour {
                Flavour::Simple { .. } => entry.state = ChildState::Stopped,
                Flavour::Dynamic { .. } => drop(table.remove(key)),
            },
            Err(error) => {
                entry.state = ChildState::Restarting {
                    last,
                    epoch: self.epoch,
                };
                drop(table);
                self.report_start_error(&child.spec().id, error);
                self.try_again(key, child.spec());
            }
        }
    }

    fn try_again(&mut self, key: Key, spec: &ChildSpec) {
        let counted = spec.backoff.is_some()
            && self
                .history
                .allows_another(&self.plan.flags, Instant::now());
        if !(counted && self.put_off(key)) {
            self.hub.send(Message::Retry { key, epoch: None });
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

    async fn serve(&mut self, call: Call) {
        match call {
            Call::Start(child, reply) => drop(reply.send(self.start_child(child).await)),
            Call::Terminate(target, reply) => drop(reply.send(self.terminate_child(target).await)),
            Call::Restart(_, reply) => drop(reply.send(Err(SupervisorError::NoIds))),
            Call::Delete(_, reply) => drop(reply.send(Err(SupervisorError::NoIds))),
            Call::Spec(target, reply) => drop(reply.send(self.child_spec(&target))),
            Call::Which(reply) => drop(
                reply.send(Ok(self
                    .hub
                    .table()
                    .iter()
                    .map(|(_, entry)| info(entry))
                    .collect())),
            ),
            Call::Count(reply) => drop(reply.send(Ok(self.count_children()))),
        }
    }

    async fn start_child(&mut self, child: Child) -> Result<Started, SupervisorError> {
        self.plan.check_child(&child)?;
        let key = {
            let mut table = self.hub.table();
            if let Flavour::Dynamic { max_children } = self.plan.flavour
                && table.len() >= max_children
            {
                return Err(SupervisorError::MaxChildren);
            }
            table.new_key()
        };
        let started = launch(&self.hub, &self.scope, (key, &child), 0).await?;
        if let Started::Process { process, .. } = &started {
            let entry = Entry::new(child, ChildState::Running(process.clone()), Instant::now());
            self.hub.table().insert(key, entry);
        }
        Ok(started)
    }

    async fn terminate_child(&mut self, target: Target) -> Result<(), SupervisorError> {
        let Target::Process(process) = target else {
            return Err(SupervisorError::NoIds);
        };
        let Some(key) = find(&self.hub.table(), &process) else {
            return match self.plan.flavour {
                // OTP answers ok for any process that has ended, as it cannot tell that it was not its child.
                Flavour::Simple { .. } if !process.is_alive() => Ok(()),
                _ => Err(SupervisorError::NotFound),
            };
        };
        let stopping = {
            let table = self.hub.table();
            let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
            let begin = |process: &Process| Stopping::begin(process.clone(), entry.child.spec());
            (entry.child.shared_spec(), entry.running().map(begin))
        };
        // It stays in the table: should the supervisor be killed meanwhile, it is told by link.
        if let (spec, Some(stopping)) = stopping {
            let stopped = stopping.finish().await;
            if !self.is_expected(&spec, &stopped) {
                self.report_shutdown_error(spec.id.clone(), stopped.reason, 1);
            }
        }
        self.hub.table().remove(key);
        Ok(())
    }

    fn child_spec(&self, target: &Target) -> Result<ChildSpec, SupervisorError> {
        let table = self.hub.table();
        let entry = match target {
            Target::Process(process) => find(&table, process).and_then(|key| table.get(key)),
            Target::Id(_) => None,
        };
        match (&self.plan.flavour, entry, target) {
            (Flavour::Dynamic { .. }, Some(entry), _) => Ok(spec::filled_in(entry.child.spec())),
            (Flavour::Dynamic { .. }, None, Target::Id(_)) => Err(SupervisorError::NoIds),
            (Flavour::Simple { template }, Some(_), _) => Ok(spec::filled_in(template)),
            // OTP gives the template for its own id, and for any process that has ended.
            (Flavour::Simple { template }, None, Target::Id(id)) if *id == template.id => {
                Ok(spec::filled_in(template))
            }
            (Flavour::Simple { template }, None, Target::Process(process))
                if !process.is_alive() =>
            {
                Ok(spec::filled_in(template))
            }
            (_, None, _) => Err(SupervisorError::NotFound),
        }
    }

    fn is_expected(&self, spec: &ChildSpec, stopped: &Stopped) -> bool {
        match self.plan.flavour {
            Flavour::Dynamic { .. } => stopped.is_expected_dynamic(spec),
            Flavour::Simple { .. } => stopped.is_expected(spec),
        }
    }

    fn count_children(&self) -> ChildCounts {
        let table = self.hub.table();
        let restarting = table.count(|entry| matches!(entry.state, ChildState::Restarting { .. }));
        ChildCounts {
            specs: match self.plan.flavour {
                Flavour::Dynamic { .. } => table.len(),
                Flavour::Simple { .. } => 1,
            },
            active: table.len() - restarting,
            supervisors: table.count_type(ChildType::Supervisor),
            workers: table.count_type(ChildType::Worker),
        }
    }

    /// Stops all children at once. Those with the nearest deadline are waited for first, so that each is killed when
    /// its own time is up.
    async fn terminate_all(&mut self) {
        // They stay in the table: should the supervisor be killed meanwhile, they are told by link.
        let mut stops: Vec<(Arc<ChildSpec>, Stopping)> = {
            let table = self.hub.table();
            let running = table
                .iter()
                .filter_map(|(_, entry)| Some((entry.running()?, entry)));
            let begin = |(process, entry): (&Process, &Entry)| {
                let spec = entry.child.shared_spec();
                let stopping = Stopping::begin(process.clone(), &spec);
                (spec, stopping)
            };
            running.map(begin).collect()
        };
        stops.sort_by_key(|(_, stopping)| {
            stopping
                .deadline()
                .map_or((true, None), |deadline| (false, Some(deadline)))
        });
        let mut unexpected: BTreeMap<String, (ExitReason, usize)> = BTreeMap::new();
        for (spec, stopping) in stops {
            let stopped = stopping.finish().await;
            if self.is_expected(&spec, &stopped) {
                continue;
            }
            let reason = stopped.reason;
            match self.plan.flavour {
                Flavour::Dynamic { .. } => self.report_shutdown_error(spec.id.clone(), reason, 1),
                Flavour::Simple { .. } => {
                    unexpected
                        .entry(reason.to_string())
                        .or_insert((reason, 0))
                        .1 += 1
                }
            }
        }
        if let Flavour::Simple { template } = &self.plan.flavour {
            for (reason, count) in unexpected.into_values() {
                self.report_shutdown_error(template.id.clone(), reason, count);
            }
        }
    }

    fn report_start_error(&self, id: &ChildId, error: StartError) {
        let (supervisor, child) = (self.process.clone(), id.clone());
        self.publish(EventKind::StartError {
            supervisor,
            child,
            error,
        });
    }

    fn report_shutdown_error(&self, child: ChildId, reason: ExitReason, count: usize) {
        let supervisor = self.process.clone();
        self.publish(EventKind::ShutdownError {
            supervisor,
            child,
            reason,
            count,
        });
    }

    fn publish(&self, kind: EventKind) {
        self.scope.runtime.events.publish(kind);
    }
}

/// The child that is, or last was, this process.
fn find(table: &Table, process: &Process) -> Option<Key> {
    let key = process.life().owner()?.key;
    table.get(key)?.is_known_by(process.pid()).then_some(key)
}
