//! Starts that fail because a test wants it.

use std::panic::Location;

use mainstay_supervisors::specs::{NamespaceName, Restart, SupervisorFlags};
use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Namespace, NamespacePlan, StartError, SupervisorError,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, order, within};

use crate::secs;

async fn namespace(bed: &Bed, name: &str, restarts: u32) -> Namespace {
    let flags = SupervisorFlags::default().intensity(restarts, secs(5));
    let plan = NamespacePlan::new().children_flags(flags);
    let name = NamespaceName::new(name).expect("a name");
    let started = within(bed.runtime.start_namespace(name, plan)).await;
    started.expect("it starts")
}

fn text(error: SupervisorError) -> String {
    match error {
        SupervisorError::StartFailed(StartError::Failed(failure)) => failure.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_start_fails_without_its_function_and_the_one_after_does_not() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = namespace(&bed, "test", 1).await;
    namespace.fail_next_start("test/children/a", "no disk");
    let child = Probe::noting(&notes, "a").child("a");
    let failed = within(namespace.start_child(child.clone())).await;
    assert_eq!(text(failed.expect_err("it is to fail")), "no disk");
    assert_eq!(notes.all(), Vec::<String>::new());
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    assert_eq!(notes.all(), ["start a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_is_reported_and_tried_again() {
    let bed = Bed::new();
    let namespace = namespace(&bed, "test", 9).await;
    within(namespace.start_child(Probe::new().child("a")))
        .await
        .expect("it starts");
    let mut log = bed.log();
    log.take();
    namespace.fail_next_starts("test/children/a", 2, "no disk");
    namespace.fail_next_start("test/children/a", "no network");
    order(&bed.started("test/children/a"), Order::panic());
    let lines = log.until("started test/children/a again 1").await;
    let expected = [
        "exited test/children/a: panicked: on purpose",
        "terminated a: panicked: on purpose",
        "start error a: no disk",
        "start error a: no disk",
        "start error a: no network",
        "started test/children/a again 1",
    ];
    assert_eq!(lines, expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn failed_restarts_count_for_the_restart_limit() {
    let bed = Bed::new();
    let namespace = namespace(&bed, "test", 2).await;
    within(namespace.start_child(Probe::new().child("a")))
        .await
        .expect("it starts");
    let children = namespace.children().expect("they run");
    namespace.fail_next_starts("test/children/a", 2, "no disk");
    order(&bed.started("test/children/a"), Order::panic());
    let reason = within(children.process().ended()).await;
    assert_eq!(reason, ExitReason::Shutdown);
    assert!(namespace.pending_start_failures().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn other_children_and_other_namespaces_are_not_concerned() {
    let bed = Bed::new();
    let one = namespace(&bed, "one", 1).await;
    let two = namespace(&bed, "two", 1).await;
    one.fail_next_start("one/children/a", "no disk");
    one.fail_next_start("two/children/a", "of another namespace");
    for (namespace, child) in [(&one, "b"), (&two, "a")] {
        let started = within(namespace.start_child(Probe::new().child(child))).await;
        started.expect("it starts");
    }
    assert_eq!(one.pending_start_failures().len(), 2);
    assert!(two.pending_start_failures().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_children_that_share_a_path_the_next_that_is_started_fails() {
    let bed = Bed::new();
    let namespace = namespace(&bed, "test", 1).await;
    let pool = Child::supervisor("pool", DynamicSupervisor::new());
    let pool = within(namespace.start_child(pool)).await.expect("starts");
    let pool = pool.process().and_then(|pool| pool.supervisor());
    let pool = pool.expect("a supervisor");
    let child = || Probe::new().child("worker").restart(Restart::Temporary);
    within(pool.start_child(child())).await.expect("it starts");
    namespace.fail_next_start("test/children/pool/worker", "no disk");
    let failed = within(pool.start_child(child())).await;
    assert_eq!(text(failed.expect_err("it is to fail")), "no disk");
    within(pool.start_child(child())).await.expect("it starts");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_tried_is_told_also_when_the_namespace_has_ended() {
    let bed = Bed::new();
    let namespace = namespace(&bed, "test", 9).await;
    let top = Location::caller();
    namespace.fail_next_starts("test/children/a", 3, "no disk");
    namespace.fail_next_start("test/children/b", "no network");
    namespace.fail_next_starts("test/children/c", 0, "never");
    let failed = within(namespace.start_child(Probe::new().child("a"))).await;
    failed.expect_err("it is to fail");
    within(namespace.stop(secs(9))).await;
    let pending: Vec<_> = namespace
        .pending_start_failures()
        .into_iter()
        .map(|failure| (failure.to_string(), failure.made_at.line() - top.line()))
        .collect();
    let place = |text: &str, below: u32| {
        let (file, line) = (top.file(), top.line() + below);
        (format!("{text}, asked for at {file}:{line}:15"), below)
    };
    let expected = [
        place(
            "the next 2 starts of test/children/a are to fail with \"no disk\"",
            1,
        ),
        place(
            "the next start of test/children/b is to fail with \"no network\"",
            2,
        ),
    ];
    assert_eq!(pending, expected);
    bed.end().await;
}
