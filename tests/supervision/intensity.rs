//! How many restarts are too many.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{Child, DynamicSupervisor, ExitReason, Supervisor, SupervisorRef};
use mainstay_tests::probe::{Bed, Log, Notes, Order, Probe, order, running, within};
use tokio::time::advance;

use crate::{millis, secs};

async fn bed(intensity: u32) -> (Bed, SupervisorRef, Log) {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(intensity, secs(5))
        .child(Probe::new().child("a"));
    let supervisor = bed.start(tree).await;
    let mut log = bed.log();
    log.take();
    (bed, supervisor, log)
}

async fn fail_and_come_back(supervisor: &SupervisorRef, log: &mut Log, restarts: u32) {
    order(&running(supervisor, "a").await, Order::fail("no disk"));
    log.until(&format!("started root/a again {restarts}")).await;
}

async fn fail_for_good(supervisor: &SupervisorRef, log: &mut Log) {
    order(&running(supervisor, "a").await, Order::fail("no disk"));
    let lines = log.until("exited root: shutdown").await;
    let expected = [
        "exited root/a: failed: no disk",
        "terminated a: failed: no disk",
        "gave up root",
        "exited root: shutdown",
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        supervisor.process().exit_reason(),
        Some(ExitReason::Shutdown)
    );
}

