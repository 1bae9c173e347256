//! Tests that do not come to an end.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use mainstay::supervisors::Child;
use mainstay::testkit::{Clock, TestContext, TestFailure, TestOptions, TimedOut, try_run};

use crate::support::{SECOND, idle, outcome};

const MOMENT: Duration = Duration::from_millis(250);

fn timed_out<F>(options: TestOptions, body: fn(TestContext) -> F) -> TimedOut
where
    F: Future<Output = ()> + 'static,
{
    let failures = try_run(options, body).expect_err("its time is up").failures;
    match failures.into_iter().next() {
        Some(TestFailure::TimedOut(timed_out)) => timed_out,
        other => panic!("{other:?}"),
    }
}

fn options() -> TestOptions {
    TestOptions::new("inner")
}

#[test]
fn in_virtual_time_a_test_that_waits_for_ever_ends_at_once_and_says_what_runs() {
    let options = options().start_paused(true);
    let timed_out = timed_out(options, |cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        cx.spawn("poller", pending::<()>());
        pending::<()>().await;
    });
    let text = timed_out.to_string();
    let first = "the test waits for what does not come: all wait, and no timer is left";
    assert_eq!(text.lines().next(), Some(first));
    assert_eq!((timed_out.clock, timed_out.is_stuck), (Clock::Tokio, false));
    let running = &timed_out.running;
    for part in [
        "inner  rest_for_one",
        "config_server  #",
        "└─ worker  #",
        "the task \"poller\"",
    ] {
        assert!(running.contains(part), "{part:?} is not in\n{running}");
    }
}

#[test]
fn what_of_the_kit_the_test_waits_for_is_said_with_its_place() {
    let options = options().start_paused(true).timeout(SECOND);
    let line = line!();
    let timed_out = timed_out(options, |cx| async move {
        let hanging = Child::from_start(idle("hanging").spec().clone(), |_| pending());
        cx.start_supervised(hanging).await.expect("it never starts");
    });
    let expected = format!("the start of \"hanging\", at {}:{}:", file!(), line + 3);
    let [wait] = &timed_out.waits[..] else {
        panic!("{timed_out}")
    };
    assert!(wait.starts_with(&expected), "{wait}");
}

#[test]
fn a_test_that_is_never_idle_ends_by_the_clock_on_the_wall() {
    let options = options().start_paused(true).timeout(MOMENT);
    let timed_out = timed_out(options, |_| async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!((timed_out.clock, timed_out.is_stuck), (Clock::Wall, false));
}

#[test]
fn a_test_that_blocks_its_thread_is_left_behind() {
    let (let_go, held) = mpsc::channel::<()>();
    let options = options().start_paused(true).timeout(MOMENT);
    let failed = try_run(options, move |cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        held.recv().ok();
    });
    let text = failed.expect_err("its time is up").to_string();
    let first = "the test took longer than 250ms by the clock on the wall; it is in code that does not await, and its thread is left behind";
    assert_eq!(text.lines().next(), Some(first));
    assert!(text.contains("└─ worker  #"), "{text}");
    drop(let_go);
}

#[test]
fn in_real_time_the_limit_holds_as_well() {
    let timed_out = timed_out(options().timeout(MOMENT), |_| pending());
    assert_eq!((timed_out.limit, timed_out.is_stuck), (MOMENT, false));
}

#[test]
fn a_panic_of_what_a_dropped_test_held_is_no_reason_to_end_without_a_word() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let failed = outcome(|_| async {
        let _bomb = Bomb;
        pending::<()>().await;
    });
    let failures = failed.expect_err("its time is up").failures;
    assert!(
        matches!(&failures[..], [TestFailure::TimedOut(_)]),
        "{failures:?}"
    );
}

#[test]
fn a_start_that_hangs_is_no_reason_for_the_end_to_hang() {
    let options = options().start_paused(true).timeout(SECOND * 10);
    let failed = try_run(options, |cx| async move {
        let late = cx.clone();
        let hanging = Child::from_start(idle("hanging").spec().clone(), |_| pending());
        cx.spawn("starter", async move {
            late.start_supervised(hanging).await.is_ok()
        });
        tokio::task::yield_now().await;
    });
    // The supervisor of the test does not come to the request to stop, and is killed with the namespace.
    let failures = failed.expect_err("its time is up").failures;
    let TestFailure::TimedOut(timed_out) = &failures[0] else {
        panic!("{failures:?}")
    };
    assert_eq!(timed_out.step, "stopping the children");
    let Some(TestFailure::Leaks(leaks)) = failures.last() else {
        panic!("{failures:?}")
    };
    assert!(
        leaks
            .to_string()
            .contains("/supervised did not end in its time"),
        "{leaks}"
    );
}
