//! What can be seen of supervisors and children without asking them.

use mainstay_supervisors::specs::{Backoff, ChildSpec};
use mainstay_supervisors::{
    Child, DynamicSupervisor, NodeState, Supervisor, SupervisorRef, Vitals,
};
use mainstay_tests::probe::{Bed, Order, Probe, id, order, running, within};
use tokio::time::{advance, sleep};

use crate::{millis, secs};

async fn fail(bed: &Bed, supervisor: &SupervisorRef, restarts: u32) {
    order(&running(supervisor, "a").await, Order::fail("no disk"));
    let again = format!("started root/a again {restarts}");
    bed.log().until(&again).await;
}

fn of(root: &SupervisorRef, path: &str) -> Vitals {
    let (vitals, all) = Vitals::below(root.process(), 1_000);
    assert!(all);
    let found = vitals.into_iter().find(|vitals| vitals.path == path);
    found.expect("it is in the tree")
}

#[tokio::test(start_paused = true)]
async fn the_restarts_that_are_left_are_counted_and_come_back_after_a_period() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(3, secs(60))
        .child(Probe::new().child("a"));
    let root = bed.start(tree).await;
    let fresh = root.budget();
    assert_eq!((fresh.intensity, fresh.period), (3, secs(60)));
    assert_eq!((fresh.used, fresh.left()), (0, 3));
    assert_eq!((fresh.pace, fresh.last_ago), (None, None));
    fail(&bed, &root, 1).await;
    advance(secs(10)).await;
    fail(&bed, &root, 2).await;
    advance(secs(4)).await;
    let burning = root.budget();
    assert_eq!((burning.used, burning.left()), (2, 1));
    assert_eq!(
        (burning.pace, burning.last_ago),
        (Some(secs(10)), Some(secs(4)))
    );
    // In 6 seconds the last one that is allowed, and 10 later one more.
    assert_eq!(burning.gives_up_in(), Some(secs(16)));
    assert_eq!(of(&root, "root").budget, Some(burning));
    // One that is exactly as old as the period still counts.
    advance(secs(46)).await;
    assert_eq!(root.budget().used, 2);
    advance(millis(1)).await;
    assert_eq!(root.budget().used, 1);
    advance(secs(10)).await;
    assert_eq!((root.budget().used, root.budget().left()), (0, 3));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_has_a_budget_as_well_and_a_worker_has_none() {
    let bed = Bed::new();
    let root = bed
        .start(DynamicSupervisor::new().intensity(7, secs(5)))
        .await;
    let worker = within(root.start_child(Probe::new().child("a"))).await;
    let worker = worker
        .expect("it starts")
        .process()
        .cloned()
        .expect("it runs");
    order(&worker, Order::fail("no disk"));
    bed.log().until("started root/a again 1").await;
    assert_eq!(root.budget().left(), 6);
    assert_eq!(of(&root, "root/a").budget, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_says_for_how_long_and_how_often_it_has_failed() {
    let bed = Bed::new();
    let backoff = Backoff::new(secs(8), secs(60)).jitter(0.0);
    let child = Probe::new()
        .child("a")
        .with_spec(|spec| spec.backoff = Some(backoff));
    let tree = Supervisor::one_for_one()
        .intensity(10, secs(600))
        .child(child);
    let root = bed.start(tree).await;
    let up = of(&root, "root/a");
    assert_eq!(
        (up.state, up.failures, up.due_in),
        (NodeState::Running, 0, None)
    );
    order(&running(&root, "a").await, Order::fail("no disk"));
    bed.log().until("terminated a: failed: no disk").await;
    sleep(secs(3)).await;
    let waits = of(&root, "root/a");
    assert_eq!((waits.state, waits.failures), (NodeState::Restarting, 1));
    assert_eq!(waits.due_in, Some(secs(5)));
    assert_eq!(waits.process, None);
    // It is counted as it is put off.
    assert_eq!(root.budget().used, 1);
    sleep(secs(6)).await;
    let back = of(&root, "root/a");
    assert_eq!(
        (back.state, back.restarts, back.due_in),
        (NodeState::Running, 1, None)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_whole_tree_is_seen_supervisors_first_and_no_more_than_was_asked_for() {
    let bed = Bed::new();
    let inner = Supervisor::one_for_one().children(["x", "y"].map(|id| Probe::new().child(id)));
    let inner = Child::supervisor("inner", inner);
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("first"))
        .child(inner)
        .child(Probe::new().child("last"));
    let root = bed.start(tree).await;
    let paths = |max| {
        let (vitals, all) = Vitals::below(root.process(), max);
        let paths: Vec<_> = vitals.into_iter().map(|vitals| vitals.path).collect();
        (paths.join(" "), all)
    };
    let all = "root root/first root/inner root/inner/x root/inner/y root/last";
    assert_eq!(paths(1_000), (all.to_owned(), true));
    assert_eq!(paths(6), (all.to_owned(), true));
    assert_eq!(paths(3), ("root root/first root/inner".to_owned(), false));
    assert_eq!(paths(0), (String::new(), false));
    within(root.terminate_child(&id("inner")))
        .await
        .expect("it is there");
    let stopped = of(&root, "root/inner");
    assert_eq!(
        (stopped.state, stopped.process, stopped.budget),
        (NodeState::Stopped, None, None)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_seen_while_its_supervisor_is_busy() {
    let bed = Bed::new();
    let root = bed.start(Supervisor::one_for_one()).await;
    let slow = Child::from_start(ChildSpec::new(id("slow")), |cx| async move {
        sleep(secs(30)).await;
        Ok(cx
            .spawn_task(|stop| async move { stop.stopped().await })
            .into())
    });
    let adding = {
        let root = root.clone();
        tokio::spawn(async move { root.start_child(slow).await })
    };
    sleep(secs(1)).await;
    assert_eq!(of(&root, "root").budget.expect("it runs").used, 0);
    within(adding)
        .await
        .expect("it does not panic")
        .expect("it starts");
    bed.end().await;
}
