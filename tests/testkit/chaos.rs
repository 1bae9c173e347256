//! Processes that are made to fail.

use mainstay::specs::{Restart, Shutdown};
use mainstay::supervisors::{Child, ExitReason, Fault, Supervisor};
use mainstay::testkit::{
    CrashError, SUPERVISED, TargetError, TestContext, TestFailure, exited, restarted,
    shutdown_failed, start_failed, started,
};

use crate::support::{Count, SECOND, counter, idle, outcome};

#[mainstay::test(start_paused = true)]
async fn a_process_is_meant_by_its_name_its_id_or_its_path(cx: TestContext) {
    let pool = Supervisor::one_for_one()
        .child(idle("worker"))
        .child(idle("other"));
    let pool = Child::supervisor("pool", pool);
    cx.start_supervised(pool).await.expect("it starts");
    let named = cx
        .start_supervised(counter("worker"))
        .await
        .expect("it starts");
    // A name goes before an id.
    assert_eq!(cx.process("worker").as_ref(), Ok(&named));
    let namespace = cx.namespace().name().to_string();
    let path = format!("{namespace}/{SUPERVISED}/pool/worker");
    for target in ["pool/worker", &path] {
        assert_eq!(
            cx.process(target).map(|process| process.path()),
            Ok(path.clone())
        );
    }
    assert!(cx.process("other").is_ok());
}

#[mainstay::test(start_paused = true, services = [])]
async fn whoever_cannot_be_meant_is_told_what_there_is(cx: TestContext) {
    for pool in ["a", "b"] {
        let children = Supervisor::one_for_one().child(idle("worker"));
        cx.start_supervised(Child::supervisor(pool, children))
            .await
            .expect("it starts");
    }
    let root = cx.namespace().name().to_string();
    let path = |path: &str| format!("{root}/{path}");
    let expected = TargetError::Ambiguous {
        target: "worker".to_owned(),
        candidates: vec![path("supervised/a/worker"), path("supervised/b/worker")],
    };
    let error = cx.kill("worker").unwrap_err();
    assert_eq!(error.to_string(), expected_text(&error));
    assert_eq!(format!("{error:?}"), format!("{expected:?}"));
    let Err(TargetError::Unknown { there, .. }) = cx.crash("nobody") else {
        panic!("there is nobody")
    };
    let all = [
        "children",
        "supervised",
        "supervised/a",
        "supervised/a/worker",
        "supervised/b",
        "supervised/b/worker",
    ];
    let all: Vec<String> = std::iter::once(root.clone()).chain(all.map(path)).collect();
    assert_eq!(there, all);
}

fn expected_text(error: &TargetError) -> String {
    let TargetError::Ambiguous {
        target, candidates, ..
    } = error
    else {
        panic!("{error}")
    };
    format!("{target:?} may be any of {candidates:?}")
}

#[mainstay::test(start_paused = true)]
async fn killed_crashed_and_failed_processes_end_for_their_reason(cx: TestContext) {
    cx.start_supervised(counter("counter"))
        .await
        .expect("it starts");
    cx.start_supervised(idle("task")).await.expect("it starts");
    for target in ["counter", "task"] {
        let mut events = cx.events().from_now();
        let killed = cx.kill(target).expect("it runs");
        assert_eq!(killed.ended().await, ExitReason::Killed);
        events
            .wait_for(started(target), SECOND)
            .await
            .expect("it is restarted");

        let crashed = cx.crash(target).expect("it runs");
        let ExitReason::Panicked(panic) = crashed.ended().await else {
            panic!("{crashed} did not panic")
        };
        assert_eq!(panic.message(), "crashed on purpose, by the test");
        events
            .wait_for(started(target), SECOND)
            .await
            .expect("it is restarted");

        let failed = cx.inject(target, Fault::error("no disk")).expect("it runs");
        assert_eq!(failed.ended().await, ExitReason::failed("no disk"));
        events
            .wait_for(started(target), SECOND)
            .await
            .expect("it is restarted");
    }
}

