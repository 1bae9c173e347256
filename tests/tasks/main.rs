//! Tasks that give results, each a supervised process.

mod children;
mod linked_start;
mod results;
mod streams;

use std::time::Duration;

use mainstay_supervisors::Supervisor;
use mainstay_supervisors::{Child, SupervisorRef, TaskSupervisor, TaskSupervisorRef};
use mainstay_tests::probe::{Bed, Probe, running};

/// A task supervisor, and a probe beside it.
async fn tasks(bed: &Bed, tasks: TaskSupervisor) -> (SupervisorRef, TaskSupervisorRef) {
    let tree = Supervisor::one_for_one()
        .child(Child::supervisor("tasks", tasks))
        .child(Probe::new().child("probe"));
    let root = bed.start(tree).await;
    let tasks = running(&root, "tasks").await.supervisor();
    (root, tasks.expect("a supervisor").into())
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
