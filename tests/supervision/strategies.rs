//! What the strategies do, in which order.

use std::time::Duration;

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{Child, ExitReason, Started, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, status, within};

use crate::{children, secs};

fn noting(notes: &Notes, names: &[&'static str]) -> Vec<Child> {
    let child = |name: &&'static str| Probe::noting(notes, name).child(name);
    names.iter().map(child).collect()
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_all().children(noting(&notes, &["a", "b", "c", "d"]));
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    notes.until("start d").await;
    let expected = [
        "stop d", "stop c", "stop a", "start a", "start b", "start c", "start d",
    ];
    assert_eq!(notes.all(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_stops_the_later_ones_in_reverse_and_starts_them_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::rest_for_one().children(noting(&notes, &["a", "b", "c", "d"]));
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    notes.until("start d").await;
    assert_eq!(
        notes.all(),
        ["stop d", "stop c", "start b", "start c", "start d"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_for_one_touches_nobody_else() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one().children(noting(&notes, &["a", "b", "c"]));
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    notes.until("start b").await;
    within(supervisor.count_children()).await.expect("it runs");
    assert_eq!(notes.all(), ["start b"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_group_restart_come_in_order() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_all().children(["a", "b"].map(|name| Probe::new().child(name)));
    let supervisor = bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    let lines = log.until("started root/b again 1").await;
    let expected = [
        "exited root/a: failed: no disk",
        "terminated a: failed: no disk",
        "exited root/b: shutdown",
        "started root/a again 1",
        "started root/b again 1",
    ];
    assert_eq!(lines, expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn siblings_that_fail_at_once_are_restarted_as_one_group() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_all()
        .intensity(1, secs(5))
        .children(["a", "b"].map(|name| Probe::new().child(name)));
    let supervisor = bed.start(tree).await;
    // Both messages are in their mailboxes before either actor runs.
    for name in ["a", "b"] {
        let actor = bed.started(&format!("root/{name}"));
        order(&actor, Order::fail("no disk"));
    }
    let mut log = bed.log();
    let lines = log.until("started root/b again 1").await;
    let terminated = lines.iter().filter(|line| line.starts_with("terminated"));
    assert_eq!(terminated.count(), 1, "{lines:?}");
    // A second restart would have been one too many.
    within(supervisor.count_children()).await.expect("it runs");
    assert!(log.take().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn temporary_siblings_are_stopped_with_the_group_and_not_restarted() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_all()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(
            Probe::noting(&notes, "b")
                .child("b")
                .restart(Restart::Temporary),
        )
        .child(
            Probe::noting(&notes, "c")
                .child("c")
                .restart(Restart::Transient),
        );
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    notes.until("start c").await;
    assert_eq!(notes.all(), ["stop c", "stop b", "start a", "start c"]);
    assert_eq!(status(&supervisor, "b").await, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_that_stay_down_come_back_with_the_group() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_all()
        .child(Probe::new().child("a"))
        .child(Probe::new().child("b").restart(Restart::Transient))
        .child(Probe::new().child("c"));
    let supervisor = bed.start(tree).await;
    order(
        &running(&supervisor, "b").await,
        Order::throw(ExitReason::Normal),
    );
    within(bed.started("root/b").ended()).await;
    within(supervisor.terminate_child(&id("c")))
        .await
        .expect("it runs");
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    bed.log().until("started root/c again 1").await;
    for child in ["a", "b", "c"] {
        assert!(running(&supervisor, child).await.is_alive());
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_does_not_stop_in_time_is_killed_and_reported() {
    let bed = Bed::new();
    let hanging = Probe::new().post_stop(|_| std::future::pending());
    let tree = Supervisor::one_for_all()
        .child(Probe::new().child("a"))
        .child(hanging.child("b"));
    let supervisor = bed.start(tree).await;
    let begun = tokio::time::Instant::now();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    let lines = bed.log().until("started root/b again 1").await;
    assert!(
        lines.contains(&"shutdown error b: killed".to_owned()),
        "{lines:?}"
    );
    assert_eq!(begun.elapsed(), secs(5));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_member_of_a_group_that_does_not_start_again_is_tried_until_it_does() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    // `b` starts, fails to start twice, and starts again.
    let b = Probe::new().pre_start(move |_| {
        seen.add("try b");
        let tries = seen.count("try b");
        async move {
            if (2..=3).contains(&tries) {
                return Err("not yet".into());
            }
            Ok(())
        }
    });
    let tree = Supervisor::rest_for_one()
        .intensity(3, secs(5))
        .child(Probe::noting(&notes, "a").child("a"))
        .child(b.child("b"))
        .child(Probe::noting(&notes, "c").child("c"));
    let supervisor = bed.start(tree).await;
    notes.take();
    notes.add("try b"); // It was tried once.
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    notes.until("start c").await;
    let expected = [
        "try b", "stop c", "start a", "try b", "try b", "try b", "start c",
    ];
    assert_eq!(notes.all(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_has_nothing_to_run_leaves_the_child_down() {
    let bed = Bed::new();
    let once = Child::from_start(ChildSpec::new(id("a")), |cx| async move {
        if cx.restarts() > 0 {
            return Ok(Started::Ignore);
        }
        Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into())
    });
    let supervisor = bed.start(Supervisor::one_for_one().child(once)).await;
    let a = running(&supervisor, "a").await;
    order(&a, Order::fail("no disk"));
    within(a.ended()).await;
    assert_eq!(
        children(&supervisor).await,
        [("a".to_owned(), "stopped".to_owned())]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_start_knows_how_often_it_was_started_before() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        seen.add(format!("restarts {}", cx.restarts()));
        async { Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into()) }
    });
    let tree = Supervisor::one_for_one().intensity(9, secs(5)).child(child);
    let supervisor = bed.start(tree).await;
    for count in 1..=3 {
        order(&running(&supervisor, "a").await, Order::fail("no disk"));
        bed.log()
            .until(&format!("started root/a again {count}"))
            .await;
    }
    within(supervisor.terminate_child(&id("a")))
        .await
        .expect("it runs");
    within(supervisor.restart_child(&id("a")))
        .await
        .expect("it is stopped");
    let expected = [
        "restarts 0",
        "restarts 1",
        "restarts 2",
        "restarts 3",
        "restarts 4",
    ];
    assert_eq!(notes.all(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_is_restarted_only_when_its_members_are_gone() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::noting(&notes, "b").post_stop(move |_| {
        let seen = seen.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            seen.add("b is gone");
            Ok(())
        }
    });
    let tree = Supervisor::one_for_all()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(slow.child("b"));
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    notes.until("start b").await;
    assert_eq!(notes.all(), ["b is gone", "start a", "start b"]);
    bed.end().await;
}
