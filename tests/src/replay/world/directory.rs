//! Which process is which: between the names of the trace and ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::{ExitReason, Pid, Process, SimpleSupervisor};
use serde_json::{Value, json};

use super::added::Added;
use super::worker::Worker;
use crate::replay::plan::SupervisorPlan;
use crate::replay::scenario::{Child, Kind, ProcessName};

/// All processes of a scenario, dead or alive.
#[derive(Debug, Default)]
pub(super) struct Directory(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    names: HashMap<Pid, ProcessName>,
    processes: HashMap<ProcessName, Process>,
    /// The paths of supervisors with children, also while they are starting.
    reporters: HashMap<Pid, String>,
    /// The latest incarnation of each path.
    workers: HashMap<String, Worker>,
    supervisors: HashMap<String, Supervising>,
}

/// The latest incarnation of a supervisor.
#[derive(Clone, Debug)]
pub(super) struct Supervising {
    pub(super) process: Process,
    pub(super) plan: Arc<SupervisorPlan>,
    /// What its children are added by, if they are all made from one template.
    pub(super) simple: Option<SimpleSupervisor<Added>>,
}

impl Supervising {
    /// Whether its children have ids and an order.
    pub(super) fn is_ordered(&self) -> bool {
        self.plan.written.kind != Kind::Dynamic && self.simple.is_none()
    }

    /// What all its children are made after.
    pub(super) fn template(&self) -> Option<&Child> {
        self.simple.as_ref()?;
        self.plan.written.children.first()
    }
}

impl Directory {
    pub(super) fn add_worker(&self, name: &ProcessName, worker: Worker) {
        let mut entries = self.lock();
        entries.add(name, &worker.process);
        entries.workers.insert(name.path.clone(), worker);
    }

    pub(super) fn add_supervisor(&self, name: &ProcessName, supervising: Supervising) {
        let mut entries = self.lock();
        entries.add(name, &supervising.process);
        entries.supervisors.insert(name.path.clone(), supervising);
    }

    pub(super) fn add_reporter(&self, supervisor: &Process, path: &str) {
        let path = path.to_owned();
        self.lock().reporters.insert(supervisor.pid(), path);
    }

    /// The path of a supervisor that reports.
    pub(super) fn reporter(&self, supervisor: &Process) -> Option<String> {
        self.lock().reporters.get(&supervisor.pid()).cloned()
    }

    /// Its name; none for a process that is no part of the scenario.
    pub(super) fn name(&self, process: &Process) -> Option<ProcessName> {
        self.lock().names.get(&process.pid()).cloned()
    }

    /// Its name as a term.
    pub(super) fn term(&self, process: &Process) -> Value {
        match self.name(process) {
            Some(name) => json!({"path": name.path, "n": name.n}),
            None => json!(format!("unknown process {process}")),
        }
    }

    pub(super) fn process(&self, name: &ProcessName) -> Option<Process> {
        self.lock().processes.get(name).cloned()
    }

    pub(super) fn supervisor(&self, path: &str) -> Option<Supervising> {
        self.lock().supervisors.get(path).cloned()
    }

    /// Which kind of supervisor this path is.
    pub(super) fn kind(&self, path: &str) -> Kind {
        self.supervisor(path)
            .map_or(Kind::Supervisor, |found| found.plan.written.kind)
    }

    /// Has the worker exit by itself; false if it is not there.
    pub(super) fn order(&self, path: &str, reason: ExitReason) -> bool {
        let mut entries = self.lock();
        let worker = entries.workers.get_mut(path);
        worker.is_some_and(|worker| worker.order(reason))
    }

    /// The latest process of this path, worker or supervisor.
    pub(super) fn latest(&self, path: &str) -> Option<Process> {
        let entries = self.lock();
        let worker = entries.workers.get(path).map(|worker| &worker.process);
        let supervisor = entries.supervisors.get(path).map(|found| &found.process);
        worker.or(supervisor).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn add(&mut self, name: &ProcessName, process: &Process) {
        self.names.insert(process.pid(), name.clone());
        self.processes.insert(name.clone(), process.clone());
    }
}
