//! Tasks whose results nobody waits for.

use std::future::pending;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{ExitReason, StopToken, SupervisorError, TaskSupervisor};
use mainstay_tests::probe::{Bed, Notes, within};

use crate::{secs, tasks};

#[tokio::test(start_paused = true)]
async fn a_temporary_task_runs_once() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let seen = notes.clone();
    let body = move |_| {
        seen.add("run");
        async { Err::<(), _>("no disk") }
    };
    let task = within(tasks.start_child(Restart::Temporary, body))
        .await
        .expect("it starts");
    assert_eq!(within(task.ended()).await, ExitReason::failed("no disk"));
    assert_eq!(within(tasks.children()).await.expect("it runs"), []);
    assert_eq!(notes.count("run"), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_transient_task_runs_until_it_succeeds() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_root, tasks) = tasks(&bed, TaskSupervisor::new().intensity(9, secs(5))).await;
    let seen = notes.clone();
    let body = move |_| {
        seen.add("run");
        let done = seen.count("run") == 4;
        async move { if done { Ok(()) } else { Err("not yet") } }
    };
    within(tasks.start_child(Restart::Transient, body))
        .await
        .expect("it starts");
    notes.until_count("run", 4).await;
    bed.log().until("exited root/tasks/task: normal").await;
    assert_eq!(within(tasks.children()).await.expect("it runs"), []);
    assert_eq!(notes.count("run"), 4);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_told_to_stop() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let seen = notes.clone();
    let body = move |stop: StopToken| {
        let seen = seen.clone();
        async move {
            stop.stopped().await;
            seen.add("told");
        }
    };
    let task = within(tasks.start_child(Restart::Permanent, body))
        .await
        .expect("it starts");
    assert_eq!(
        within(tasks.children()).await.expect("it runs"),
        std::slice::from_ref(&task)
    );
    within(tasks.terminate_child(&task)).await.expect("it runs");
    assert_eq!(
        (notes.count("told"), task.exit_reason()),
        (1, Some(ExitReason::Shutdown))
    );
    let again = within(tasks.terminate_child(&task)).await;
    assert!(matches!(again, Err(SupervisorError::NotFound)), "{again:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_run_are_listed() {
    let bed = Bed::new();
    let (_root, tasks) = tasks(&bed, TaskSupervisor::new()).await;
    let mut started = Vec::new();
    for _ in 0..3 {
        let task = tasks.start_child(Restart::Temporary, |_| pending::<()>());
        started.push(within(task).await.expect("it starts"));
    }
    assert_eq!(within(tasks.children()).await.expect("it runs"), started);
    started[1].kill();
    within(started[1].ended()).await;
    started.remove(1);
    assert_eq!(within(tasks.children()).await.expect("it runs"), started);
    bed.end().await;
}
