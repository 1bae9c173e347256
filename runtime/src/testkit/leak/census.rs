//! Looking for what is left.

use std::time::Duration;

use mainstay_supervisors::{Holding, Namespace, Process, Runtime};
use tokio::time::{Instant, sleep};

use super::Leak;

/// How long what was told to end may take to do so, before it is left over.
pub(in crate::testkit) const GRACE: Duration = Duration::from_secs(3);

/// How often to look, where nothing tells.
pub(in crate::testkit) const LOOK: Duration = Duration::from_millis(1);

impl Leak {
    fn of_process(process: &Process) -> Self {
        Self::Process {
            path: process.path(),
            pid: process.pid(),
            made_at: process.made_at(),
        }
    }

    fn of_holding(holding: Holding) -> Self {
        Self::Held {
            what: holding.what,
            name: holding.name,
            made_at: holding.made_at,
        }
    }
}

/// What there is of a namespace.
pub(in crate::testkit) fn of_namespace(namespace: &Namespace) -> Vec<Leak> {
    let processes = namespace.processes();
    let mut leaks: Vec<Leak> = processes.iter().map(Leak::of_process).collect();
    let entries = namespace.registry().entries().into_iter();
    leaks.extend(entries.map(|entry| Leak::Registration {
        name: entry.key.to_string(),
        process: entry.process.to_string(),
        made_at: entry.made_at,
    }));
    let held = namespace.ledger().held().into_iter();
    leaks.extend(held.map(Leak::of_holding));
    leaks
}

/// What there is of a runtime beside its namespaces' names and ledgers.
pub(in crate::testkit) fn of_runtime(runtime: &Runtime) -> Vec<Leak> {
    let processes = runtime.processes();
    let held = runtime.ledger().held().into_iter();
    let processes = processes.iter().map(Leak::of_process);
    processes.chain(held.map(Leak::of_holding)).collect()
}

/// What is still there when all that is ending has had its time to do so.
pub(in crate::testkit) async fn left(look: impl Fn() -> Vec<Leak>) -> Vec<Leak> {
    let begun = Instant::now();
    loop {
        let left = look();
        if left.is_empty() || begun.elapsed() >= GRACE {
            return left;
        }
        sleep(LOOK).await;
    }
}
