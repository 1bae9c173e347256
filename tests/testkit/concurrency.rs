//! The twelve validations of concurrency that the system Mainstay follows had, with exact outcomes.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay::testkit::{TestContext, exited, measure_concurrent_ops, started};

use crate::support::{Count, SECOND, counter};

/// Another namespace in the same runtime.
async fn other(cx: &TestContext) -> TestContext {
    let other = TestContext::builder().name("other").beside(cx).start();
    other.await.expect("it starts")
}

#[mainstay::test(start_paused = true)]
async fn the_processes_of_two_namespaces_are_different_ones(cx: TestContext) {
    let other = other(&cx).await;
    for context in [&cx, &other] {
        context
            .start_supervised(counter("counter"))
            .await
            .expect("it starts");
    }
    let of = |cx: &TestContext| -> BTreeSet<_> {
        let processes = cx.namespace().processes().into_iter();
        processes.map(|process| process.pid()).collect()
    };
    assert_eq!((of(&cx).len(), of(&other).len()), (5, 5));
    assert!(of(&cx).is_disjoint(&of(&other)));
    assert_ne!(cx.whereis("counter"), other.whereis("counter"));
    other.finish().await.expect("nothing is left");
}

#[mainstay::test(start_paused = true)]
async fn looking_up_what_is_not_there_is_safe(cx: TestContext) {
    assert_eq!(cx.whereis("nobody"), None);
    assert_eq!(cx.whereis(""), None);
    assert!(cx.namespace().is_running());
    let error = cx.wait_for("nobody", SECOND).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody is registered as \"nobody\" after 1s; registered: [\"config_server\"]"
    );
    let error = cx.wait_for("", SECOND).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name \"\": expected a name, found an empty text"
    );
}

#[mainstay::test(start_paused = true)]
async fn the_figures_of_two_namespaces_are_apart(cx: TestContext) {
    let other = other(&cx).await;
    for id in ["a", "b", "c"] {
        other
            .start_supervised(counter(id))
            .await
            .expect("it starts");
    }
    let entries = |cx: &TestContext| cx.namespace().stats().entries;
    assert_eq!((entries(&cx), entries(&other)), (1, 4));
    other.finish().await.expect("nothing is left");
    assert_eq!((entries(&cx), entries(&other)), (1, 0));
}

#[mainstay::test(start_paused = true)]
async fn the_configurations_of_two_namespaces_are_apart(cx: TestContext) {
    let other = other(&cx).await;
    cx.config()
        .update("mode", "first")
        .await
        .expect("it is there");
    other
        .config()
        .update("mode", "second")
        .await
        .expect("it is there");
    let mode = |cx: &TestContext| {
        cx.config()
            .get_as::<String>("mode")
            .expect("it was put there")
    };
    assert_eq!(
        (mode(&cx).as_str(), mode(&other).as_str()),
        ("first", "second")
    );
    other.finish().await.expect("nothing is left");
}

#[mainstay::test(start_paused = true)]
async fn the_actors_of_two_namespaces_are_apart(cx: TestContext) {
    let other = other(&cx).await;
    for context in [&cx, &other] {
        context
            .start_supervised(counter("counter"))
            .await
            .expect("it starts");
    }
    let up = cx.service::<Count>("counter");
    for _ in 0..3 {
        up.cast(Count::Up).expect("it is there");
    }
    let mut counts = Vec::new();
    for context in [&cx, &other] {
        let counter = context.service::<Count>("counter");
        counts.push(counter.call(Count::Get, SECOND).await.expect("it answers"));
    }
    assert_eq!(counts, [3, 0]);
    other.finish().await.expect("nothing is left");
}

