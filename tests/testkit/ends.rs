//! Nothing that went wrong is lost at the end of a test, however it comes about.

use std::future::pending;
use std::mem::forget;
use std::sync::mpsc;
use std::time::Duration;

use mainstay::supervisors::{Child, StopToken, Supervisor};
use mainstay::testkit::{Leak, TestContext, TestFailure, TestFailures, TestOptions, try_run};

use crate::support::{SECOND, outcome, text_of};

/// A limit, and whether the clock stands still.
fn short() -> impl Iterator<Item = TestOptions> {
    let limits = [Duration::from_millis(100), SECOND, SECOND * 2];
    let paused = limits.map(|limit| (limit, true));
    let real = limits.map(|limit| (limit, false));
    paused.into_iter().chain(real).map(|(limit, paused)| {
        TestOptions::new("inner")
            .start_paused(paused)
            .timeout(limit)
    })
}

#[track_caller]
fn only_leak(outcome: Result<(), TestFailures>) -> Leak {
    let failures = outcome.expect_err("something is left");
    assert_eq!(failures.failures.len(), 1, "{failures}");
    let leaks: Vec<Leak> = failures.leaks().expect("leaks").iter().cloned().collect();
    let [leak] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    leak.clone()
}

/// What a body comes to with each of the short limits; all at a time, as real time passes.
fn with_each<F>(body: fn(TestContext) -> F) -> Vec<Result<(), TestFailures>>
where
    F: Future<Output = ()> + 'static,
{
    let runs = short().map(|options| std::thread::spawn(move || try_run(options, body)));
    let runs: Vec<_> = runs.collect();
    let ended = runs.into_iter().map(|run| run.join().expect("no panic"));
    ended.collect()
}

#[test]
fn a_task_that_is_left_is_told_whatever_the_limit_is() {
    let all = with_each(|cx| async move {
        cx.spawn("forgotten", pending::<()>());
    });
    for ended in all {
        let leak = only_leak(ended);
        assert!(
            matches!(&leak, Leak::Task { name, .. } if name == "forgotten"),
            "{leak}"
        );
    }
}

#[test]
fn a_subscription_that_is_left_is_told_whatever_the_limit_is() {
    let all = with_each(|cx| async move { forget(cx.config().subscribe_to("pool")) });
    for ended in all {
        let leak = only_leak(ended);
        assert!(matches!(&leak, Leak::Held { .. }), "{leak}");
    }
}

#[test]
fn a_tree_that_is_left_is_told_whatever_the_limit_is() {
    let all = with_each(|cx| async move {
        let tree = Supervisor::one_for_one();
        cx.runtime()
            .start("forgotten", tree)
            .await
            .expect("it starts");
    });
    for ended in all {
        let leak = only_leak(ended);
        assert!(
            matches!(&leak, Leak::Process { path, .. } if path == "forgotten"),
            "{leak}"
        );
    }
}

#[test]
fn tasks_that_nobody_named_are_counted_whatever_the_limit_is() {
    let all = with_each(|_| async move {
        tokio::spawn(pending::<()>());
    });
    for ended in all {
        assert_eq!(only_leak(ended), Leak::Tasks { count: 1 });
    }
}

