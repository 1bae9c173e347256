//! Processes that a test has hang.

use std::time::Duration;

use mainstay_supervisors::specs::{ServiceName, Shutdown};
use mainstay_supervisors::{CallError, Child, ExitReason, Fault, Supervisor, current};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, within};
use tokio::time::{Instant, sleep};

use crate::faults::idle;
use crate::{alone, side_by_side};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_process_of_any_kind_hears_no_request_to_stop_and_ends_when_it_is_killed() {
    let bed = Bed::new();
    let processes = idle(&bed).await;
    for process in &processes {
        assert!(process.inject(Fault::Hang));
        process.stop(ExitReason::Shutdown);
    }
    sleep(secs(60)).await;
    for process in &processes {
        assert!(process.is_alive(), "{process}");
        assert!(process.pending_fault().is_none(), "{process}");
        assert!(!process.inject(Fault::error("too late")), "{process}");
        process.kill();
        assert_eq!(within(process.ended()).await, ExitReason::Killed);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_actor_handles_nothing_and_runs_no_post_stop() {
    let bed = Bed::new();
    let notes = Notes::new();
    let [idle, busy] = [("idle", "idle"), ("busy", "busy")]
        .map(|(id, name)| Probe::noting(&notes, name).child(id));
    let [idle, busy] = side_by_side(&bed, [idle, busy]).await;
    let pause = |_| async {
        sleep(secs(1)).await;
        Ok(())
    };
    order(&busy, Order::run(pause));
    tokio::task::yield_now().await;
    for process in [&idle, &busy] {
        assert!(process.inject(Fault::Hang));
        order(process, Order::note(&notes, "handled"));
        // Neither is the plain request of ractor heard.
        process.actor_cell().expect("an actor").stop(None);
    }
    sleep(secs(60)).await;
    for process in [idle, busy] {
        assert!(process.is_alive());
        process.kill();
        within(process.ended()).await;
    }
    assert_eq!(notes.all(), ["start idle", "start busy"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_actor_that_was_asked_to_stop_before_hangs_in_its_post_stop() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    process.stop(ExitReason::Shutdown);
    assert!(process.inject(Fault::Hang));
    sleep(secs(60)).await;
    assert!(process.is_alive());
    process.kill();
    assert_eq!(within(process.ended()).await, ExitReason::Killed);
    assert_eq!(notes.all(), ["start a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_supervisor_restarts_nobody_and_its_children_go_on() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("a"))
        .child(Probe::new().child("b"));
    let root = bed.start(tree).await;
    assert!(root.process().inject(Fault::Hang));
    let (a, b) = (bed.started("root/a"), bed.started("root/b"));
    a.kill();
    within(a.ended()).await;
    sleep(secs(60)).await;
    assert!(b.is_alive());
    assert_eq!(bed.started("root/a"), a);
    root.process().kill();
    assert_eq!(within(b.ended()).await, ExitReason::Killed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_child_has_its_shutdown_time_and_is_killed() {
    let bed = Bed::new();
    let limit = Shutdown::Timeout(secs(3));
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("actor").shutdown(limit))
        .child(Child::task("deaf", |_| std::future::pending::<()>()).shutdown(limit));
    let root = bed.start(tree).await;
    for child in ["actor", "deaf"] {
        let process = running(&root, child).await;
        assert!(process.inject(Fault::Hang));
        let begun = Instant::now();
        within(root.terminate_child(&id(child)))
            .await
            .expect("it is there");
        assert_eq!(begun.elapsed(), secs(3), "{child}");
        assert_eq!(process.exit_reason(), Some(ExitReason::Killed), "{child}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_to_a_hung_actor_has_no_answer_in_time() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let name = ServiceName::new("a").expect("a name");
    let child = Probe::new().child("a").name(name.clone());
    let started = within(namespace.start_child(child)).await;
    let started = started.expect("it starts");
    let process = started.process().expect("it runs");
    assert!(process.inject(Fault::Hang));
    let service = namespace.service::<Order>(name);
    let answer = within(service.call(Order::Pid, secs(2))).await;
    assert_eq!(answer, Err(CallError::Timeout(secs(2))));
    process.kill();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_acts_for_a_hung_process_does_not_hang() {
    let bed = Bed::new();
    let [process, ..] = idle(&bed).await;
    assert!(process.inject(Fault::Hang));
    sleep(secs(1)).await;
    let seen = within(process.scope(async { current() })).await;
    assert_eq!(seen, Some(process.clone()));
    process.kill();
    bed.end().await;
}
