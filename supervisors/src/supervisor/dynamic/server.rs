//! The supervisor whose children are known by their processes only.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_specs::{ChildSpec, ChildType};
use tokio::time::Instant;

use super::{DynamicSupervisor, Flavour};
use crate::exit::ExitReason;
use crate::process::Process;
use crate::runtime::Scope;
use crate::start::{Child, Started};
use crate::supervisor::decide::{Key, Keys};
use crate::supervisor::error::SupervisorError;
use crate::supervisor::handle::ChildCounts;
use crate::supervisor::hub::Hub;
use crate::supervisor::message::{Call, Target};
use crate::supervisor::office::Office;
use crate::supervisor::serve::Serve;
use crate::supervisor::server::which_children;
use crate::supervisor::spec;
use crate::supervisor::stop::{StopTimer, Stopped, Stopping};
use crate::supervisor::table::{ChildState, Entry, KeptSpec, Table};

pub(crate) struct Server {
    office: Office,
    plan: DynamicSupervisor,
}

impl Server {
    pub(crate) fn new(
        process: Process,
        hub: Arc<Hub>,
        scope: Arc<Scope>,
        plan: DynamicSupervisor,
    ) -> Self {
        let office = Office::new(process, hub, scope, plan.flags.clone());
        Self { office, plan }
    }

    async fn start_child(&mut self, child: Child) -> Result<Started, SupervisorError> {
        self.plan.check_child(&child)?;
        if let Flavour::Dynamic { max_children } = self.plan.flavour
            && self.office.hub.table().len() >= max_children
        {
            return Err(SupervisorError::MaxChildren);
        }
        let key = self.office.new_key();
        let started = self.office.launch((key, &child), 0).await?;
        if let Started::Process { process, .. } = &started {
            let entry = Entry::new(child, ChildState::Running(process.clone()), Instant::now());
            self.office.hub.table().insert(key, entry);
        }
        Ok(started)
    }

    async fn terminate_child(&mut self, target: Target) -> Result<(), SupervisorError> {
        let Target::Process(process) = target else {
            return Err(SupervisorError::NoIds);
        };
        let Some(key) = find(&self.office.hub.table(), &process) else {
            return match self.plan.flavour {
                // OTP answers ok for any process that has ended, as it cannot tell that it was not its child.
                Flavour::Simple { .. } if !process.is_alive() => Ok(()),
                _ => Err(SupervisorError::NotFound),
            };
        };
        let stopping = {
            let table = self.office.hub.table();
            let entry = table.get(key).ok_or(SupervisorError::NotFound)?;
            let begin = |process: &Process| Stopping::begin(process.clone(), entry.child.spec());
            (entry.spec_to_keep(), entry.running().map(begin))
        };
        // It stays in the table: should the supervisor be killed meanwhile, it is told by link.
        if let (spec, Some(stopping)) = stopping {
            let stopped = stopping.finish(&mut StopTimer::default()).await;
            if !self.is_expected(&spec, &stopped) {
                let (process, reason) = (Some(stopped.process), stopped.reason);
                let one = (1, stopped.overran);
                self.office
                    .report_shutdown_error(&spec.id, process, reason, one);
            }
        }
        self.office.hub.forget(key);
        Ok(())
    }

    fn child_spec(&self, target: &Target) -> Result<ChildSpec, SupervisorError> {
        let table = self.office.hub.table();
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
        let table = self.office.hub.table();
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

    /// Asks all children to stop, or kills them; those with the nearest deadline first.
    fn begin_stopping(&self) -> Vec<(KeptSpec, Stopping)> {
        let running: Vec<_> = {
            let table = self.office.hub.table();
            let running = |entry: &Entry| Some((entry.spec_to_keep(), entry.running()?.clone()));
            table
                .iter()
                .filter_map(|(_, entry)| running(entry))
                .collect()
        };
        let begin = |(spec, process): (KeptSpec, Process)| {
            let stopping = Stopping::begin(process, &spec);
            (spec, stopping)
        };
        let mut stops: Vec<_> = running.into_iter().map(begin).collect();
        stops.sort_by_key(|(_, stopping)| {
            let deadline = stopping.deadline();
            (deadline.is_none(), deadline)
        });
        stops
    }
}

impl Serve for Server {
    fn office(&mut self) -> &mut Office {
        &mut self.office
    }

    /// It is forgotten, whatever its restart type.
    fn stay_down(&self, key: Key, _spec: &ChildSpec) {
        self.office.hub.forget(key);
    }

    async fn restart(&mut self, _keys: Keys, key: Key) {
        let Some((child, restarts, last)) = self.office.child_to_start(key) else {
            return;
        };
        match self.office.launch((key, &child), restarts).await {
            Ok(Started::Ignore) if matches!(self.plan.flavour, Flavour::Dynamic { .. }) => {
                self.office.hub.forget(key);
            }
            Ok(started) => self.office.set_started(key, &started, restarts),
            Err(error) => {
                self.office
                    .report_start_error(&child.spec().id, last.as_ref(), &error);
                self.office.try_again(key, last, child.spec());
            }
        }
    }

    async fn call(&mut self, call: Call) {
        match call {
            Call::Start(child, reply) => drop(reply.send(self.start_child(child).await)),
            Call::StartEarly(_, reply) => drop(reply.send(Err(SupervisorError::NoIds))),
            Call::Terminate(target, reply) => drop(reply.send(self.terminate_child(target).await)),
            Call::Restart(_, reply) => drop(reply.send(Err(SupervisorError::NoIds))),
            Call::Change(_, reply) | Call::Flags(_, reply) => {
                drop(reply.send(Err(SupervisorError::NoIds)));
            }
            Call::Delete(_, reply) => drop(reply.send(Err(SupervisorError::NoIds))),
            Call::Spec(target, reply) => drop(reply.send(self.child_spec(&target))),
            Call::Which(reply) => drop(reply.send(Ok(which_children(&self.office.hub.table())))),
            Call::Count(reply) => drop(reply.send(Ok(self.count_children()))),
        }
    }

    /// Stops all children at once. Those with the nearest deadline are waited for first, so that each is killed when
    /// its own time is up. They stay in the table: should the supervisor be killed meanwhile, they are told by link.
    async fn terminate_all(&mut self) {
        let mut unexpected: BTreeMap<String, (ExitReason, (usize, bool))> = BTreeMap::new();
        let mut timer = StopTimer::default();
        for (spec, stopping) in self.begin_stopping() {
            let stopped = stopping.finish(&mut timer).await;
            if self.is_expected(&spec, &stopped) {
                continue;
            }
            let (process, reason, overran) = (stopped.process, stopped.reason, stopped.overran);
            match self.plan.flavour {
                Flavour::Dynamic { .. } => {
                    self.office.report_shutdown_error(
                        &spec.id,
                        Some(process),
                        reason,
                        (1, overran),
                    );
                }
                Flavour::Simple { .. } => {
                    let (_, several) = unexpected
                        .entry(reason.to_string())
                        .or_insert((reason, (0, false)));
                    *several = (several.0 + 1, several.1 || overran);
                }
            }
        }
        if let Flavour::Simple { template } = &self.plan.flavour {
            for (reason, several) in unexpected.into_values() {
                self.office
                    .report_shutdown_error(&template.id, None, reason, several);
            }
        }
    }
}

/// The child that is, or last was, this process.
fn find(table: &Table, process: &Process) -> Option<Key> {
    let key = process.life().owner()?.key;
    table.get(key)?.is_known_by(process.pid()).then_some(key)
}
