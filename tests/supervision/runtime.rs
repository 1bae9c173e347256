//! Stopping and dropping a whole runtime leaves nothing behind.

use std::future::pending;
use std::sync::{Arc, Weak};

use mainstay_supervisors::specs::{Backoff, Shutdown};
use mainstay_supervisors::{Child, Delivery, DynamicSupervisor, ExitReason, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, order, runtime, within};
use tokio::time::{Instant, sleep};

use crate::{millis, secs};

fn endless(id: &str) -> Child {
    let probe = Probe::new().post_stop(|_| pending());
    probe.child(id).shutdown(Shutdown::Infinity)
}

#[tokio::test(start_paused = true)]
async fn trees_are_told_to_stop_youngest_first_and_stop_each_in_its_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    for names in [["a", "b"], ["c", "d"]] {
        let children = names.map(|name| Probe::noting(&notes, name).child(name));
        bed.start(Supervisor::one_for_one().children(children))
            .await;
    }
    notes.take();
    assert_eq!(bed.runtime.roots().len(), 2);
    let report = within(bed.runtime.stop(secs(1))).await;
    assert_eq!(report.killed, Vec::<String>::new());
    let all = notes.all();
    let place = |note: &str| {
        all.iter()
            .position(|other| other == note)
            .expect("it was noted")
    };
    assert_eq!(all.len(), 4);
    assert_eq!(all[0], "stop d");
    assert!(
        place("stop d") < place("stop c") && place("stop b") < place("stop a"),
        "{all:?}"
    );
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_has_not_ended_in_time_is_killed_and_named() {
    let bed = Bed::new();
    let notes = Notes::new();
    let inner = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "first").child("first"))
        .child(endless("hangs"))
        .child(Probe::noting(&notes, "last").child("last"));
    let tree = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "before").child("before"))
        .child(Child::supervisor("inner", inner));
    bed.start(tree).await;
    let begun = Instant::now();
    let mut report = within(bed.runtime.stop(secs(10))).await;
    assert_eq!(begun.elapsed(), secs(10));
    report.killed.sort();
    let killed = [
        "root",
        "root/before",
        "root/inner",
        "root/inner/first",
        "root/inner/hangs",
    ];
    assert_eq!(report.killed, killed);
    assert_eq!(notes.count("stop last"), 1);
    assert_eq!(
        bed.started("root/before").exit_reason(),
        Some(ExitReason::Killed)
    );
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn children_that_a_dynamic_supervisor_waits_for_are_killed_with_it() {
    for below in [false, true] {
        let bed = Bed::new();
        let dynamic = if below {
            let child = Child::supervisor("pool", DynamicSupervisor::new());
            bed.start(Supervisor::one_for_one().child(child)).await;
            bed.started("root/pool").supervisor().expect("a supervisor")
        } else {
            bed.start(DynamicSupervisor::new()).await
        };
        for _ in 0..3 {
            within(dynamic.start_child(endless("hangs")))
                .await
                .expect("it starts");
        }
        let report = within(bed.runtime.stop(secs(10))).await;
        let hanging = report.killed.iter().filter(|path| path.ends_with("/hangs"));
        assert_eq!(hanging.count(), 3, "{report:?}");
        bed.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_being_terminated_on_request_is_killed_with_all() {
    let bed = Bed::new();
    let dynamic = bed.start(DynamicSupervisor::new()).await;
    let started = within(dynamic.start_child(endless("hangs")))
        .await
        .expect("it starts");
    let process = started.process().expect("it runs").clone();
    let (asked, target) = (dynamic.clone(), process.clone());
    let request = tokio::spawn(async move { asked.terminate_process(&target).await });
    sleep(secs(1)).await;
    let report = within(bed.runtime.stop(secs(10))).await;
    assert_eq!(report.killed, ["root", "root/hangs"]);
    within(request)
        .await
        .expect("no panic")
        .expect_err("nobody answers");
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn one_tree_uses_up_nobody_elses_time() {
    let bed = Bed::new();
    let slow = || {
        let probe = Probe::new().post_stop(|_| async {
            sleep(secs(4)).await;
            Ok(())
        });
        Supervisor::one_for_one().child(probe.child("slow"))
    };
    for _ in 0..3 {
        bed.start(slow()).await;
    }
    let begun = Instant::now();
    let report = within(bed.runtime.stop(secs(6))).await;
    assert_eq!(begun.elapsed(), secs(4));
    assert_eq!(report.killed, Vec::<String>::new());
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_kills_all() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one().child(Probe::noting(&notes, "a").child("a"));
    bed.start(tree).await;
    let report = within(bed.runtime.stop(secs(0))).await;
    assert_eq!(report.killed, ["root", "root/a"]);
    assert_eq!(notes.all(), ["start a"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn stopping_twice_is_stopping_once() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::new().post_stop(move |_| {
        let seen = seen.clone();
        async move {
            sleep(secs(3)).await;
            seen.add("stopped");
            Ok(())
        }
    });
    bed.start(Supervisor::one_for_one().child(slow.child("a")))
        .await;
    let begun = Instant::now();
    let both = async { tokio::join!(bed.runtime.stop(secs(9)), bed.runtime.stop(secs(9))) };
    let (one, two) = within(both).await;
    assert_eq!((one.killed.len(), two.killed.len()), (0, 0));
    assert_eq!((begun.elapsed(), notes.count("stopped")), (secs(3), 1));
    let third = within(bed.runtime.stop(secs(9))).await;
    assert!(third.killed.is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_still_starts_is_stopped_when_it_has() {
    let bed = Bed::new();
    let notes = Notes::new();
    let slow = Probe::noting(&notes, "slow").pre_start(|_| async {
        sleep(secs(2)).await;
        Ok(())
    });
    let tree = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(slow.child("slow"));
    let runtime = bed.runtime.clone();
    let start = tokio::spawn(async move { runtime.start("root", tree).await });
    notes.until("start a").await;
    let begun = Instant::now();
    let report = within(bed.runtime.stop(secs(9))).await;
    assert_eq!((report.killed.len(), begun.elapsed()), (0, secs(2)));
    within(start)
        .await
        .expect("no panic")
        .expect("it had started");
    assert_eq!(notes.all(), ["start a", "stop slow", "stop a"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_never_comes_to_its_start_is_killed() {
    let bed = Bed::new();
    let notes = Notes::new();
    let dropped = notes.clone();
    let hangs = Probe::new()
        .keeping(move || OnDrop::note(&dropped, "dropped"))
        .pre_start(|_| pending());
    let inner = Supervisor::one_for_one()
        .child(Probe::noting(&notes, "a").child("a"))
        .child(hangs.child("hangs"));
    let tree = Supervisor::one_for_one().child(Child::supervisor("inner", inner));
    let runtime = bed.runtime.clone();
    let start = tokio::spawn(async move { runtime.start("root", tree).await });
    notes.until("start a").await;
    let mut report = within(bed.runtime.stop(secs(9))).await;
    report.killed.sort();
    assert_eq!(
        report.killed,
        ["root", "root/inner", "root/inner/a", "root/inner/hangs"]
    );
    let error = within(start)
        .await
        .expect("no panic")
        .expect_err("it never started");
    assert_eq!(error.to_string(), "ended before it was ready: killed");
    assert_eq!(notes.all(), ["start a", "dropped"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_hangs_is_killed_with_all() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let flaky = Probe::new().pre_start(move |_| {
        seen.add("try");
        let first = seen.count("try") == 1;
        async move { if first { Ok(()) } else { pending().await } }
    });
    bed.start(Supervisor::one_for_one().child(flaky.child("a")))
        .await;
    order(&bed.started("root/a"), Order::fail("no disk"));
    notes.until_count("try", 2).await;
    let report = within(bed.runtime.stop(secs(1))).await;
    assert_eq!(report.killed, ["root", "root/a"]);
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_future_is_dropped_goes_on() {
    let bed = Bed::new();
    let notes = Notes::new();
    for name in ["a", "b"] {
        let slow = Probe::noting(&notes, name).pre_start(|_| async { Ok(()) });
        bed.start(Supervisor::one_for_one().child(slow.child(name)))
            .await;
    }
    let stop = tokio::time::timeout(millis(0), bed.runtime.stop(secs(9)));
    stop.await.ok();
    within(bed.runtime.stop(secs(9))).await;
    assert_eq!(notes.all(), ["stop b", "stop a"]);
    bed.assert_empty();
}

/// Anything of this kind that is dropped is known to be.
fn token(tokens: &mut Vec<Weak<()>>) -> Arc<()> {
    let token = Arc::new(());
    tokens.push(Arc::downgrade(&token));
    token
}

#[derive(Debug, thiserror::Error)]
#[error("it holds something")]
struct Holding(Arc<()>);

/// A tree of everything, with tokens in all it is made of.
async fn full_of_tokens(bed: &Bed, tokens: &mut Vec<Weak<()>>) {
    let (state, made, captured, failed) =
        (token(tokens), token(tokens), token(tokens), token(tokens));
    let task = Child::task("task", move |stop: StopToken| {
        let captured = Arc::clone(&captured);
        async move {
            let _captured = captured;
            stop.stopped().await;
        }
    });
    let held = move || (Arc::clone(&state), Arc::clone(&made));
    let backoff = Backoff::new(secs(100), secs(100));
    let tree = Supervisor::one_for_one()
        .child(Probe::new().holding(held).child("actor"))
        .child(task)
        .child(Child::supervisor("pool", DynamicSupervisor::new()))
        .child(Probe::new().child("fails").backoff(backoff));
    bed.start(tree).await;
    let pool = bed.started("root/pool").supervisor().expect("a supervisor");
    let kept = token(tokens);
    let child = Probe::new().keeping(move || Arc::clone(&kept)).child("x");
    within(pool.start_child(child)).await.expect("it starts");
    // Its error is kept in the events, and its restart waits.
    order(&bed.started("root/fails"), Order::fail(Holding(failed)));
    within(bed.started("root/fails").ended()).await;
}

fn left(tokens: &[Weak<()>]) -> Vec<usize> {
    tokens.iter().map(Weak::strong_count).collect()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_runtime_stops_all_and_lets_go_of_all() {
    // The events kept the processes, whose records kept the events.
    let bed = Bed::new();
    let mut tokens = Vec::new();
    full_of_tokens(&bed, &mut tokens).await;
    let root = bed.started("root");
    drop(bed);
    assert_eq!(within(root.ended()).await, ExitReason::Shutdown);
    drop(root);
    sleep(secs(1)).await;
    assert_eq!(left(&tokens), [0; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_and_dropped_runtime_lets_go_of_all() {
    let bed = Bed::new();
    let mut tokens = Vec::new();
    full_of_tokens(&bed, &mut tokens).await;
    within(bed.runtime.stop(secs(9))).await;
    bed.end().await;
    sleep(secs(1)).await;
    assert_eq!(left(&tokens), [0; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_is_dropped_has_its_trees_stop_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let children = ["a", "b"].map(|name| Probe::noting(&notes, name).child(name));
    bed.start(Supervisor::one_for_one().children(children))
        .await;
    let other = bed.runtime.clone();
    drop(bed);
    sleep(secs(1)).await;
    assert_eq!(notes.all(), ["start a", "start b"]); // A handle is left.
    let mut events = other.events();
    drop(other);
    notes.until("stop a").await;
    assert_eq!(notes.all(), ["start a", "start b", "stop b", "stop a"]);
    while let Some(delivery) = within(events.next()).await {
        assert!(matches!(delivery, Delivery::Event(_)), "{delivery:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn runtimes_know_nothing_of_each_other() {
    let (one, two) = (Bed::new(), Bed::new());
    one.start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    assert_eq!(
        (two.runtime.last_event(), two.runtime.roots().len()),
        (0, 0)
    );
    two.start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    assert_eq!(one.started("root/a").pid(), two.started("root/a").pid());
    assert_ne!(one.started("root/a"), two.started("root/a"));
    within(one.runtime.stop(secs(1))).await;
    assert!(two.started("root/a").is_alive());
    one.end().await;
    two.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starting_and_stopping_at_once_leaves_nothing() {
    for round in 0..50 {
        let runtime = runtime(64);
        let starting: Vec<_> = (0..8)
            .map(|_| {
                let runtime = runtime.clone();
                let children = ["a", "b", "c"].map(|name| Probe::new().child(name));
                let tree = Supervisor::one_for_one().children(children);
                tokio::spawn(async move { runtime.start("root", tree).await })
            })
            .collect();
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        let report = within(runtime.stop(secs(60))).await;
        assert!(report.killed.is_empty(), "{report:?}");
        let mut roots = Vec::new();
        for start in starting {
            roots.extend(within(start).await.expect("no panic"));
        }
        for root in roots {
            within(root.process().ended()).await;
        }
        assert_eq!(runtime.roots(), []);
    }
}
