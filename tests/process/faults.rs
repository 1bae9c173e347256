//! Panics and errors that a test puts into running processes.

use std::future::pending;
use std::io;

use mainstay_supervisors::{
    Child, ExitReason, Fault, Process, StartError, StopToken, Supervisor, SupervisorError, current,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Order, Probe, order, text_of, within};
use tokio::task::yield_now;

use crate::{alone, side_by_side};

/// One process of each kind, none of which has anything to do.
pub(crate) async fn idle(bed: &Bed) -> [Process; 4] {
    let children = [
        Probe::new().child("actor"),
        Child::task(
            "hears",
            |stop: StopToken| async move { stop.stopped().await },
        ),
        Child::task("deaf", |_| pending::<()>()),
        Child::supervisor("supervisor", Supervisor::one_for_one()),
    ];
    let idle = side_by_side(bed, children).await;
    // Each waits for what it waits for.
    yield_now().await;
    idle
}

#[tokio::test(start_paused = true)]
async fn an_idle_process_of_any_kind_panics_with_the_text_and_a_place() {
    let bed = Bed::new();
    for process in idle(&bed).await {
        assert!(process.inject(Fault::panic(format!("{ON_PURPOSE}: 7"))));
        let reason = within(process.ended()).await;
        let ExitReason::Panicked(panic) = &reason else {
            panic!("{process}: {reason}")
        };
        assert_eq!(panic.message(), "on purpose: 7", "{process}");
        let place = panic.location().expect("a place");
        assert!(place.contains("fault.rs:"), "{process}: {place}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_process_of_any_kind_ends_with_the_error_which_keeps_its_type() {
    let bed = Bed::new();
    for process in idle(&bed).await {
        assert!(process.inject(Fault::error(io::Error::other("no disk"))));
        let reason = within(process.ended()).await;
        let ExitReason::Failed(failure) = &reason else {
            panic!("{process}: {reason}")
        };
        let error = failure.downcast_ref::<io::Error>().expect("its own type");
        assert_eq!(error.to_string(), "no disk", "{process}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_exit_reason_as_error_is_that_reason() {
    let bed = Bed::new();
    for process in idle(&bed).await {
        let reason = ExitReason::shutdown_with("drained");
        assert!(process.inject(Fault::error(reason.clone())));
        assert_eq!(within(process.ended()).await, reason, "{process}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_actor_is_struck_before_what_is_sent_to_it_after() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    assert!(process.inject(Fault::panic(ON_PURPOSE)));
    order(&process, Order::note(&notes, "handled"));
    within(process.ended()).await;
    assert_eq!(notes.all(), ["start a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_actor_is_struck_at_its_next_await() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    order(&process, Order::hang(&notes, "busy"));
    order(&process, Order::note(&notes, "queued"));
    notes.until("busy").await;
    assert!(process.inject(Fault::error("no disk")));
    let reason = within(process.ended()).await;
    assert_eq!(reason, ExitReason::failed("no disk"));
    assert_eq!(notes.all(), ["start a", "busy"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_is_struck_in_its_post_start_and_in_its_post_stop() {
    let bed = Bed::new();
    let starting = Probe::new().post_start(|_| pending()).child("starting");
    let stopping = Probe::new().post_stop(|_| pending()).child("stopping");
    let [starting, stopping] = side_by_side(&bed, [starting, stopping]).await;
    stopping.stop(ExitReason::Shutdown);
    yield_now().await;
    for process in [starting, stopping] {
        assert!(process.inject(Fault::panic(ON_PURPOSE)));
        let reason = within(process.ended()).await;
        assert_eq!(text_of(&reason), "panicked: on purpose", "{process}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_strikes_a_start_fails_it() {
    for fault in [Fault::panic(ON_PURPOSE), Fault::error("no disk")] {
        let bed = Bed::new();
        let supervisor = bed.start(Supervisor::one_for_one()).await;
        let child = Probe::new().pre_start(|_| pending()).child("a");
        let striking = async {
            yield_now().await;
            let processes = bed.runtime.processes();
            let starting = processes.last().expect("it is being started");
            assert_eq!(starting.path(), "root/a");
            assert!(starting.inject(fault.clone()));
        };
        let starting = supervisor.start_child(child);
        let (started, ()) = within(async { tokio::join!(starting, striking) }).await;
        let error = match started.expect_err("it cannot start") {
            SupervisorError::StartFailed(error) => error,
            other => panic!("{other:?}"),
        };
        match (&fault, &error) {
            (Fault::Panic(text), StartError::Panicked(panic)) => assert_eq!(panic.message(), text),
            (Fault::Error(error), StartError::Failed(failure)) => {
                assert_eq!(failure.to_string(), error.to_string());
            }
            other => panic!("{other:?}"),
        }
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_pending_until_it_strikes_and_the_first_counts() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    assert!(process.pending_fault().is_none());
    assert!(process.inject(Fault::error("first")));
    assert!(!process.inject(Fault::error("second")));
    let pending = process.pending_fault().map(|fault| fault.to_string());
    assert_eq!(pending.as_deref(), Some("error: first"));
    let reason = within(process.ended()).await;
    assert_eq!(reason, ExitReason::failed("first"));
    assert!(process.pending_fault().is_none());
    assert!(!process.inject(Fault::error("late")));
    assert!(process.pending_fault().is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_struck_nobody_is_still_pending_when_the_process_has_ended() {
    let bed = Bed::new();
    let process = alone(&bed, Child::task("a", |_| pending::<()>())).await;
    assert!(process.inject(Fault::panic(ON_PURPOSE)));
    process.kill();
    assert_eq!(within(process.ended()).await, ExitReason::Killed);
    let pending = process.pending_fault().map(|fault| fault.to_string());
    assert_eq!(pending.as_deref(), Some("panic: on purpose"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_acts_for_a_process_is_not_struck_in_its_place() {
    let bed = Bed::new();
    let process = alone(&bed, Child::task("a", |_| pending::<()>())).await;
    assert!(process.inject(Fault::panic(ON_PURPOSE)));
    let seen = process.scope(async { current() }).await;
    assert_eq!(seen.as_ref(), Some(&process));
    let reason = within(process.ended()).await;
    assert_eq!(text_of(&reason), "panicked: on purpose");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_a_tokio_runtime_an_idle_actor_is_struck_when_it_has_something_to_do() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let target = process.clone();
    let inject = std::thread::spawn(move || target.inject(Fault::panic(ON_PURPOSE)));
    assert!(inject.join().expect("no panic"));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(process.is_alive());
    order(&process, Order::note(&notes, "handled"));
    let reason = within(process.ended()).await;
    assert_eq!(text_of(&reason), "panicked: on purpose");
    assert_eq!(notes.all(), Vec::<String>::new());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_follows_is_what_follows_when_it_happens_by_itself() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_all()
        .child(Probe::new().child("a"))
        .child(Probe::new().child("b"));
    bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    assert!(bed.started("root/b").inject(Fault::panic(ON_PURPOSE)));
    let lines = log.until("started root/b again 1").await;
    let expected = [
        "exited root/b: panicked: on purpose",
        "terminated b: panicked: on purpose",
        "exited root/a: shutdown",
        "started root/a again 1",
        "started root/b again 1",
    ];
    assert_eq!(lines, expected);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_is_lost_whatever_the_process_is_at() {
    let bed = Bed::new();
    for _ in 0..300 {
        for process in idle_or_busy(&bed).await {
            let target = process.clone();
            let inject = tokio::spawn(async move { target.inject(Fault::error("no disk")) });
            assert!(within(inject).await.expect("no panic"));
            let reason = within(process.ended()).await;
            assert_eq!(reason, ExitReason::failed("no disk"), "{process}");
        }
    }
    bed.end().await;
}

/// Processes that may just begin to wait for something, or go on waiting.
async fn idle_or_busy(bed: &Bed) -> [Process; 3] {
    let busy = Child::task("busy", |stop: StopToken| async move {
        while !stop.is_stopped() {
            yield_now().await;
        }
    });
    let children = [
        Probe::new().child("actor"),
        Child::task("idle", |_| pending::<()>()),
        busy,
    ];
    let processes = side_by_side(bed, children).await;
    order(&processes[0], Order::run(|_| async { Ok(()) }));
    processes
}
