//! Supervisors: starting, restarting, stopping, and every answer to a request.

mod asked_late;
mod auto_shutdown;
mod backoff;
mod cancelled_start;
mod census;
mod chaos;
mod dependents;
mod dynamic;
mod dynamic_stop;
mod events;
mod failed_restart;
mod failed_starts;
mod intensity;
mod mailbox_limit;
mod management;
mod orphans;
mod partition;
mod partition_kind;
mod planned_failures;
mod restart_matrix;
mod runtime;
mod shutdown;
mod simple;
mod specs;
mod start;
mod stop_at_length;
mod storm;
mod strategies;
mod tokio_gone;
mod tree;
mod unavailable;
mod vitals;

use std::time::Duration;

use mainstay_supervisors::{ChildStatus, SupervisorRef};
use mainstay_tests::probe::within;

/// All children in start order: the number of the process, or what is said in its place.
async fn children(supervisor: &SupervisorRef) -> Vec<(String, String)> {
    let children = within(supervisor.which_children()).await;
    let children = children.expect("the supervisor runs").into_iter();
    let status = |status| match status {
        ChildStatus::Running(process) => process.pid().to_string(),
        ChildStatus::Restarting => "restarting".to_owned(),
        ChildStatus::Stopped => "stopped".to_owned(),
        other => format!("{other:?}"),
    };
    children
        .map(|child| (child.id.to_string(), status(child.status)))
        .collect()
}

/// The counts as `[specs, active, supervisors, workers]`.
async fn counts(supervisor: &SupervisorRef) -> [usize; 4] {
    let counts = within(supervisor.count_children()).await;
    let counts = counts.expect("the supervisor runs");
    [
        counts.specs,
        counts.active,
        counts.supervisors,
        counts.workers,
    ]
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
