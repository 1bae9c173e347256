//! What supervisors did, as a test sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay::specs::{Restart, Shutdown};
use mainstay::supervisors::{Child, EventKind, ExitReason, Started, Supervisor};
use mainstay::testkit::{
    Matcher, SUPERVISED, TestContext, exited, gave_up, restarted, shutdown_failed, start_failed,
    started, terminated,
};

use crate::support::{SECOND, idle};

/// The text of a panic.
#[track_caller]
fn panic_of(assertion: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(assertion)).expect_err("it panics");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => panic!("the payload is no text"),
    }
}

#[mainstay::test(start_paused = true)]
async fn events_are_seen_from_the_start_of_the_namespace_on(cx: TestContext) {
    let lines = cx.events().lines();
    let name = cx.namespace().name().as_str();
    let expected = [
        format!("started {name}/config_server #2"),
        format!("started {name}/children #3"),
        format!("started {name} #1"),
    ];
    assert_eq!(lines, expected);
}

#[mainstay::test(start_paused = true)]
async fn every_kind_of_event_is_found_by_its_matcher(cx: TestContext) {
    let deaf = Child::task("deaf", |stop| async move {
        let _hears_nothing = stop;
        std::future::pending::<()>().await;
    });
    let deaf = deaf.shutdown(Shutdown::Timeout(SECOND));
    let fragile = idle("fragile");
    let pool = Supervisor::one_for_one()
        .intensity(1, SECOND)
        .children([fragile, deaf]);
    let pool = Child::supervisor("pool", pool).restart(Restart::Temporary);
    cx.start_supervised(pool).await.expect("it starts");
    let mut events = cx.events();
    let first = cx.kill("fragile").expect("it runs");
    let again = events
        .wait_for(restarted("fragile"), SECOND)
        .await
        .expect("it is restarted");
    cx.crash("fragile").expect("it runs");
    events
        .wait_for(exited("pool"), SECOND * 2)
        .await
        .expect("it gives up");

    let panicked = again.kind.process().exit_reason().expect("it has ended");
    let all = cx.events();
    all.assert_order([
        started("pool/fragile").of(&first),
        started("pool/deaf"),
        started("pool"),
        exited("pool/fragile").with(ExitReason::Killed),
        terminated("pool/fragile").with(ExitReason::Killed),
        restarted("pool/fragile"),
        exited("fragile").with(panicked),
        gave_up("pool"),
        exited("deaf").with(ExitReason::Killed),
        shutdown_failed("deaf").with(ExitReason::Killed),
        exited("pool").with(ExitReason::Shutdown),
    ]);
    assert_eq!(all.count(started("fragile")), 2);
    assert_eq!(all.count(restarted("fragile")), 1);
    all.refute(start_failed("fragile"));
    all.refute(exited("pool").with(ExitReason::Killed));
    let event = all.assert(gave_up("pool"));
    assert!(matches!(event.kind, EventKind::GaveUp { .. }));
}

#[mainstay::test(start_paused = true)]
async fn what_is_not_seen_is_told_with_what_is(cx: TestContext) {
    let events = cx.events();
    let text = panic_of(|| drop(events.assert(exited("worker").with(ExitReason::Killed))));
    let name = cx.namespace().name().as_str();
    let seen = format!(
        "\nseen:\n  started {name}/config_server #2\n  started {name}/children #3\n  started {name} #1"
    );
    assert_eq!(
        text,
        format!("expected an event: exited worker: killed{seen}")
    );
    let text = panic_of(|| events.refute(started("children")));
    let found = format!("expected no event: started children; found: started {name}/children #3");
    assert_eq!(text, format!("{found}{seen}"));
    let wrong_order = [started("children"), started("config_server")];
    let text = panic_of(|| events.assert_order(wrong_order));
    let expected = "expected an event: started config_server after started children";
    assert_eq!(text, format!("{expected}{seen}"));
    let text = panic_of(|| drop(cx.events().from_now().assert(started("children"))));
    assert_eq!(text, "expected an event: started children\nseen: nothing");
}

#[mainstay::test(start_paused = true)]
async fn of_many_events_the_last_ones_are_shown(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    for _ in 0..100 {
        cx.simulate_crash("worker").await.expect("it is restarted");
    }
    let events = cx.events();
    let text = panic_of(|| drop(events.assert(gave_up("worker"))));
    let hidden = events.all().len() - 60;
    assert_eq!(
        text.lines().nth(2),
        Some(format!("  ({hidden} before these)").as_str())
    );
    assert_eq!(text.lines().count(), 63);
}

#[mainstay::test(start_paused = true)]
async fn a_second_wait_waits_for_a_second_event(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let mut events = cx.events();
    let first = events
        .wait_for(started("worker"), SECOND)
        .await
        .expect("it has started");
    let line = line!() + 1;
    let second = events.wait_for(started("worker"), SECOND).await;
    let error = second.unwrap_err().to_string();
    let expected = format!(
        "no event within 1s: started worker; waited for at {}:{line}:",
        file!()
    );
    assert!(error.starts_with(&expected), "{error}");
    cx.kill("worker").expect("it runs");
    let second = events
        .wait_for(started("worker"), SECOND)
        .await
        .expect("it is restarted");
    assert_eq!(second.id, first.id + 3);
}

#[mainstay::test(start_paused = true)]
async fn one_who_waits_is_told_while_it_waits(cx: TestContext) {
    let mut events = cx.events().from_now();
    let late = cx.clone();
    let starter = cx.spawn("starter", async move {
        tokio::time::sleep(SECOND).await;
        late.start_supervised(idle("worker")).await.is_ok()
    });
    let begun = tokio::time::Instant::now();
    events
        .wait_for(started("worker"), SECOND * 5)
        .await
        .expect("it starts");
    assert_eq!(begun.elapsed(), SECOND);
    assert!(starter.await.expect("no panic"));
}

#[mainstay::test(start_paused = true)]
async fn the_events_of_another_namespace_are_not_seen(cx: TestContext) {
    let other = cx.runtime().namespace("other").await.expect("it starts");
    other.start_child(idle("worker")).await.expect("it starts");
    other.stop(SECOND).await;
    cx.events().refute(started("worker"));
    cx.events().refute(started("other"));
}

#[mainstay::test(start_paused = true)]
async fn a_matcher_may_be_of_the_tests_own(cx: TestContext) {
    struct Supervisors;
    impl std::fmt::Display for Supervisors {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("something of a supervisor")
        }
    }
    impl Matcher<mainstay::supervisors::Event> for Supervisors {
        fn matches(&self, event: &mainstay::supervisors::Event) -> bool {
            event.kind.process().supervisor().is_some()
        }
    }
    assert_eq!(cx.events().count(Supervisors), 2);
    assert_eq!(cx.events().count(&Supervisors), 2);
}

#[mainstay::test(start_paused = true)]
async fn a_child_with_nothing_to_run_makes_no_event(cx: TestContext) {
    let nothing = Child::from_start(idle("nothing").spec().clone(), |_| async {
        Ok(Started::Ignore)
    });
    cx.start_supervised(nothing)
        .await
        .expect_err("there is nothing to run");
    cx.events().refute(started("nothing"));
    cx.events().assert(started(SUPERVISED));
}
