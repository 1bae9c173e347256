//! Telemetry events, as a test sees them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay::actors::telemetry::log_event;
use mainstay::testkit::{Service, TestContext, TestOptions, emitted, try_run};

use crate::support::{SECOND, text_of};

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn events_are_asserted_refuted_and_put_in_order(cx: TestContext) {
    let telemetry = cx.telemetry();
    telemetry.execute("app.before", (), ()).expect("a path");
    let all = cx.emitted("**");
    let few = cx.emitted("app.b.*");
    telemetry
        .execute("app.a", [("count", 2_u64)], [("who", "me")])
        .expect("a path");
    telemetry.execute("app.b.c", (), ()).expect("a path");
    assert_eq!(all.lines(), ["app.a count=2 who=me", "app.b.c"]);
    assert_eq!(few.lines(), ["app.b.c"]);
    let looks_for = |pattern: &str| emitted(pattern).expect("a pattern");
    all.assert_order([looks_for("app.a"), looks_for("app.b.*")]);
    all.assert(
        looks_for("app.a")
            .measuring("count", 2_u64)
            .saying("who", "me"),
    );
    all.refute(looks_for("app.a").measuring("count", 3_u64));
    all.refute(looks_for("app.before"));
    let refuted = catch_unwind(AssertUnwindSafe(|| all.refute(looks_for("app.b.c"))));
    let text = refuted.expect_err("it was emitted");
    let text = text.downcast_ref::<String>().map(String::as_str);
    assert_eq!(
        text,
        Some(
            "expected no event: emitted app.b.c; found: app.b.c\nseen:\n  app.a count=2 who=me\n  app.b.c"
        )
    );
}

#[mainstay::test(start_paused = true, services = [telemetry, config_server])]
async fn an_event_is_waited_for(cx: TestContext) {
    let telemetry = cx.telemetry();
    let mut events = cx.emitted("app.*");
    let emits = telemetry.clone();
    cx.spawn("emits", async move {
        for path in ["app.a", "app.b"] {
            tokio::time::sleep(SECOND).await;
            emits.execute(path, (), ()).expect("a path");
        }
    });
    let looks_for = || emitted("app.b").expect("a pattern");
    let found = events
        .wait_for(looks_for(), SECOND * 3)
        .await
        .expect("it comes");
    assert_eq!(found.path(), "app.b");
    let late = events
        .wait_for(looks_for(), SECOND)
        .await
        .expect_err("it comes once");
    assert!(
        late.to_string()
            .starts_with("no event within 1s: emitted app.b; waited for at"),
        "{late}"
    );
}

#[test]
fn a_capture_that_is_kept_is_no_leak_and_one_that_is_dropped_is_gone() {
    let options = TestOptions::new("inner").services([Service::Telemetry]);
    let outcome = try_run(options, async |cx: TestContext| {
        drop(cx.emitted("**"));
        assert_eq!(cx.telemetry().status().handlers.len(), 0);
        let kept = [cx.emitted("**"), cx.emitted("**")];
        assert_eq!(cx.telemetry().status().handlers.len(), 2);
        cx.finish().await.expect("nothing is left");
        drop(kept);
    });
    outcome.expect("it is fine");
}

#[test]
fn a_test_without_telemetry_is_told_how_to_have_it() {
    let outcome = try_run(TestOptions::new("inner"), async |cx: TestContext| {
        drop(cx.emitted("**"));
    });
    let text = text_of(outcome);
    assert!(
        text.contains("this test has no telemetry: add `telemetry` to its services"),
        "{text}"
    );
}

#[mainstay::test(start_paused = true, services = [telemetry], log = "debug")]
async fn events_can_be_lines_of_the_log(cx: TestContext) {
    let telemetry = cx.telemetry();
    let attached = telemetry
        .attach("log", "app.**", log_event)
        .expect("it is attached");
    telemetry
        .execute("app.a", [("count", 2_u64)], [("who", "me")])
        .expect("a path");
    telemetry.execute("other", (), ()).expect("a path");
    drop(attached);
    telemetry.execute("app.b", (), ()).expect("a path");
    let mut lines = cx.logs().lines();
    lines.retain(|line| line.contains("measurements"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let is_told = |part: &&str| lines[0].contains(*part);
    assert!(
        ["app.a", "count=2", "who=me"].iter().all(is_told),
        "{lines:?}"
    );
}
