//! A linked task whose caller ends while the supervisor is busy with another start.

use std::future::pending;
use std::sync::Arc;

use mainstay_supervisors::{ExitReason, Process, TaskSupervisor, TaskSupervisorRef};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, order, running, text_of, within};
use tokio::sync::Semaphore;

use crate::tasks;

/// Has the supervisor wait, in the start of a child, until it is let go on.
async fn hold_up(tasks: &TaskSupervisorRef) -> Arc<Semaphore> {
    let (notes, gate) = (Notes::new(), Arc::new(Semaphore::new(0)));
    let (seen, closed) = (notes.clone(), Arc::clone(&gate));
    let slow = Probe::new().pre_start(move |_| {
        seen.add("starting");
        let closed = Arc::clone(&closed);
        async move {
            closed.acquire().await?.forget();
            Ok(())
        }
    });
    let supervisor = tasks.supervisor().clone();
    tokio::spawn(async move { supervisor.start_child(slow.child("slow")).await });
    notes.until("starting").await;
    gate
}

/// Has the probe ask for a linked task, which notes that it is dropped.
async fn ask(caller: &Process, tasks: &TaskSupervisorRef, notes: &Notes) {
    let (tasks, seen) = (tasks.clone(), notes.clone());
    let dropped = OnDrop::note(notes, "dropped");
    let work = Order::run(move |_| async move {
        seen.add("asking");
        let endless = async move {
            let _dropped = dropped;
            pending::<()>().await;
        };
        let _task = tasks.async_linked(endless).await?;
        seen.add("has it");
        pending().await
    });
    order(caller, work);
    notes.until("asking").await;
}

/// Starts a linked task whose caller is ended meanwhile; gives why each of them ended.
async fn orphaned(end: fn(&Process)) -> [String; 2] {
    let (bed, notes) = (Bed::new(), Notes::new());
    let (root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let gate = hold_up(&tasks).await;
    let caller = running(&root, "probe").await;
    ask(&caller, &tasks, &notes).await;
    end(&caller);
    let reason = text_of(&within(caller.ended()).await);
    gate.add_permits(1);
    notes.until("dropped").await;
    let mut log = bed.log();
    log.until("started root/tasks/task").await;
    let task = bed.started("root/tasks/task");
    let of_task = text_of(&within(task.ended()).await);
    let left = within(tasks.children()).await.expect("it runs");
    let left: Vec<_> = left.iter().map(|process| process.id().as_str()).collect();
    assert_eq!(left, ["slow"]);
    assert_eq!(notes.count("has it"), 0);
    bed.end().await;
    [reason, of_task]
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_reason_of_a_caller_that_failed() {
    let end = |caller: &Process| caller.exit(ExitReason::failed("no net"));
    let reason = "failed: no net";
    assert_eq!(orphaned(end).await, [reason; 2]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_a_caller_that_was_killed() {
    assert_eq!(orphaned(Process::kill).await, ["killed"; 2]);
}
