//! A namespace whose start is given up, or fails: nothing of it is in the way of the next.

use std::sync::Arc;

use mainstay_supervisors::specs::{ChildSpec, NamespaceName};
use mainstay_supervisors::{
    Child, NamespaceError, NamespacePlan, Runtime, StartError, StopToken, Supervisor, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, Probe, id, within};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::secs;

fn name(text: &str) -> NamespaceName {
    NamespaceName::new(text).expect("a name")
}

fn named_x(runtime: &Runtime) -> Vec<SupervisorRef> {
    let mut roots = runtime.roots();
    roots.retain(|root| root.process().id().as_str() == "x");
    roots
}

/// A plan with a child whose start goes on when it is let.
fn held_up(notes: &Notes, gate: &Arc<Semaphore>) -> NamespacePlan {
    let (notes, gate) = (notes.clone(), Arc::clone(gate));
    let child = Child::from_start(ChildSpec::new(id("slow")), move |cx| {
        let (notes, gate) = (notes.clone(), Arc::clone(&gate));
        async move {
            notes.add("starting");
            gate.acquire().await.map_err(StartError::failed)?.forget();
            Ok(cx
                .spawn_task(|stop: StopToken| async move { stop.stopped().await })
                .into())
        }
    });
    NamespacePlan::new().child(child)
}

#[tokio::test(start_paused = true)]
async fn the_next_waits_for_the_end_of_the_one_that_was_given_up() {
    let bed = Bed::new();
    let (notes, gate) = (Notes::new(), Arc::new(Semaphore::new(0)));
    let (runtime, plan) = (bed.runtime.clone(), held_up(&notes, &gate));
    let first = tokio::spawn(async move { runtime.start_namespace(name("x"), plan).await });
    notes.until("starting").await;
    first.abort();
    within(first).await.expect_err("it was given up");
    let [old] = named_x(&bed.runtime).try_into().expect("it still starts");

    let runtime = bed.runtime.clone();
    let next = tokio::spawn(async move { runtime.namespace("x").await });
    sleep(secs(60)).await;
    assert!(!next.is_finished());
    assert_eq!(named_x(&bed.runtime), std::slice::from_ref(&old));

    gate.add_permits(1);
    let next = within(next).await.expect("no panic").expect("it starts");
    assert!(!old.process().is_alive());
    assert_eq!(named_x(&bed.runtime), [next.root().expect("it runs")]);
    assert_eq!(
        next.children()
            .expect("it runs")
            .which_children()
            .await
            .expect("it runs")
            .len(),
        0
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_given_up_is_not_found_and_can_be_started_from_a_plan_again() {
    let bed = Bed::new();
    let (notes, gate) = (Notes::new(), Arc::new(Semaphore::new(0)));
    let (runtime, plan) = (bed.runtime.clone(), held_up(&notes, &gate));
    let first = tokio::spawn(async move { runtime.start_namespace(name("x"), plan).await });
    notes.until("starting").await;
    first.abort();
    within(first).await.expect_err("it was given up");
    assert_eq!(bed.runtime.find_namespace("x"), None);
    gate.add_permits(2);
    let plan = held_up(&notes, &gate);
    let next = within(bed.runtime.start_namespace(name("x"), plan)).await;
    let next = next.expect("its place is free");
    assert_eq!(bed.runtime.find_namespace("x"), Some(next.clone()));
    assert_eq!(named_x(&bed.runtime), [next.root().expect("it runs")]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn there_are_never_two_whenever_the_first_is_given_up() {
    let bed = Bed::new();
    let children = (0..5).map(|number| Probe::new().child(&number.to_string()));
    let inner = Child::supervisor("inner", Supervisor::one_for_one().children(children));
    for round in 0..200 {
        let plan = NamespacePlan::new().child(inner.clone());
        let runtime = bed.runtime.clone();
        let first = tokio::spawn(async move { runtime.start_namespace(name("x"), plan).await });
        for _ in 0..round % 40 {
            yield_now().await;
        }
        first.abort();
        let next = within(bed.runtime.namespace("x")).await.expect("it starts");
        let ours = next.root().expect("it runs");
        assert_eq!(named_x(&bed.runtime), [ours], "round {round}");
        // The first may have been complete: then both are handles of the same one.
        drop(first);
        within(next.stop(secs(60))).await;
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn starts_that_fail_leave_nothing() {
    let bed = Bed::new();
    let notes = Notes::new();
    let broken = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    for number in 0..100 {
        let plan = NamespacePlan::new()
            .service(Probe::noting(&notes, "service").child("service"))
            .child(broken.child("broken"));
        let start = bed
            .runtime
            .start_namespace(name(&format!("n{number}")), plan);
        let error = within(start).await.expect_err("it cannot start");
        assert!(matches!(error, NamespaceError::Start { .. }), "{error:?}");
        assert_eq!(bed.runtime.roots(), []);
    }
    assert_eq!(
        (notes.count("start service"), notes.count("stop service")),
        (100, 100)
    );
    assert_eq!(bed.runtime.namespaces(), []);
    bed.assert_empty();
    let next = within(bed.runtime.namespace("n7")).await;
    assert!(next.expect("its place is free").is_running());
    bed.end().await;
}
