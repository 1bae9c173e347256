//! Starting trees: the order, and what a failing start leaves behind.

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{Child, DynamicSupervisor, ExitReason, StartError, Started, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Probe, id, within};

use crate::{children, counts};

fn noting(notes: &Notes, names: &[&'static str]) -> Vec<Child> {
    let child = |name: &&'static str| Probe::noting(notes, name).child(name);
    names.iter().map(child).collect()
}

fn failing() -> Child {
    Probe::new()
        .pre_start(|_| async { Err("no disk".into()) })
        .child("bad")
}

#[tokio::test(start_paused = true)]
async fn children_are_started_in_order_and_the_supervisor_is_there_after_them() {
    let bed = Bed::new();
    let notes = Notes::new();
    let inner = Supervisor::one_for_one().children(noting(&notes, &["b", "c"]));
    let tree = Supervisor::one_for_one()
        .children(noting(&notes, &["a"]))
        .child(Child::supervisor("inner", inner))
        .children(noting(&notes, &["d"]));
    bed.start(tree).await;
    assert_eq!(notes.all(), ["start a", "start b", "start c", "start d"]);
    let started = [
        "started root/a",
        "started root/inner/b",
        "started root/inner/c",
        "started root/inner",
        "started root/d",
        "started root",
    ];
    assert_eq!(bed.log().take(), started);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_takes_back_those_before_it_in_reverse() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one()
        .children(noting(&notes, &["a", "b"]))
        .child(failing())
        .children(noting(&notes, &["never"]));
    let error = bed.try_start(tree).await.expect_err("it cannot start");
    assert_eq!(error.to_string(), "child bad: no disk");
    assert_eq!(notes.all(), ["start a", "start b", "stop b", "stop a"]);
    let lines = [
        "started root/a",
        "started root/b",
        "start error bad: no disk",
        "exited root/b: shutdown",
        "exited root/a: shutdown",
    ];
    assert_eq!(bed.log().take(), lines);
    bed.assert_empty();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_below_names_every_child_on_the_way() {
    let bed = Bed::new();
    let notes = Notes::new();
    let inner = Supervisor::one_for_one()
        .children(noting(&notes, &["b"]))
        .child(failing());
    let tree = Supervisor::one_for_one()
        .children(noting(&notes, &["a"]))
        .child(Child::supervisor("inner", inner));
    let error = bed.try_start(tree).await.expect_err("it cannot start");
    assert_eq!(error.to_string(), "child inner: child bad: no disk");
    let StartError::Child { id: outer, error } = error else {
        panic!("{error:?}")
    };
    let StartError::Child { id: inner, error } = *error else {
        panic!("{error:?}")
    };
    assert_eq!((outer, inner), (id("inner"), id("bad")));
    assert!(matches!(*error, StartError::Failed(_)), "{error:?}");
    assert_eq!(notes.all(), ["start a", "start b", "stop b", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_is_rolled_back_before_it_is_told() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::new().post_stop(move |_| {
        let seen = seen.clone();
        async move {
            tokio::time::sleep(crate::secs(3)).await;
            seen.add("stopped");
            Ok(())
        }
    });
    let tree = Supervisor::one_for_one()
        .child(slow.child("a"))
        .child(failing());
    bed.try_start(tree).await.expect_err("it cannot start");
    assert_eq!(notes.all(), ["stopped"]);
    bed.assert_empty();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_with_nothing_to_run_is_kept_without_a_process() {
    let bed = Bed::new();
    let ignore =
        |name| Child::from_start(ChildSpec::new(id(name)), |_| async { Ok(Started::Ignore) });
    let tree = Supervisor::one_for_one()
        .child(ignore("a"))
        .child(ignore("b").restart(Restart::Temporary));
    let supervisor = bed.start(tree).await;
    assert_eq!(
        children(&supervisor).await,
        [("a".to_owned(), "stopped".to_owned())]
    );
    assert_eq!(counts(&supervisor).await, [1, 0, 0, 1]);
    let added = within(supervisor.start_child(ignore("c"))).await;
    assert!(matches!(added, Ok(Started::Ignore)), "{added:?}");
    assert_eq!(counts(&supervisor).await, [2, 0, 0, 2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_forgets_a_child_with_nothing_to_run() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let child = Child::from_start(ChildSpec::new(id("a")), |_| async { Ok(Started::Ignore) });
    let started = within(supervisor.start_child(child)).await;
    assert!(matches!(started, Ok(Started::Ignore)), "{started:?}");
    assert_eq!(counts(&supervisor).await, [0; 4]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_takes_back_what_it_has_started() {
    let bed = Bed::new();
    let notes = Notes::new();
    let hanging = Probe::new().pre_start(|_| std::future::pending());
    let tree = Supervisor::one_for_one()
        .children(noting(&notes, &["a"]))
        .child(hanging.child("hanging"));
    let runtime = bed.runtime.clone();
    let start = tokio::spawn(async move { runtime.start("root", tree).await.map(drop) });
    notes.until("start a").await;
    start.abort();
    assert!(within(start).await.is_err_and(|error| error.is_cancelled()));
    // It is told to stop, but `hanging` holds it: only a kill helps.
    let report = within(bed.runtime.stop(crate::secs(1))).await;
    assert_eq!(report.killed, ["root", "root/a", "root/hanging"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_and_could_go_on_is_stopped_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (go, gone) = tokio::sync::watch::channel(false);
    let slow = Probe::noting(&notes, "slow").pre_start(move |_| {
        let mut gone = gone.clone();
        async move {
            gone.wait_for(|gone| *gone).await?;
            Ok(())
        }
    });
    let tree = Supervisor::one_for_one()
        .children(noting(&notes, &["a"]))
        .child(slow.child("slow"));
    let runtime = bed.runtime.clone();
    let start = tokio::spawn(async move { runtime.start("root", tree).await.map(drop) });
    notes.until("start a").await;
    start.abort();
    go.send(true).expect("it waits");
    notes.until("stop a").await;
    assert_eq!(notes.all(), ["start a", "stop slow", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_in_a_runtime_that_was_stopped() {
    let bed = Bed::new();
    within(bed.runtime.stop(crate::secs(1))).await;
    let error = bed.try_start(Supervisor::one_for_one()).await;
    assert!(matches!(error, Err(StartError::Stopping)), "{error:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_below_counts_as_one_and_is_waited_for_without_limit() {
    let bed = Bed::new();
    let inner = Child::supervisor("inner", Supervisor::one_for_one());
    let supervisor = bed.start(Supervisor::one_for_one().child(inner)).await;
    assert_eq!(counts(&supervisor).await, [1, 1, 1, 0]);
    let spec = within(supervisor.get_childspec(&id("inner")))
        .await
        .expect("it is there");
    assert_eq!(
        spec.shutdown,
        Some(mainstay_supervisors::specs::Shutdown::Infinity)
    );
    supervisor.process().stop(ExitReason::Shutdown);
    within(supervisor.process().ended()).await;
    bed.end().await;
}