#[mainstay::test(start_paused = true)]
async fn fifty_reads_at_once_all_see_what_is_there(cx: TestContext) {
    let config = cx.config();
    config.update("answer", 42).await.expect("it is there");
    let report = measure_concurrent_ops(50, 50, move |_| {
        let config = config.clone();
        async move { config.get_as::<u32>("answer") }
    })
    .await;
    assert_eq!((report.ok(), report.total()), (50, 50));
    assert!(report.values().all(|value| *value == 42));
    // Reading waits for nobody.
    assert_eq!(report.duration().as_nanos(), 0);
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_changes_at_once_come_one_after_the_other(cx: TestContext) {
    let config = cx.config();
    config.update("mode", "start").await.expect("it is there");
    let before = config.status().version;
    let theirs = config.clone();
    let report = measure_concurrent_ops(20, 20, move |nth| {
        let config = theirs.clone();
        async move { config.update("mode", format!("mode {nth}")).await }
    })
    .await;
    assert_eq!((report.ok(), report.total()), (20, 20));
    // Each made a version of its own, and the last one is what is there.
    let versions: BTreeSet<u64> = report.values().map(|change| change.version).collect();
    assert_eq!(versions, (before + 1..=before + 20).collect());
    let last = report
        .values()
        .position(|change| change.version == before + 20);
    let mode: String = config.get_as("mode").expect("it was put there");
    assert_eq!(Some(mode), last.map(|nth| format!("mode {nth}")));
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_values_stored_at_once_are_all_there(cx: TestContext) {
    let config = cx.config();
    let theirs = config.clone();
    let report = measure_concurrent_ops(50, 10, move |nth| {
        let config = theirs.clone();
        let nth = i64::try_from(nth).expect("it is small");
        async move { config.update(format!("value{nth}"), nth).await }
    })
    .await;
    assert_eq!(report.ok(), 50);
    for nth in 0..50 {
        let value: i64 = config.get_as(format!("value{nth}")).expect("it was stored");
        assert_eq!(value, nth);
    }
}

#[mainstay::test(start_paused = true)]
async fn a_service_that_crashes_comes_back_as_another_process_and_works(cx: TestContext) {
    cx.config().update("kept", true).await.expect("it is there");
    let (old, new) = cx
        .simulate_crash("config_server")
        .await
        .expect("it is restarted");
    assert_ne!(old, new);
    assert_eq!(cx.whereis("config_server"), Some(new));
    cx.config().update("more", 1).await.expect("it works");
    assert_eq!(cx.config().get_as::<bool>("kept").ok(), Some(true));
}

#[mainstay::test(start_paused = true)]
async fn a_namespace_is_whole_after_a_restart(cx: TestContext) {
    let shape = |cx: &TestContext| cx.namespace().tree().map(|tree| tree.count());
    let before = shape(&cx);
    cx.simulate_crash("config_server")
        .await
        .expect("it is restarted");
    // What came after it in the order of starts is restarted with it.
    let mut events = cx.events();
    events
        .wait_for(started("children"), SECOND)
        .await
        .expect("it was started");
    events
        .wait_for(started("children"), SECOND)
        .await
        .expect("it is started again");
    assert!(cx.namespace().is_running());
    assert_eq!(shape(&cx), before);
}

#[mainstay::test(start_paused = true)]
async fn the_end_of_one_namespace_leaves_the_other_alone(cx: TestContext) {
    let other = other(&cx).await;
    other
        .start_supervised(counter("counter"))
        .await
        .expect("it starts");
    cx.start_supervised(counter("counter"))
        .await
        .expect("it starts");
    other.finish().await.expect("nothing is left");
    assert!(!other.namespace().is_running());
    assert_eq!(other.whereis("counter"), None);
    assert!(cx.namespace().is_running());
    let counter = cx.service::<Count>("counter");
    assert_eq!(counter.call(Count::Get, SECOND).await.ok(), Some(0));
    cx.events().refute(exited("counter"));
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_mixed_calls_are_all_accounted_for(cx: TestContext) {
    cx.start_supervised(counter("counter"))
        .await
        .expect("it starts");
    let (config, counter) = (cx.config(), Arc::new(cx.service::<Count>("counter")));
    let ours = Arc::clone(&counter);
    let report = measure_concurrent_ops(200, 20, move |nth| {
        let (config, counter) = (config.clone(), Arc::clone(&ours));
        async move {
            match nth % 4 {
                0 => counter.cast(Count::Up).map_err(|error| error.to_string()),
                1 => {
                    let done = config.update(format!("value{nth}"), 1).await;
                    done.map(drop).map_err(|error| error.to_string())
                }
                2 => Err("refused".to_owned()),
                _ => panic!("on purpose"),
            }
        }
    })
    .await;
    let accounted = (report.ok(), report.err(), report.panicked());
    assert_eq!((accounted, report.total()), ((100, 50, 50), 200));
    assert_eq!(counter.call(Count::Get, SECOND * 10).await.ok(), Some(50));
    assert_eq!(cx.config().status().updates_count, 50);
}
