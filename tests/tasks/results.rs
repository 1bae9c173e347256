//! Waiting for the result of a task, giving up on it, stopping it.

use std::future::pending;

use mainstay_supervisors::specs::Shutdown;
use mainstay_supervisors::{
    CallError, ExitReason, SupervisorError, TaskError, TaskSupervisor, TaskSupervisorRef, current,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, OnDrop, Order, order, within};
use tokio::time::{Instant, sleep};

use crate::{secs, tasks};

async fn unlimited(bed: &Bed) -> TaskSupervisorRef {
    tasks(bed, TaskSupervisor::new()).await.1
}

#[tokio::test(start_paused = true)]
async fn a_task_gives_its_result() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let task = within(tasks.async_nolink(async { 6 * 7 }))
        .await
        .expect("it starts");
    let process = task.process().clone();
    assert_eq!(within(task).await, Ok(42));
    assert_eq!(within(process.ended()).await, ExitReason::Normal);
    assert_eq!(process.path(), "root/tasks/task");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_without_a_result_tells_why() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let panics = async { assert!(ON_PURPOSE.is_empty(), "{ON_PURPOSE}") };
    let task = within(tasks.async_nolink(panics)).await.expect("it starts");
    let Err(TaskError::Exited(ExitReason::Panicked(panic))) = within(task).await else {
        panic!("it panics")
    };
    assert_eq!(panic.message(), ON_PURPOSE);
    let task = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    task.process().kill();
    assert_eq!(
        within(task).await,
        Err(TaskError::Exited(ExitReason::Killed))
    );
    let task = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    within(tasks.terminate_child(task.process()))
        .await
        .expect("it runs");
    assert_eq!(
        within(task).await,
        Err(TaskError::Exited(ExitReason::Shutdown))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_a_process_of_its_own() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let who = async { current().map(|process| process.pid()) };
    let task = within(tasks.async_nolink(who)).await.expect("it starts");
    let pid = task.process().pid();
    assert_eq!(within(task).await, Ok(Some(pid)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_the_task_running() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tasks = unlimited(&bed).await;
    let seen = notes.clone();
    let slow = async move {
        sleep(secs(5)).await;
        seen.add("done");
    };
    let task = within(tasks.async_nolink(slow)).await.expect("it starts");
    let begun = Instant::now();
    let waited = within(task.wait(secs(2))).await;
    assert_eq!(
        (waited, begun.elapsed()),
        (Err(TaskError::Timeout(secs(2))), secs(2))
    );
    notes.until("done").await;
    assert_eq!(begun.elapsed(), secs(5));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_task_goes_on() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tasks = unlimited(&bed).await;
    let seen = notes.clone();
    let slow = async move {
        sleep(secs(5)).await;
        seen.add("done");
    };
    drop(within(tasks.async_nolink(slow)).await.expect("it starts"));
    notes.until("done").await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_result_can_be_asked_for_again_and_again() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let slow = async {
        sleep(secs(5)).await;
        "done"
    };
    let mut task = within(tasks.async_nolink(slow)).await.expect("it starts");
    let begun = Instant::now();
    assert_eq!(within(task.yield_for(secs(2))).await, None);
    assert_eq!(within(task.yield_for(secs(2))).await, None);
    assert_eq!(within(task.yield_for(secs(2))).await, Some(Ok("done")));
    assert_eq!(begun.elapsed(), secs(5));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn asking_again_after_the_result_tells_the_end_and_does_not_panic() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let mut task = within(tasks.async_nolink(async { 1 }))
        .await
        .expect("it starts");
    assert_eq!(within(task.yield_for(secs(1))).await, Some(Ok(1)));
    let over = Some(Err(TaskError::Exited(ExitReason::Normal)));
    assert_eq!(within(task.yield_for(secs(1))).await, over);
    assert_eq!(
        within(&mut task).await,
        Err(TaskError::Exited(ExitReason::Normal))
    );

    let mut task = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    task.process().kill();
    for _ in 0..3 {
        let killed = Some(Err(TaskError::Exited(ExitReason::Killed)));
        assert_eq!(within(task.yield_for(secs(1))).await, killed);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_shut_down_as_told() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tasks = unlimited(&bed).await;
    for (shutdown, reason) in [
        (Shutdown::BrutalKill, ExitReason::Killed),
        (Shutdown::Timeout(secs(1)), ExitReason::Shutdown),
        (Shutdown::Infinity, ExitReason::Shutdown),
    ] {
        let dropped = OnDrop::note(&notes, "dropped");
        let hanging = async move {
            let _dropped = dropped;
            pending::<()>().await;
        };
        let task = within(tasks.async_nolink(hanging))
            .await
            .expect("it starts");
        let process = task.process().clone();
        tokio::task::yield_now().await;
        assert_eq!(within(task.shutdown(shutdown)).await, None);
        assert_eq!(process.exit_reason(), Some(reason));
    }
    assert_eq!(notes.count("dropped"), 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_faster_than_the_shutdown_is_given() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let task = within(tasks.async_nolink(async { 7 }))
        .await
        .expect("it starts");
    within(task.process().ended()).await;
    assert_eq!(
        within(task.shutdown(Shutdown::Timeout(secs(1)))).await,
        Some(Ok(7))
    );
    let task = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    task.process().exit(ExitReason::failed("bad"));
    within(task.process().ended()).await;
    let shut = within(task.shutdown(Shutdown::Infinity)).await;
    assert_eq!(
        shut,
        Some(Err(TaskError::Exited(ExitReason::failed("bad"))))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn linked_tasks_share_the_fate_of_the_caller() {
    let bed = Bed::new();
    let (root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let probe = mainstay_tests::probe::running(&root, "probe").await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let starter = tasks.clone();
    let start = move |_| async move {
        let linked = starter.async_linked(pending::<()>()).await?;
        let loose = starter.async_nolink(pending::<()>()).await?;
        tell.send((linked.process().clone(), loose.process().clone()))
            .expect("the test waits");
        Ok(())
    };
    order(&probe, Order::run(start));
    let (linked, loose) = within(told).await.expect("it starts them");
    order(&probe, Order::fail("no disk"));
    assert_eq!(within(linked.ended()).await, ExitReason::failed("no disk"));
    assert!(loose.is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn callers_share_the_fate_of_linked_tasks_and_not_of_others() {
    let bed = Bed::new();
    let (root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    for linked in [false, true] {
        let probe = mainstay_tests::probe::running(&root, "probe").await;
        let starter = tasks.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        let start = move |_| async move {
            let fails = async { assert!(ON_PURPOSE.is_empty(), "{ON_PURPOSE}") };
            let task = if linked {
                starter.async_linked(fails).await?
            } else {
                starter.async_nolink(fails).await?
            };
            tell.send(task.process().clone()).expect("the test waits");
            Ok(())
        };
        order(&probe, Order::run(start));
        // The probe may have ended before it could tell.
        if let Ok(task) = within(told).await {
            within(task.ended()).await;
        }
        if linked {
            let reason = within(probe.ended()).await;
            assert_eq!(
                mainstay_tests::probe::text_of(&reason),
                "panicked: on purpose"
            );
        } else {
            assert!(probe.is_alive());
        }
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_processes_there_is_nothing_to_link_to() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let task = within(tasks.async_linked(async { 1 }))
        .await
        .expect("it starts");
    assert_eq!(within(task).await, Ok(1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_than_allowed_run_at_once() {
    let bed = Bed::new();
    let (_root, tasks) = tasks(&bed, TaskSupervisor::new().max_children(2)).await;
    let one = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    let _two = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    let refused = within(tasks.async_nolink(async {})).await;
    assert!(
        matches!(refused, Err(SupervisorError::MaxChildren)),
        "{refused:?}"
    );
    assert_eq!(within(one.shutdown(Shutdown::BrutalKill)).await, None);
    within(tasks.supervisor().count_children())
        .await
        .expect("it runs");
    let three = within(tasks.async_nolink(async { 3 }))
        .await
        .expect("there is room");
    assert_eq!(within(three).await, Ok(3));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_supervisor_there_are_no_tasks() {
    let bed = Bed::new();
    let (root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let task = within(tasks.async_nolink(pending::<()>()))
        .await
        .expect("it starts");
    within(root.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(
        within(task).await,
        Err(TaskError::Exited(ExitReason::Shutdown))
    );
    let late = within(tasks.async_nolink(async {})).await;
    assert!(
        matches!(late, Err(SupervisorError::Call(CallError::NoProcess))),
        "{late:?}"
    );
    bed.end().await;
}