async fn kill_the_config_server(cx: &TestContext) {
    while cx.namespace().is_running() {
        if let Some(process) = cx.whereis("config_server") {
            process.kill();
            process.ended().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_namespace_that_gives_up_during_the_test_fails_it() {
    let ended = outcome(|cx| async move { kill_the_config_server(&cx).await });
    let failures = ended.expect_err("it gave up").failures;
    let [TestFailure::Ended { reason, .. }] = &failures[..] else {
        panic!("{failures:?}")
    };
    assert_eq!(reason.to_string(), "shutdown");
}

#[mainstay::test(start_paused = true)]
async fn a_namespace_that_may_end_may_give_up(cx: TestContext) {
    cx.may_end();
    kill_the_config_server(&cx).await;
}

#[mainstay::test(start_paused = true)]
async fn a_namespace_that_the_test_stops_has_not_given_up(cx: TestContext) {
    cx.namespace().stop(SECOND).await;
}

#[mainstay::test(start_paused = true)]
async fn a_runtime_that_the_test_stops_has_not_given_up(cx: TestContext) {
    cx.runtime().stop(SECOND).await;
}

async fn wrong() {
    panic!("never seen");
}

#[test]
fn a_panic_in_a_task_that_nobody_awaited_fails_the_test() {
    let before = line!();
    let ended = outcome(|cx| async move {
        cx.spawn("checker", wrong());
        tokio::time::sleep(SECOND).await;
    });
    let failures = ended.expect_err("it panicked").failures;
    let [
        TestFailure::Task {
            name,
            made_at,
            text,
            ..
        },
    ] = &failures[..]
    else {
        panic!("{failures:?}")
    };
    let place = (made_at.file(), made_at.line() - before);
    assert_eq!(
        (name.as_str(), place, text.as_str()),
        ("checker", (file!(), 2), "never seen")
    );
}

#[mainstay::test(start_paused = true)]
async fn a_panic_in_a_task_is_the_affair_of_who_awaits_it(cx: TestContext) {
    let error = cx.spawn("checker", wrong()).await.expect_err("it panicked");
    assert!(error.is_panic());
    let text = error.into_panic().downcast_ref::<&str>().copied();
    assert_eq!(text, Some("never seen"));
}

#[test]
fn a_child_that_panics_while_it_is_stopped_fails_the_test() {
    let ended = outcome(|cx| async move {
        let child = Child::task("bad end", |stop: StopToken| async move {
            stop.stopped().await;
            wrong().await;
        });
        cx.start_supervised(child).await.expect("it starts");
    });
    let failures = ended.expect_err("it panicked").failures;
    let [TestFailure::Stop { path, reason, .. }] = &failures[..] else {
        panic!("{failures:?}")
    };
    assert_eq!(path, "inner/supervised/bad end");
    assert!(reason.to_string().contains("never seen"), "{reason}");
}

#[test]
fn an_end_that_was_dropped_half_way_is_gone_on_with() {
    let (tell, told) = mpsc::channel();
    let ended = outcome(|cx| async move {
        let first = tell.clone();
        cx.on_exit(move || async move { first.send("first").expect("it is there") });
        cx.on_exit(move || async move {
            tokio::time::sleep(SECOND * 5).await;
            tell.send("second").expect("it is there");
        });
        cx.spawn("forgotten", pending::<()>());
        tokio::time::timeout(SECOND, cx.finish())
            .await
            .expect_err("it takes longer");
    });
    assert!(matches!(only_leak(ended), Leak::Task { .. }));
    assert_eq!(told.iter().collect::<Vec<_>>(), ["second", "first"]);
}

#[test]
fn what_the_test_does_not_look_at_in_the_end_is_told_all_the_same() {
    let ended = outcome(|cx| async move {
        cx.spawn("forgotten", pending::<()>());
        cx.finish().await.ok();
    });
    assert!(matches!(only_leak(ended), Leak::Task { .. }));
}

#[tokio::test(start_paused = true)]
async fn two_who_end_a_test_at_once_both_wait_and_learn_all() {
    let cx = TestContext::builder().start().await.expect("it starts");
    let subscription = cx.config().subscribe();
    cx.on_exit(|| tokio::time::sleep(SECOND * 5));
    let begun = tokio::time::Instant::now();
    let (one, other) = tokio::join!(cx.finish(), cx.finish());
    assert!(begun.elapsed() >= SECOND * 5);
    for ended in [one, other] {
        assert!(matches!(only_leak(ended), Leak::Held { .. }));
    }
    drop(subscription);
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("bomb");
        }
    }
}

#[test]
fn a_callback_that_panics_when_it_is_given_up_keeps_no_other_from_running() {
    let (tell, told) = mpsc::channel();
    let options = TestOptions::new("inner")
        .start_paused(true)
        .virtual_timeout(SECOND);
    let ended = try_run(options, |cx| async move {
        cx.on_exit(move || async move { tell.send("first").expect("it is there") });
        cx.on_exit(|| async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
    });
    let text = text_of(ended);
    assert!(text.contains(" took longer than 1s"), "{text}");
    assert!(text.contains("panicked: bomb"), "{text}");
    assert_eq!(told.iter().collect::<Vec<_>>(), ["first"]);
}

#[test]
fn bodies_and_callbacks_may_do_nothing_but_panic() {
    let ended = outcome(|cx| async move {
        cx.on_exit(|| async { panic!("in the end") });
        panic!("at once")
    });
    let failures = ended.expect_err("both panic").failures;
    assert!(
        matches!(
            &failures[..],
            [
                TestFailure::Panicked(body),
                TestFailure::OnExit { text, .. }
            ] if body == "at once" && text == "panicked: in the end"
        ),
        "{failures:?}"
    );
}

#[mainstay::test(start_paused = true)]
async fn a_child_may_do_nothing_but_panic(cx: TestContext) {
    let child = Child::task("fragile", |_| async { panic!("at once") });
    let child = child.restart(mainstay::specs::Restart::Temporary);
    let child = cx.start_supervised(child).await.expect("it starts");
    child.ended().await;
    let reason = child.exit_reason().expect("it has ended");
    assert!(reason.to_string().contains("at once"), "{reason}");
}

#[mainstay::test]
async fn a_context_may_have_a_lifetime<'a>(cx: &'a TestContext) {
    assert!(cx.namespace().is_running());
}

#[test]
fn what_the_kit_made_is_said_to_be_made_by_the_test() {
    let line = line!() + 1;
    let options = TestOptions::new("inner")
        .start_paused(true)
        .virtual_timeout(SECOND);
    let ended = try_run(options, |cx| async move {
        let hanging =
            Child::from_start(Child::task("hanging", |_| async {}).spec().clone(), |_| {
                pending()
            });
        let late = cx.clone();
        cx.spawn("starter", async move {
            late.start_supervised(hanging).await.is_ok()
        });
        tokio::task::yield_now().await;
    });
    let failures = ended.expect_err("it hangs");
    let leaks: Vec<&Leak> = failures.leaks().expect("leaks").iter().collect();
    let places = leaks.iter().map(|leak| match leak {
        Leak::Killed {
            made_at: Some(made_at),
            ..
        } => (made_at.file(), made_at.line()),
        other => panic!("{other}"),
    });
    let places: Vec<_> = places.collect();
    assert!(!places.is_empty());
    assert!(
        places.iter().all(|place| *place == (file!(), line)),
        "{places:?}"
    );
}
