//! Processes: how they end, what others learn of it, and what is left of them.

mod clerk;
mod current;
mod exits_of_actors;
mod exits_of_tasks;
mod faults;
mod foreign_code;
mod hangs;
mod links;
mod made_known;
mod meters;
mod monitors;
mod over;
mod panics;
mod places;
mod pulses;
mod ractor_children;
mod release;
mod starting;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{Child, Process, Supervisor};
use mainstay_tests::probe::{Bed, running};

/// Starts this child alone, and as one that is not restarted.
async fn alone(bed: &Bed, child: Child) -> Process {
    let path = format!("root/{}", child.spec().id);
    let child = child.restart(Restart::Temporary);
    bed.start(Supervisor::one_for_one().child(child)).await;
    bed.started(&path)
}

/// Starts these children, none of which is restarted, side by side.
async fn side_by_side<const N: usize>(bed: &Bed, children: [Child; N]) -> [Process; N] {
    let ids = children.each_ref().map(|child| child.spec().id.clone());
    let children = children.map(|child| child.restart(Restart::Temporary));
    let supervisor = bed
        .start(Supervisor::one_for_one().children(children))
        .await;
    let mut processes = Vec::new();
    for id in ids {
        processes.push(running(&supervisor, id.as_str()).await);
    }
    processes.try_into().expect("one process for each child")
}
