//! The runs of tasks: each waits until it is told how to end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_supervisors::{ExitReason, Pid, Process, current};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::replay::log::Log;

/// How a task is to end.
#[derive(Debug)]
pub(super) enum Order {
    /// It returns this.
    Finish(Value),
    /// It panics with this.
    Raise(String),
    /// It exits with this reason.
    Exit(ExitReason),
}

/// Who runs, and how to tell them.
#[derive(Debug, Default)]
pub(super) struct Runs {
    state: Mutex<State>,
    /// The name of each run that has begun.
    begun: Log<String>,
}

#[derive(Debug, Default)]
struct State {
    names: HashMap<Pid, String>,
    /// The latest process of each name.
    processes: HashMap<String, Process>,
    orders: HashMap<String, oneshot::Sender<Order>>,
    /// How many runs of each name were told to end.
    told: HashMap<String, usize>,
}

/// How long a run may take to begin.
const PATIENCE: Duration = Duration::from_secs(2);

impl Runs {
    /// Part of a task that somebody may wait for.
    pub(super) async fn run_async(&self, name: &str) -> Value {
        match self.begin(name).await {
            Ok(Order::Finish(value)) => return value,
            Ok(Order::Raise(text)) => std::panic::resume_unwind(Box::new(text)),
            // A future of a value has no other way to exit with a reason than the signal.
            Ok(Order::Exit(reason)) => {
                if let Some(process) = current() {
                    process.exit(reason);
                }
            }
            Err(_) => {}
        }
        std::future::pending().await
    }

    /// Part of a task nobody waits for.
    pub(super) async fn run_child(&self, name: &str) -> Result<(), ExitReason> {
        match self.begin(name).await {
            Ok(Order::Finish(_)) => Ok(()),
            Ok(Order::Raise(text)) => std::panic::resume_unwind(Box::new(text)),
            Ok(Order::Exit(reason)) => Err(reason),
            Err(_) => std::future::pending().await,
        }
    }

    fn begin(&self, name: &str) -> oneshot::Receiver<Order> {
        let (order, ordered) = oneshot::channel();
        if let Some(process) = current() {
            self.add_process(name, &process);
        }
        self.lock().orders.insert(name.to_owned(), order);
        self.begun.push(name.to_owned());
        ordered
    }

    pub(super) fn add_process(&self, name: &str, process: &Process) {
        let mut state = self.lock();
        state.names.insert(process.pid(), name.to_owned());
        state.processes.insert(name.to_owned(), process.clone());
    }

    pub(super) fn name(&self, process: &Process) -> Option<String> {
        self.lock().names.get(&process.pid()).cloned()
    }

    pub(super) fn process(&self, name: &str) -> Option<Process> {
        self.lock().processes.get(name).cloned()
    }

    /// Tells the present run how to end; false if there is none.
    pub(super) fn tell(&self, name: &str, order: Order) -> bool {
        let mut state = self.lock();
        *state.told.entry(name.to_owned()).or_default() += 1;
        if let Order::Exit(ExitReason::Killed) = order {
            let process = state.processes.get(name).cloned();
            drop(state);
            return process.map(|process| process.kill()).is_some();
        }
        let ordered = state.orders.remove(name);
        ordered.is_some_and(|ordered| ordered.send(order).is_ok())
    }

    /// Waits until the first run of the task has begun.
    pub(super) async fn has_begun(&self, name: &str) -> bool {
        self.has_run(name, 1).await
    }

    /// Whether the task runs anew, after all runs that were told to end.
    pub(super) async fn has_restarted(&self, name: &str) -> bool {
        let told = self.lock().told.get(name).copied().unwrap_or_default();
        told > 0 && self.has_run(name, told + 1).await
    }

    async fn has_run(&self, name: &str, times: usize) -> bool {
        let enough =
            |begun: &[String]| begun.iter().filter(|other| *other == name).count() >= times;
        self.begun.wait_for(0, enough, PATIENCE).await;
        enough(&self.begun.since(0))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
