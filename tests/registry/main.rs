//! Names: registries, references that survive restarts, and namespaces.

mod calls;
mod casts;
mod duplicate;
mod lease;
mod ledger;
mod lifetime;
mod listeners;
mod mailbox;
mod many_keys;
mod model;
mod named_children;
mod namespace_contents;
mod namespace_ends;
mod namespaces;
mod orphans;
mod races;
mod references;
mod two_registries;
mod unique;

use std::time::Duration;

use mainstay_supervisors::specs::{Restart, ServiceName};
use mainstay_supervisors::{Child, DynamicSupervisor, Process, StopToken};
use mainstay_tests::probe::{Bed, within};

/// Processes that do nothing until they are stopped.
async fn idle<const N: usize>(bed: &Bed) -> [Process; N] {
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let mut processes = Vec::new();
    for _ in 0..N {
        let child = Child::task(
            "idle",
            |stop: StopToken| async move { stop.stopped().await },
        );
        let started = within(supervisor.start_child(child.restart(Restart::Temporary))).await;
        let started = started.expect("it starts");
        processes.push(started.process().expect("it runs").clone());
    }
    processes.try_into().expect("as many as were started")
}

/// Kills and waits.
async fn kill(process: &Process) {
    process.kill();
    within(process.ended()).await;
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
