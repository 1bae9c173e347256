//! Why tasks end: every way, and the reason that is told.

use std::error::Error;

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{Child, ExitReason, Process, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, OnDrop, id, running, text_of, within};

use crate::alone;

type Failed = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::test(start_paused = true)]
async fn the_value_of_a_task_is_its_reason() {
    let tasks = [
        (Child::task("a", |_| async {}), "normal"),
        (
            Child::task("a", |_| async { Ok::<_, std::io::Error>(()) }),
            "normal",
        ),
        (
            Child::task("a", |_| async { Failed::Err("no disk".into()) }),
            "failed: no disk",
        ),
        (
            Child::task("a", |_| async { ExitReason::shutdown_with("done") }),
            "shutdown: done",
        ),
        (Child::task("a", |_| async { ExitReason::Killed }), "killed"),
        (
            Child::task("a", |_| async { Failed::Err(ExitReason::Shutdown.into()) }),
            "shutdown",
        ),
        (
            Child::task("a", |_| async { Ok::<_, &str>(ExitReason::Shutdown) }),
            "shutdown",
        ),
        (
            Child::task("a", |_| async { Ok::<Failed, &str>(Err("inner".into())) }),
            "failed: inner",
        ),
        (
            Child::task("a", |_| async {
                assert!(ON_PURPOSE.is_empty(), "{ON_PURPOSE}")
            }),
            "panicked: on purpose",
        ),
    ];
    for (child, reason) in tasks {
        let bed = Bed::new();
        let process = alone(&bed, child).await;
        assert_eq!(text_of(&within(process.ended()).await), reason);
        bed.end().await;
    }
}

/// Waits for its end in the way the table says.
async fn listening(stop: StopToken, notes: Notes) {
    notes.add("begun");
    stop.stopped().await;
    assert!(stop.is_stopped());
    notes.add("told");
}

#[tokio::test(start_paused = true)]
async fn a_task_with_a_token_is_told_and_ends_as_asked() {
    let asked = [
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::Normal, "normal"),
        (ExitReason::shutdown_with("moved"), "shutdown: moved"),
        (ExitReason::failed("bad"), "failed: bad"),
        (ExitReason::Killed, "killed"),
    ];
    for (ask, reason) in asked {
        let bed = Bed::new();
        let notes = Notes::new();
        let seen = notes.clone();
        let child = Child::task("a", move |stop| listening(stop, seen.clone()));
        let process = alone(&bed, child).await;
        notes.until("begun").await;
        process.stop(ask);
        assert_eq!(text_of(&within(process.ended()).await), reason);
        assert_eq!(notes.all(), ["begun", "told"]);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_told_to_stop_may_end_for_a_reason_of_its_own() {
    let bed = Bed::new();
    let child = Child::task("a", |stop: StopToken| async move {
        stop.stopped().await;
        Failed::Err("could not save".into())
    });
    let process = alone(&bed, child).await;
    process.stop(ExitReason::Shutdown);
    assert_eq!(
        text_of(&within(process.ended()).await),
        "failed: could not save"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_token_is_dropped_where_it_waits() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::task("a", move |_| {
        let seen = seen.clone();
        async move {
            let _dropped = OnDrop::note(&seen, "dropped");
            seen.add("begun");
            std::future::pending::<()>().await;
        }
    });
    let process = alone(&bed, child).await;
    notes.until("begun").await;
    process.stop(ExitReason::shutdown_with("enough"));
    assert_eq!(text_of(&within(process.ended()).await), "shutdown: enough");
    assert_eq!(notes.all(), ["begun", "dropped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_lets_go_of_its_token_later_cannot_hear_any_more() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::task("a", move |stop| {
        let seen = seen.clone();
        async move {
            drop(stop);
            seen.add("deaf");
            std::future::pending::<()>().await;
        }
    });
    let process = alone(&bed, child).await;
    notes.until("deaf").await;
    process.stop(ExitReason::Shutdown);
    assert_eq!(within(process.ended()).await, ExitReason::Shutdown);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_killed_where_it_waits_whether_it_has_a_token_or_not() {
    for keeps in [true, false] {
        let bed = Bed::new();
        let notes = Notes::new();
        let seen = notes.clone();
        let child = Child::task("a", move |stop| {
            let (seen, _stop) = (seen.clone(), keeps.then_some(stop));
            async move {
                let _kept = _stop;
                seen.add("begun");
                std::future::pending::<()>().await;
            }
        });
        let process = alone(&bed, child).await;
        notes.until("begun").await;
        process.kill();
        assert_eq!(within(process.ended()).await, ExitReason::Killed);
        bed.end().await;
    }
}

/// Does this to a task that was just spawned. On one thread nothing is polled until the start function awaits.
async fn before_its_first_poll(act: fn(&Process)) -> (String, Vec<String>) {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        let seen = seen.clone();
        async move {
            let process = cx.spawn_task(|stop: StopToken| async move {
                seen.add(format!("polled, stopped: {}", stop.is_stopped()));
                stop.stopped().await;
            });
            act(&process);
            Ok(process.into())
        }
    });
    let process = alone(&bed, child).await;
    let reason = text_of(&within(process.ended()).await);
    bed.end().await;
    (reason, notes.all())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_killed_before_its_first_poll_is_never_polled() {
    let (reason, polled) = before_its_first_poll(Process::kill).await;
    assert_eq!((reason.as_str(), polled.len()), ("killed", 0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_asked_to_stop_before_its_first_poll_is_told_at_once() {
    let (reason, polled) = before_its_first_poll(|p| p.stop(ExitReason::Shutdown)).await;
    assert_eq!(reason, "shutdown");
    assert_eq!(polled, ["polled, stopped: true"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_before_it_returns_its_future_is_a_failed_start() {
    let bed = Bed::new();
    let child = Child::task("a", |_| {
        assert!(ON_PURPOSE.is_empty(), "{ON_PURPOSE}");
        async {}
    });
    let error = bed.try_start(Supervisor::one_for_one().child(child)).await;
    let text = error.expect_err("it cannot start").to_string();
    assert!(
        text.starts_with("child a: panicked: on purpose at "),
        "{text}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn exit_signals_end_tasks_with_their_reason() {
    for (signal, reason) in [
        (ExitReason::failed("signal"), "failed: signal"),
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::Killed, "killed"),
    ] {
        let bed = Bed::new();
        let supervisor = bed
            .start(Supervisor::one_for_one().child(
                Child::task("a", |_| std::future::pending::<()>()).restart(Restart::Temporary),
            ))
            .await;
        let process = running(&supervisor, "a").await;
        process.exit(ExitReason::Normal);
        process.exit(signal);
        assert_eq!(text_of(&within(process.ended()).await), reason);
        bed.end().await;
    }
}