#[mainstay::test(start_paused = true)]
async fn a_process_fails_once(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    cx.hang("worker").expect("it runs");
    let error = cx.crash("worker").unwrap_err();
    assert!(matches!(error, TargetError::Struck(_)), "{error}");
}

#[mainstay::test(start_paused = true)]
async fn a_process_that_hangs_runs_through_its_shutdown_time_and_is_no_leak(cx: TestContext) {
    let worker = counter("worker").shutdown(Shutdown::Timeout(SECOND * 3));
    cx.start_supervised(worker).await.expect("it starts");
    let hung = cx.hang("worker").expect("it runs");
    let begun = tokio::time::Instant::now();
    cx.stop_supervised("worker").await.expect("it is there");
    assert_eq!(begun.elapsed(), SECOND * 3);
    assert_eq!(hung.exit_reason(), Some(ExitReason::Killed));
    cx.events()
        .assert(shutdown_failed("worker").with(ExitReason::Killed));
    cx.start_supervised(counter("left"))
        .await
        .expect("it starts");
    cx.hang("left").expect("it runs");
}

#[mainstay::test(start_paused = true)]
async fn the_next_start_fails_and_the_one_after_does_not(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    cx.fail_next_start("worker", "no disk").expect("it runs");
    let (old, new) = cx.simulate_crash("worker").await.expect("it is restarted");
    assert_ne!(old, new);
    let events = cx.events();
    assert_eq!(events.count(start_failed("worker")), 1);
    events.assert_order([
        exited("worker"),
        start_failed("worker"),
        restarted("worker"),
    ]);
}

#[mainstay::test(start_paused = true)]
async fn the_first_start_can_fail_as_well(cx: TestContext) {
    let path = format!("{}/{SUPERVISED}/worker", cx.namespace().name());
    cx.fail_next_start(&path, "no disk")
        .expect("it is a path of this namespace");
    let error = cx.start_supervised(idle("worker")).await.unwrap_err();
    assert_eq!(error.to_string(), "the child did not start: no disk");
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let error = cx.fail_next_start("nobody", "no disk").unwrap_err();
    assert!(matches!(error, TargetError::Unknown { .. }), "{error}");
}

#[test]
fn a_start_that_was_to_fail_and_was_not_tried_fails_the_test() {
    let failed = outcome(|cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        cx.fail_next_start("worker", "no disk").expect("it runs");
    });
    let failures = failed.expect_err("nobody tried").failures;
    let [TestFailure::NotTried(order)] = &failures[..] else {
        panic!("{failures:?}")
    };
    assert_eq!(
        (order.path.as_str(), order.made_at.file()),
        ("inner/supervised/worker", file!())
    );
}

#[mainstay::test(start_paused = true)]
async fn a_simulated_crash_waits_for_the_successor_and_its_name(cx: TestContext) {
    cx.start_supervised(counter("counter"))
        .await
        .expect("it starts");
    let service = cx.service::<Count>("counter");
    service.cast(Count::Up).expect("it runs");
    for _ in 0..10 {
        let before = cx.whereis("counter");
        let (old, new) = cx.simulate_crash("counter").await.expect("it is restarted");
        assert_eq!(before.as_ref(), Some(&old));
        assert_eq!(cx.whereis("counter").as_ref(), Some(&new));
        assert_ne!(old, new);
        assert_eq!(service.call(Count::Get, SECOND).await.ok(), Some(0));
    }
}

#[mainstay::test(start_paused = true)]
async fn a_simulated_crash_of_what_is_not_restarted_says_so(cx: TestContext) {
    let child = idle("worker").restart(Restart::Temporary);
    cx.start_supervised(child).await.expect("it starts");
    let error = cx.simulate_crash("worker").await.unwrap_err();
    let CrashError::NotRestarted { old, seen, .. } = &error else {
        panic!("{error}")
    };
    assert!(old.contains("/worker #"), "{old}");
    assert!(seen.to_string().contains("\n  exited "), "{seen}");
    let error = cx.simulate_crash("worker").await.unwrap_err();
    assert!(
        matches!(error, CrashError::Target(TargetError::Unknown { .. })),
        "{error}"
    );
}
