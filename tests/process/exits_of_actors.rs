//! Why actors end: every way, and the reason that is told.

use mainstay_supervisors::{ExitReason, Process};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Order, Probe, order, text_of, within};

use crate::alone;

/// A way to end, the reason, and whether `post_stop` runs.
type Row = (&'static str, fn(&Process), &'static str, bool);

const WAYS: &[Row] = &[
    (
        "an error",
        |p| order(p, Order::fail("no disk")),
        "failed: no disk",
        false,
    ),
    (
        "a panic",
        |p| order(p, Order::panic()),
        "panicked: on purpose",
        false,
    ),
    (
        "a thrown shutdown",
        |p| order(p, Order::throw(ExitReason::Shutdown)),
        "shutdown",
        false,
    ),
    (
        "a thrown shutdown that says more",
        |p| order(p, Order::throw(ExitReason::shutdown_with("drained"))),
        "shutdown: drained",
        false,
    ),
    (
        "a thrown normal",
        |p| order(p, Order::throw(ExitReason::Normal)),
        "normal",
        false,
    ),
    (
        "a thrown kill",
        |p| order(p, Order::throw(ExitReason::Killed)),
        "killed",
        false,
    ),
    ("its own stop", |p| cell(p).stop(None), "normal", true),
    (
        "its own stop with a text",
        |p| cell(p).stop(Some("done".into())),
        "shutdown: done",
        true,
    ),
    (
        "a stop whose text forges a kill",
        |p| cell(p).stop(Some("killed".into())),
        "shutdown: killed",
        true,
    ),
    (
        "a stop whose text forges an abort",
        |p| cell(p).stop(Some("actor_task_cancelled".into())),
        "shutdown: actor_task_cancelled",
        true,
    ),
    (
        "a drain",
        |p| cell(p).drain().expect("it runs"),
        "normal",
        true,
    ),
    ("ractor's kill", |p| cell(p).kill(), "killed", false),
    ("a kill", Process::kill, "killed", false),
    (
        "a request to stop",
        |p| p.stop(ExitReason::Shutdown),
        "shutdown",
        true,
    ),
    (
        "a request with a failure",
        |p| p.stop(ExitReason::failed("bad")),
        "failed: bad",
        true,
    ),
    (
        "the first of two requests",
        stop_twice,
        "shutdown: first",
        true,
    ),
    (
        "an exit signal",
        |p| p.exit(ExitReason::failed("signal")),
        "failed: signal",
        false,
    ),
    (
        "an exit signal that kills",
        |p| p.exit(ExitReason::Killed),
        "killed",
        false,
    ),
    (
        "a kill after a request that it has not come to",
        stop_and_kill,
        "killed",
        false,
    ),
];

fn cell(process: &Process) -> ractor::ActorCell {
    process.actor_cell().expect("an actor")
}

fn stop_twice(process: &Process) {
    process.stop(ExitReason::shutdown_with("first"));
    process.stop(ExitReason::shutdown_with("second"));
}

fn stop_and_kill(process: &Process) {
    process.stop(ExitReason::Shutdown);
    process.kill();
}

