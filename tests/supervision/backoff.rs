//! Waiting before a restart.

use std::time::Duration;

use mainstay_supervisors::specs::Backoff;
use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Supervisor, SupervisorError, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, within};
use tokio::time::{Instant, advance, sleep};

use crate::{children, millis, secs};

fn exact() -> Backoff {
    Backoff::new(millis(100), secs(1))
        .jitter(0.0)
        .reset_after(secs(10))
}

/// A child that notes at how many milliseconds after now it is started.
fn timed(notes: &Notes) -> Child {
    let (notes, begun) = (notes.clone(), Instant::now());
    let probe = Probe::new().pre_start(move |_| {
        notes.add(begun.elapsed().as_millis().to_string());
        async { Ok(()) }
    });
    probe.child("a")
}

/// Fails the child as soon as it runs, for the n-th time.
async fn fail(bed: &Bed, restarts: u32) {
    let path = if restarts == 0 {
        "started root/a".to_owned()
    } else {
        format!("started root/a again {restarts}")
    };
    bed.log().until(&path).await;
    order(&bed.started("root/a"), Order::fail("no disk"));
}

async fn restart_times(backoff: Option<Backoff>, failures: u32) -> Vec<String> {
    let bed = Bed::new();
    let notes = Notes::new();
    let child = timed(&notes).with_spec(|spec| spec.backoff = backoff);
    bed.start(
        Supervisor::one_for_one()
            .intensity(100, secs(5))
            .child(child),
    )
    .await;
    for restarts in 0..failures {
        fail(&bed, restarts).await;
    }
    bed.log()
        .until(&format!("started root/a again {failures}"))
        .await;
    bed.end().await;
    notes.all()
}

#[tokio::test(start_paused = true)]
async fn there_is_no_wait_unless_it_is_asked_for() {
    assert_eq!(restart_times(None, 4).await, ["0"; 5]);
}

#[tokio::test(start_paused = true)]
async fn each_restart_in_a_row_waits_longer_up_to_the_maximum() {
    let times = restart_times(Some(exact()), 7).await;
    // 100, 200, 400, 800, then a second each.
    assert_eq!(
        times,
        ["0", "100", "300", "700", "1500", "2500", "3500", "4500"]
    );
}

#[tokio::test(start_paused = true)]
async fn jitter_shortens_the_wait_by_its_share_at_most() {
    let backoff = Backoff::new(secs(10), secs(10)).jitter(0.5);
    let times = restart_times(Some(backoff), 30).await;
    let times: Vec<u64> = times
        .iter()
        .map(|time| time.parse().expect("a number"))
        .collect();
    let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        waits.iter().all(|wait| (5_000..=10_001).contains(wait)),
        "{waits:?}"
    );
    assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_stayed_up_waits_as_for_the_first_time() {
    let bed = Bed::new();
    let notes = Notes::new();
    let child = timed(&notes).backoff(exact());
    bed.start(
        Supervisor::one_for_one()
            .intensity(100, secs(5))
            .child(child),
    )
    .await;
    fail(&bed, 0).await;
    fail(&bed, 1).await;
    bed.log().until("started root/a again 2").await;
    advance(secs(10) - millis(1)).await; // Not quite long enough.
    fail(&bed, 2).await;
    bed.log().until("started root/a again 3").await;
    advance(secs(10)).await;
    fail(&bed, 3).await;
    bed.log().until("started root/a again 4").await;
    // 0 +100, +200, up for 9,999, +400, up for 10,000, +100
    assert_eq!(notes.all(), ["0", "100", "300", "10699", "20799"]);
    bed.end().await;
}

