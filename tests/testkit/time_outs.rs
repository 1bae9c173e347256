//! Tests that do not come to an end.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use mainstay::supervisors::Child;
use mainstay::testkit::{
    ChaosMonkey, TestClock, TestContext, TestFailure, TestOptions, TimedOut, try_run,
};

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
    TestOptions::new("inner").environment(false)
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
    let first = "the test waits for what does not come: the paused clock went on by 1day, and nothing woke it";
    assert_eq!(text.lines().next(), Some(first));
    assert_eq!(
        (timed_out.clock, timed_out.is_stuck),
        (TestClock::Tokio, false)
    );
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
    let options = options().start_paused(true).virtual_timeout(SECOND);
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
    assert_eq!(
        (timed_out.clock, timed_out.is_stuck),
        (TestClock::Wall, false)
    );
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
    let options = options().start_paused(true).virtual_timeout(SECOND * 10);
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

#[test]
fn a_paused_clock_waits_for_another_thread() {
    let ended = outcome(|_| async {
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(MOMENT);
            tell.send(()).expect("somebody waits");
        });
        told.await.expect("it is told");
    });
    ended.expect("it passes");
}

#[test]
fn a_paused_clock_waits_for_a_socket() {
    let ended = outcome(|_| async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            std::thread::sleep(MOMENT);
            std::net::TcpStream::connect(address).expect("somebody listens");
        });
        listener.accept().await.map(drop)
    });
    ended.expect("it passes");
}

#[test]
fn a_test_that_waits_beside_what_ticks_ends_as_well() {
    let ticking = |cx: TestContext| async move {
        let ticker = Child::task("ticker", |_| async {
            let mut ticks = tokio::time::interval(SECOND);
            for _ in 0..u64::MAX {
                ticks.tick().await;
            }
        });
        cx.start_supervised(ticker).await.expect("it starts");
        pending::<()>().await;
    };
    let timed_out = timed_out(options().start_paused(true), ticking);
    assert_eq!(
        (timed_out.clock, timed_out.is_idle),
        (TestClock::Tokio, true)
    );
}

#[mainstay::test(start_paused = true, timeout = "10m")]
async fn a_limit_by_the_wall_says_nothing_of_a_paused_clock() {
    tokio::time::sleep(SECOND * 3600).await;
}

#[test]
fn a_limit_of_virtual_time_holds_by_virtual_time() {
    let options = options().start_paused(true).virtual_timeout(SECOND * 600);
    let timed_out = timed_out(options, |_| tokio::time::sleep(SECOND * 3600));
    assert_eq!(
        (timed_out.clock, timed_out.limit, timed_out.is_idle),
        (TestClock::Tokio, SECOND * 600, false)
    );
}

#[test]
fn what_a_test_that_blocks_its_thread_logged_and_what_chaos_it_made_is_told() {
    let (let_go, held) = mpsc::channel::<()>();
    let options = options().start_paused(true).timeout(MOMENT);
    let failed = try_run(options, move |cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        ChaosMonkey::builder().seed(7).start(&cx);
        tracing::warn!("a word before it blocks");
        held.recv().ok();
    });
    let notes = failed.expect_err("its time is up").notes;
    assert!(notes[0].contains("chaos, seed 7"), "{notes:?}");
    assert!(notes[1].contains("a word before it blocks"), "{notes:?}");
    drop(let_go);
}

#[test]
fn a_failure_is_told_though_the_end_gets_stuck() {
    let (let_go, held) = mpsc::channel::<()>();
    let options = options().start_paused(true).timeout(MOMENT);
    let failed = try_run(options, move |cx| async move {
        cx.on_exit(move || async move { held.recv().map_err(drop) });
        Err::<(), _>("the real reason")
    });
    let failures = failed.expect_err("it fails").failures;
    let [
        TestFailure::Returned(returned),
        TestFailure::TimedOut(timed_out),
    ] = &failures[..]
    else {
        panic!("{failures:?}")
    };
    assert_eq!(returned, "\"the real reason\"");
    assert!(timed_out.is_stuck);
    drop(let_go);
}

/// What takes its time to be dropped.
struct Slow(Duration);

impl Drop for Slow {
    fn drop(&mut self) {
        std::thread::sleep(self.0);
    }
}

#[test]
fn the_end_of_the_tokio_runtime_may_take_as_long_as_the_test() {
    let options = options().detect_leaks(false);
    let ended = try_run(options, |_| async {
        tokio::spawn(async {
            let _slow = Slow(SECOND * 4);
            pending::<()>().await;
        });
        tokio::task::yield_now().await;
    });
    ended.expect("it passes");
}

#[test]
fn a_callback_that_waits_for_what_does_not_come_is_told_as_such() {
    let failed = outcome(|cx| async move { cx.on_exit(pending::<()>) });
    let text = failed.expect_err("it waits").to_string();
    assert!(text.contains(" waits for what does not come: "), "{text}");
}
