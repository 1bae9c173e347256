//! Looking for what is left.

use std::time::Duration;

use mainstay_supervisors::{Holding, Namespace, Process, Runtime};
use tokio::time::{Instant, sleep};

use super::Leak;

/// How long what was told to end may take to do so, before it is left over.
pub(in crate::testkit) const GRACE: Duration = Duration::from_secs(3);

/// The same by the clock on the wall, for a clock of tokio that does not go on.
pub(in crate::testkit) const GRACE_ON_THE_WALL: Duration = Duration::from_secs(6);

/// How often to look, where nothing tells.
const LOOK: Duration = Duration::from_millis(1);

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

/// How long has been looked.
#[derive(Clone, Copy)]
pub(in crate::testkit) struct Looking {
    by_tokio: Instant,
    on_the_wall: std::time::Instant,
}

impl Looking {
    pub(in crate::testkit) fn begin() -> Self {
        Self {
            by_tokio: Instant::now(),
            on_the_wall: std::time::Instant::now(),
        }
    }

    /// Waits until it is time to look again; false if what is left had its time.
    pub(in crate::testkit) async fn again(&self) -> bool {
        if self.by_tokio.elapsed() >= GRACE || self.on_the_wall.elapsed() >= GRACE_ON_THE_WALL {
            return false;
        }
        sleep(LOOK).await;
        true
    }
}

/// What is still there when all that is ending has had its time to do so, by either clock.
pub(in crate::testkit) async fn left(look: impl Fn() -> Vec<Leak>) -> Vec<Leak> {
    let looking = Looking::begin();
    loop {
        let left = look();
        if left.is_empty() || !looking.again().await {
            return left;
        }
    }
}
