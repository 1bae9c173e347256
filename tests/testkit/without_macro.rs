//! Contexts in a tokio runtime that is there already.

use std::time::Duration;

use mainstay::specs::NamespaceName;
use mainstay::supervisors::{NamespaceError, Runtime};
use mainstay::testkit::{Leak, Service, TestContext, TestFailure, started};

use crate::support::{SECOND, idle, name};

#[tokio::test(start_paused = true)]
async fn a_context_is_started_and_finished() {
    let cx = TestContext::builder()
        .name("shop")
        .start()
        .await
        .expect("it starts");
    assert_eq!(cx.namespace().name().as_str(), "shop");
    let worker = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    cx.finish().await.expect("nothing is left");
    assert!(!worker.is_alive());
    assert!(!cx.namespace().is_running());
    cx.finish().await.expect("a second time does nothing");
}

#[tokio::test(start_paused = true)]
async fn services_and_children_run_when_it_has_started() {
    let cx = TestContext::builder()
        .services([Service::ConfigServer])
        .service(idle("cache"))
        .child(idle("poller").name(name("poller")))
        .start()
        .await
        .expect("it starts");
    let paths: Vec<String> = cx
        .namespace()
        .processes()
        .iter()
        .map(|it| it.path())
        .collect();
    let expected = [
        "test",
        "test/config_server",
        "test/cache",
        "test/children",
        "test/children/poller",
    ];
    assert_eq!(paths, expected);
    assert!(cx.whereis("poller").is_some());
    cx.finish().await.expect("nothing is left");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_told() {
    let cx = TestContext::builder().start().await.expect("it starts");
    let subscription = cx.config().subscribe().expect("it is there");
    let failures = cx.finish().await.expect_err("something is left");
    let leaks: Vec<&Leak> = failures
        .leaks()
        .expect("something is left")
        .iter()
        .collect();
    assert!(matches!(&leaks[..], [Leak::Held { .. }]), "{leaks:?}");
    drop(subscription);
}

#[tokio::test(start_paused = true)]
async fn the_crash_of_a_linked_child_is_told_in_the_end() {
    let cx = TestContext::builder().start().await.expect("it starts");
    let worker = cx
        .start_supervised_linked(idle("worker"))
        .await
        .expect("it starts");
    worker.kill();
    worker.ended().await;
    let failures = cx.finish().await.expect_err("it crashed").failures;
    assert!(
        matches!(&failures[..], [TestFailure::Linked { .. }]),
        "{failures:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn contexts_without_names_find_some() {
    let first = TestContext::builder().start().await.expect("it starts");
    let second = TestContext::builder()
        .beside(&first)
        .start()
        .await
        .expect("it starts");
    let third = TestContext::builder()
        .beside(&first)
        .start()
        .await
        .expect("it starts");
    let names = [&first, &second, &third].map(|cx| cx.namespace().name().to_string());
    assert_eq!(names, ["test", "test-2", "test-3"]);
    for cx in [first, third, second] {
        cx.finish().await.expect("nothing is left");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused_and_takes_no_events_away() {
    let first = TestContext::builder()
        .name("shop")
        .start()
        .await
        .expect("it starts");
    let taken = TestContext::builder()
        .name("shop")
        .beside(&first)
        .start()
        .await;
    let expected = NamespaceName::new("shop").expect("a name");
    assert!(matches!(taken, Err(NamespaceError::AlreadyRunning(name)) if name == expected));
    first
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    first.events().assert(started("worker"));
    first.finish().await.expect("nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_was_brought_along_is_left_as_it_is() {
    let runtime = Runtime::new();
    let own = runtime.namespace("own").await.expect("it starts");
    let events = runtime.events();
    let cx = TestContext::builder()
        .runtime(&runtime)
        .start()
        .await
        .expect("it starts");
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    cx.finish().await.expect("nothing of the namespace is left");
    assert!(own.is_running());
    drop(events);
    assert!(runtime.stop(SECOND).await.killed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_context_looks_after_the_runtime() {
    let first = TestContext::builder().start().await.expect("it starts");
    let second = TestContext::builder()
        .beside(&first)
        .start()
        .await
        .expect("it starts");
    let forgotten = first.runtime().events();
    first.finish().await.expect("the runtime is in use");
    assert!(second.namespace().is_running());
    let failures = second.finish().await.expect_err("something is left");
    let leaks: Vec<&Leak> = failures
        .leaks()
        .expect("something is left")
        .iter()
        .collect();
    assert!(
        matches!(
            &leaks[..],
            [Leak::Held {
                what: "event stream",
                ..
            }]
        ),
        "{leaks:?}"
    );
    drop(forgotten);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_dropped_does_not_keep_the_others_from_looking() {
    let first = TestContext::builder().start().await.expect("it starts");
    let second = TestContext::builder()
        .beside(&first)
        .start()
        .await
        .expect("it starts");
    drop(second);
    let forgotten = first.runtime().events();
    let failures = first.finish().await.expect_err("something is left");
    let leaks: Vec<&Leak> = failures
        .leaks()
        .expect("something is left")
        .iter()
        .collect();
    assert!(
        matches!(
            &leaks[..],
            [Leak::Held {
                what: "event stream",
                ..
            }]
        ),
        "{leaks:?}"
    );
    drop(forgotten);
}

#[tokio::test(start_paused = true)]
async fn a_context_that_is_dropped_tells_its_namespace_to_stop() {
    let runtime = Runtime::new();
    let cx = TestContext::builder()
        .runtime(&runtime)
        .start()
        .await
        .expect("it starts");
    let worker = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    drop(cx);
    tokio::time::timeout(Duration::from_secs(60), worker.ended())
        .await
        .expect("it is told to stop");
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_end_that_takes_too_long_is_given_up() {
    let cx = TestContext::builder()
        .timeout(SECOND)
        .start()
        .await
        .expect("it starts");
    cx.on_exit(std::future::pending::<()>);
    let failures = cx.finish().await.expect_err("it takes too long").failures;
    assert!(
        matches!(&failures[..], [TestFailure::OnExit { .. }]),
        "{failures:?}"
    );
}