#[tokio::test(start_paused = true)]
async fn every_way_to_end_has_its_reason() {
    for (way, end, reason, stopped) in WAYS {
        let bed = Bed::new();
        let notes = Notes::new();
        let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
        end(&process);
        let ended = within(process.ended()).await;
        assert_eq!(
            (text_of(&ended).as_str(), notes.count("stop a") == 1),
            (*reason, *stopped),
            "{way}"
        );
        assert_eq!(process.exit_reason(), Some(ended), "{way}");
        assert!(!process.is_alive(), "{way}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_to_stop_lets_the_message_in_hand_end_and_drops_the_queue() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let in_hand = notes.clone();
    let work = move |_| async move {
        in_hand.add("begun");
        gone.await?;
        in_hand.add("done");
        Ok(())
    };
    order(&process, Order::run(work));
    for _ in 0..10 {
        order(&process, Order::note(&notes, "queued"));
    }
    notes.until("begun").await;
    process.stop(ExitReason::Shutdown);
    assert!(process.is_alive());
    go.send(()).expect("it waits");
    assert_eq!(within(process.ended()).await, ExitReason::Shutdown);
    assert_eq!(notes.all(), ["start a", "begun", "done", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_handles_what_is_queued_and_takes_nothing_more() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    let actor = process.actor_ref::<Order>().expect("a probe");
    order(&process, Order::note(&notes, "one"));
    order(&process, Order::note(&notes, "two"));
    actor.drain().expect("it runs");
    assert!(actor.send_message(Order::note(&notes, "late")).is_err());
    assert_eq!(within(process.ended()).await, ExitReason::Normal);
    assert_eq!(notes.all(), ["start a", "one", "two", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_drops_what_a_handler_does_where_it_waits() {
    let bed = Bed::new();
    let notes = Notes::new();
    let process = alone(&bed, Probe::noting(&notes, "a").child("a")).await;
    order(&process, Order::hang(&notes, "begun"));
    notes.until("begun").await;
    process.stop(ExitReason::Shutdown);
    process.kill();
    assert_eq!(within(process.ended()).await, ExitReason::Killed);
    assert_eq!(notes.all(), ["start a", "begun"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_cuts_post_stop_short() {
    for ask in [Process::kill, |process: &Process| cell(process).kill()] {
        let bed = Bed::new();
        let notes = Notes::new();
        let stops = notes.clone();
        let hanging = Probe::new().post_stop(move |_| {
            stops.add("stopping");
            std::future::pending()
        });
        let process = alone(&bed, hanging.child("a")).await;
        cell(&process).stop(Some("done".into()));
        notes.until("stopping").await;
        assert!(process.is_alive());
        ask(&process);
        assert_eq!(within(process.ended()).await, ExitReason::Killed);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_in_post_stop_is_the_reason() {
    let stops: [fn(&Process); 2] = [|p| cell(p).stop(None), |p| p.stop(ExitReason::Shutdown)];
    for stop in stops {
        for (probe, reason) in [
            (
                Probe::new().post_stop(|_| async { Err("too late".into()) }),
                "failed: too late",
            ),
            (
                Probe::new().post_stop(|_| async { panic!("{ON_PURPOSE}") }),
                "panicked: on purpose",
            ),
        ] {
            let bed = Bed::new();
            let process = alone(&bed, probe.child("a")).await;
            stop(&process);
            assert_eq!(text_of(&within(process.ended()).await), reason);
            bed.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_in_post_start_is_the_end_of_a_process_that_has_started() {
    for (probe, reason) in [
        (
            Probe::new().post_start(|_| async { Err("no port".into()) }),
            "failed: no port",
        ),
        (
            Probe::new().post_start(|_| async { panic!("{ON_PURPOSE}") }),
            "panicked: on purpose",
        ),
    ] {
        let bed = Bed::new();
        let process = alone(&bed, probe.child("a")).await;
        assert_eq!(text_of(&within(process.ended()).await), reason);
        let exited = format!("exited root/a: {reason}");
        let lines = bed.log().until(&exited).await;
        assert_eq!(
            (lines.first(), lines.last()),
            (Some(&"started root/a".to_owned()), Some(&exited))
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_keeps_its_type() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let error = std::io::Error::new(std::io::ErrorKind::AddrInUse, "taken");
    order(&process, Order::fail(error));
    let reason = within(process.ended()).await;
    let ExitReason::Failed(failure) = &reason else {
        panic!("{reason:?}")
    };
    let kind = failure
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    assert_eq!(kind, Some(std::io::ErrorKind::AddrInUse));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_has_ended_cannot_be_stopped_killed_or_signalled_any_more() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    order(&process, Order::fail("first"));
    within(process.ended()).await;
    process.stop(ExitReason::Shutdown);
    process.kill();
    process.exit(ExitReason::failed("late"));
    assert_eq!(process.exit_reason(), Some(ExitReason::failed("first")));
    bed.end().await;
}