async fn waiting() -> (Bed, SupervisorRef) {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(100, secs(5))
        .child(Probe::new().child("a").backoff(exact()));
    let supervisor = bed.start(tree).await;
    let a = running(&supervisor, "a").await;
    order(&a, Order::fail("no disk"));
    within(a.ended()).await;
    assert_eq!(
        children(&supervisor).await,
        [("a".to_owned(), "restarting".to_owned())]
    );
    (bed, supervisor)
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_is_being_restarted() {
    let (bed, supervisor) = waiting().await;
    let a = id("a");
    let restarted = within(supervisor.restart_child(&a)).await;
    assert!(
        matches!(restarted, Err(SupervisorError::Restarting)),
        "{restarted:?}"
    );
    let deleted = within(supervisor.delete_child(&a)).await;
    assert!(
        matches!(deleted, Err(SupervisorError::Restarting)),
        "{deleted:?}"
    );
    bed.log().until("started root/a again 1").await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_terminated_while_it_waits_does_not_come_back() {
    let (bed, supervisor) = waiting().await;
    within(supervisor.terminate_child(&id("a")))
        .await
        .expect("it is known");
    sleep(secs(60)).await;
    assert_eq!(
        children(&supervisor).await,
        [("a".to_owned(), "stopped".to_owned())]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_terminated_and_started_while_it_waits_is_started_once() {
    let (bed, supervisor) = waiting().await;
    within(supervisor.terminate_child(&id("a")))
        .await
        .expect("it is known");
    within(supervisor.restart_child(&id("a")))
        .await
        .expect("it is stopped");
    let process = running(&supervisor, "a").await;
    sleep(secs(60)).await;
    assert_eq!(running(&supervisor, "a").await, process);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_does_not_hold_up_a_stop() {
    let (bed, supervisor) = waiting().await;
    let begun = Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    sleep(secs(60)).await;
    assert_eq!(
        bed.log().take().last().map(String::as_str),
        Some("exited root: shutdown")
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_serves_while_a_child_waits() {
    let (bed, supervisor) = waiting().await;
    let begun = Instant::now();
    within(supervisor.start_child(Probe::new().child("b")))
        .await
        .expect("it starts");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_was_put_off_counts_once() {
    let bed = Bed::new();
    let child = Probe::new().child("a").backoff(exact());
    let supervisor = bed
        .start(Supervisor::one_for_one().intensity(2, secs(5)).child(child))
        .await;
    fail(&bed, 0).await;
    fail(&bed, 1).await;
    bed.log().until("started root/a again 2").await;
    assert!(supervisor.process().is_alive());
    fail(&bed, 2).await;
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn tries_of_a_failing_restart_wait_and_count() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (seen, begun) = (notes.clone(), Instant::now());
    let once = Probe::new().pre_start(move |_| {
        seen.add(begun.elapsed().as_millis().to_string());
        let first = seen.all().len() == 1;
        async move { if first { Ok(()) } else { Err("no disk".into()) } }
    });
    let tree = Supervisor::one_for_one()
        .intensity(3, secs(5))
        .child(once.child("a").backoff(exact()));
    let supervisor = bed.start(tree).await;
    order(&running(&supervisor, "a").await, Order::panic());
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    assert_eq!(notes.all(), ["0", "100", "300", "700"]);
    assert_eq!(begun.elapsed(), millis(700));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_on_until_the_failed_one_has_waited() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_all()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(Probe::noting(&notes, "b").child("b").backoff(exact()));
    let supervisor = bed.start(tree).await;
    notes.take();
    let b = running(&supervisor, "b").await;
    order(&b, Order::fail("no disk"));
    within(b.ended()).await;
    sleep(millis(99)).await;
    assert!(notes.all().is_empty());
    notes.until("start b").await;
    assert_eq!(notes.all(), ["stop a", "start a", "start b"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_by_another_one_takes_the_waiting_one_along() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_all()
        .intensity(2, secs(5))
        .child(Probe::noting(&notes, "a").child("a"))
        .child(Probe::noting(&notes, "b").child("b").backoff(exact()));
    let supervisor = bed.start(tree).await;
    notes.take();
    let b = running(&supervisor, "b").await;
    order(&b, Order::fail("no disk"));
    within(b.ended()).await;
    order(&running(&supervisor, "a").await, Order::fail("no net"));
    notes.until("start b").await;
    sleep(secs(60)).await;
    // When its time would have come, nothing more happens.
    assert_eq!(notes.all(), ["start a", "start b"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_of_a_dynamic_supervisor_wait_each_for_itself() {
    let bed = Bed::new();
    let supervisor = bed
        .start(DynamicSupervisor::new().intensity(9, secs(5)))
        .await;
    let notes = Notes::new();
    let mut processes = Vec::new();
    for wait in [300, 100, 200] {
        let (seen, begun) = (notes.clone(), Instant::now());
        let probe = Probe::new().pre_start(move |_| {
            seen.add(format!("{wait} at {}", begun.elapsed().as_millis()));
            async { Ok(()) }
        });
        let backoff = Backoff::new(millis(wait), secs(1)).jitter(0.0);
        let started = within(supervisor.start_child(probe.child("a").backoff(backoff))).await;
        processes.push(
            started
                .expect("it starts")
                .process()
                .expect("it runs")
                .clone(),
        );
    }
    notes.take();
    for process in &processes {
        order(process, Order::fail("no disk"));
    }
    bed.log().until_count("started root/a again 1", 3).await;
    assert_eq!(notes.all(), ["100 at 100", "200 at 200", "300 at 300"]);
    bed.end().await;
}
