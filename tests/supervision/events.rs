//! The stream of events.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    Child, Delivery, DynamicSupervisor, EventKind, EventStream, ExitReason, Runtime, Supervisor,
};
use mainstay_tests::probe::{Bed, Order, Probe, order, runtime, within};

use crate::secs;

/// The numbers of what is there, and how many were missed before it.
fn numbers(events: &mut EventStream) -> (u64, Vec<u64>) {
    let (mut missed, mut ids) = (0, Vec::new());
    while let Some(delivery) = events.try_next() {
        match delivery {
            Delivery::Lagged(count) => missed += count,
            Delivery::Event(event) => ids.push(event.id),
            other => panic!("{other:?}"),
        }
    }
    (missed, ids)
}

async fn five_events(runtime: &Runtime) {
    let children = ["a", "b", "c", "d"].map(|name| Probe::new().child(name));
    let tree = Supervisor::one_for_one().children(children);
    within(runtime.start("root", tree))
        .await
        .expect("it starts");
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_from_one_without_gaps() {
    let bed = Bed::new();
    assert_eq!(bed.runtime.last_event(), 0);
    five_events(&bed.runtime).await;
    assert_eq!(bed.runtime.last_event(), 5);
    assert_eq!(
        numbers(&mut bed.runtime.events_after(0)),
        (0, vec![1, 2, 3, 4, 5])
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_be_taken_up_where_it_was_left() {
    let bed = Bed::new();
    five_events(&bed.runtime).await;
    assert_eq!(numbers(&mut bed.runtime.events_after(3)), (0, vec![4, 5]));
    assert_eq!(numbers(&mut bed.runtime.events()), (0, vec![]));
    let mut events = bed.runtime.events_after(4);
    let clone = &mut events.clone();
    assert_eq!(numbers(&mut events), (0, vec![5]));
    assert_eq!(numbers(clone), (0, vec![5]));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_number_that_has_not_come_yet_is_waited_for() {
    let bed = Bed::new();
    let mut ahead = bed.runtime.events_after(3);
    // The greatest number a caller can send is no reason to panic.
    let mut never = bed.runtime.events_after(u64::MAX);
    five_events(&bed.runtime).await;
    assert_eq!(numbers(&mut ahead), (0, vec![4, 5]));
    assert_eq!(numbers(&mut never), (0, vec![]));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_is_told_how_many_were_missed() {
    let runtime = runtime(2);
    let mut late = runtime.events_after(0);
    five_events(&runtime).await;
    assert_eq!(numbers(&mut late), (3, vec![4, 5]));
    assert_eq!(numbers(&mut runtime.events_after(2)), (1, vec![4, 5]));
    assert_eq!(numbers(&mut runtime.events_after(3)), (0, vec![4, 5]));
    within(runtime.stop(secs(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_history_of_none_keeps_one() {
    let runtime = runtime(0);
    five_events(&runtime).await;
    assert_eq!(numbers(&mut runtime.events_after(0)), (4, vec![5]));
    within(runtime.stop(secs(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_wakes_its_reader_and_ends_with_the_runtime() {
    let bed = Bed::new();
    let mut events = bed.runtime.events();
    let reader = tokio::spawn(async move {
        let mut count = 0;
        while let Some(Delivery::Event(_)) = events.next().await {
            count += 1;
        }
        count
    });
    five_events(&bed.runtime).await;
    within(bed.runtime.stop(secs(1))).await;
    drop(bed);
    // Five starts and five ends.
    assert_eq!(within(reader).await.expect("no panic"), 10);
}

#[tokio::test(start_paused = true)]
async fn every_event_names_the_process_it_is_about() {
    let bed = Bed::new();
    let flaky = Probe::new().child("a");
    let hanging = Probe::new()
        .post_stop(|_| std::future::pending())
        .child("b");
    let tree = Supervisor::one_for_one()
        .intensity(0, secs(5))
        .children([flaky, hanging]);
    let supervisor = bed.start(tree).await;
    let bad = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    bed.try_start(Supervisor::one_for_one().child(bad.child("bad")))
        .await
        .expect_err("no disk");
    order(&bed.started("root/a"), Order::fail("x"));
    within(supervisor.process().ended()).await;
    let mut seen = Vec::new();
    let mut events = bed.runtime.events_after(0);
    while let Some(Delivery::Event(event)) = events.try_next() {
        let kind = match event.kind {
            EventKind::Started { .. } => "started",
            EventKind::Exited { .. } => "exited",
            EventKind::ChildTerminated { .. } => "terminated",
            EventKind::StartError { .. } => "start error",
            EventKind::ShutdownError { .. } => "shutdown error",
            EventKind::GaveUp { .. } => "gave up",
            _ => "other",
        };
        seen.push(format!("{kind} {}", event.kind.process().path()));
    }
    let expected = [
        "started root/a",
        "started root/b",
        "started root",
        "start error root",
        "exited root/a",
        "terminated root",
        "gave up root",
        "exited root/b",
        "shutdown error root",
        "exited root",
    ];
    assert_eq!(seen, expected);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_process_starts_once_and_ends_once_and_in_this_order() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    for _ in 0..500 {
        // Ends while its start is being made known.
        let child = Child::task("a", |_| async { ExitReason::Normal });
        within(supervisor.start_child(child.restart(Restart::Temporary)))
            .await
            .expect("it starts");
    }
    let mut log = bed.log();
    log.until_count("exited root/a: normal", 500).await;
    let mut events = bed.runtime.events_after(0);
    let mut alive = std::collections::HashSet::new();
    let mut known = std::collections::HashSet::new();
    while let Some(Delivery::Event(event)) = events.try_next() {
        match event.kind {
            EventKind::Started {
                process,
                restarts: 0,
            } => {
                assert!(known.insert(process.pid()) && alive.insert(process.pid()));
            }
            EventKind::Exited { process, .. } => assert!(alive.remove(&process.pid())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((known.len(), alive.len()), (501, 1));
    bed.end().await;
}