#[tokio::test(start_paused = true)]
async fn exactly_the_allowed_restarts_are_made_and_one_more_ends_the_supervisor() {
    for intensity in [0, 1, 2, 7] {
        let (bed, supervisor, mut log) = bed(intensity).await;
        for restarts in 1..=intensity {
            fail_and_come_back(&supervisor, &mut log, restarts).await;
        }
        fail_for_good(&supervisor, &mut log).await;
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_exactly_one_period_ago_still_counts() {
    let (bed, supervisor, mut log) = bed(1).await;
    fail_and_come_back(&supervisor, &mut log, 1).await;
    advance(secs(5)).await;
    fail_for_good(&supervisor, &mut log).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_more_than_one_period_ago_is_forgotten() {
    let (bed, supervisor, mut log) = bed(1).await;
    for restarts in 1..=20 {
        fail_and_come_back(&supervisor, &mut log, restarts).await;
        advance(secs(5) + millis(1)).await;
    }
    fail_and_come_back(&supervisor, &mut log, 21).await;
    advance(secs(5)).await;
    fail_for_good(&supervisor, &mut log).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_period_slides() {
    // Two within five seconds: at 0, 3, 6, 9 never three; then one more at 10 is the third since 5.
    let (bed, supervisor, mut log) = bed(2).await;
    for restarts in 1..=4 {
        fail_and_come_back(&supervisor, &mut log, restarts).await;
        advance(secs(3)).await;
    }
    fail_and_come_back(&supervisor, &mut log, 5).await;
    advance(secs(1)).await;
    fail_for_good(&supervisor, &mut log).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ends_that_restart_nobody_are_not_counted() {
    let bed = Bed::new();
    let quits = |id| Probe::new().child(id).restart(Restart::Transient);
    let tree = Supervisor::one_for_one()
        .intensity(0, secs(5))
        .children(["a", "b", "c"].map(quits));
    let supervisor = bed.start(tree).await;
    for id in ["a", "b", "c"] {
        let process = running(&supervisor, id).await;
        order(&process, Order::throw(ExitReason::Normal));
        within(process.ended()).await;
    }
    within(supervisor.count_children()).await.expect("it runs");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn giving_up_stops_the_others_in_reverse() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one()
        .intensity(0, secs(5))
        .children(["a", "b", "c"].map(|name| Probe::noting(&notes, name).child(name)));
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    within(supervisor.process().ended()).await;
    assert_eq!(notes.all(), ["stop c", "stop a"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_try_of_a_failing_restart_counts() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let once = Probe::new().pre_start(move |_| {
        seen.add("try");
        let first = seen.count("try") == 1;
        async move { if first { Ok(()) } else { Err("no disk".into()) } }
    });
    let tree = Supervisor::one_for_one()
        .intensity(4, secs(5))
        .child(once.child("a"));
    let supervisor = bed.start(tree).await;
    order(&running(&supervisor, "a").await, Order::panic());
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    // The first start, and the four restarts that were allowed.
    assert_eq!(notes.count("try"), 5);
    let lines = bed.log().take();
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "start error a: no disk")
            .count(),
        4
    );
    assert_eq!(
        lines[lines.len() - 2..],
        ["gave up root", "exited root: shutdown"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_answers_between_the_tries_of_a_failing_restart() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let once = Probe::new().pre_start(move |_| {
        seen.add("try");
        let first = seen.count("try") == 1;
        async move {
            if first {
                return Ok(());
            }
            tokio::time::sleep(secs(1)).await;
            Err("no disk".into())
        }
    });
    let tree = Supervisor::one_for_one()
        .intensity(1000, secs(5))
        .child(once.child("a"));
    let supervisor = bed.start(tree).await;
    order(&running(&supervisor, "a").await, Order::panic());
    notes.until_count("try", 2).await;
    assert_eq!(
        crate::children(&supervisor).await,
        [("a".to_owned(), "restarting".to_owned())]
    );
    assert_eq!(crate::counts(&supervisor).await, [1, 0, 0, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gave_up_is_restarted_by_the_one_above_as_its_type_says() {
    for (restart, comes_back) in [
        (Restart::Permanent, true),
        (Restart::Transient, false),
        (Restart::Temporary, false),
    ] {
        let bed = Bed::new();
        let inner = Supervisor::one_for_one()
            .intensity(0, secs(5))
            .child(Probe::new().child("a"));
        let tree = Supervisor::one_for_one()
            .child(Child::supervisor("inner", inner).restart(restart))
            .child(Probe::new().child("b"));
        let supervisor = bed.start(tree).await;
        let (inner, b) = (bed.started("root/inner"), running(&supervisor, "b").await);
        order(&bed.started("root/inner/a"), Order::fail("no disk"));
        assert_eq!(within(inner.ended()).await, ExitReason::Shutdown);
        within(supervisor.count_children()).await.expect("it runs");
        let again = bed.started("root/inner") != inner;
        assert_eq!(again, comes_back, "{restart:?}");
        if comes_back {
            assert!(bed.started("root/inner/a").is_alive());
        }
        assert_eq!(running(&supervisor, "b").await, b);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_climbs_until_somebody_can_bear_it() {
    let bed = Bed::new();
    let level = |below: Child| Supervisor::one_for_one().intensity(1, secs(5)).child(below);
    let tree = level(Child::supervisor(
        "one",
        level(Child::supervisor("two", level(Probe::new().child("a")))),
    ));
    let supervisor = bed.start(tree).await;
    // Each level takes two, so the eighth failure ends the root.
    for _ in 1..=7 {
        let a = bed.started("root/one/two/a");
        order(&a, Order::fail("no disk"));
        within(async {
            while bed.started("root/one/two/a") == a {
                tokio::task::yield_now().await
            }
        })
        .await;
        assert!(supervisor.process().is_alive());
    }
    order(&bed.started("root/one/two/a"), Order::fail("no disk"));
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    let lines = bed.log().take();
    let gave_up = |path: &str| {
        lines
            .iter()
            .filter(|line| **line == format!("gave up {path}"))
            .count()
    };
    assert_eq!(["root/one/two", "root/one", "root"].map(gave_up), [4, 2, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_counts_over_all_its_children() {
    let bed = Bed::new();
    let supervisor = bed
        .start(DynamicSupervisor::new().intensity(3, secs(5)))
        .await;
    let mut children = Vec::new();
    for _ in 0..5 {
        let started = within(supervisor.start_child(Probe::new().child("a"))).await;
        children.push(
            started
                .expect("it starts")
                .process()
                .expect("it runs")
                .clone(),
        );
    }
    for child in &children[..3] {
        order(child, Order::fail("no disk"));
    }
    bed.log().until_count("started root/a again 1", 3).await;
    assert!(supervisor.process().is_alive());
    order(&children[3], Order::fail("no disk"));
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    let lines = bed.log().take();
    assert_eq!(
        lines.iter().filter(|line| *line == "gave up root").count(),
        1
    );
    assert_eq!(children[4].exit_reason(), Some(ExitReason::Shutdown));
    bed.end().await;
}
