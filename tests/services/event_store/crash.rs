//! What survives the end of the keeper: everything.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_actors::event_store::StoreError;
use mainstay_supervisors::specs::EventStoreSpec;
use mainstay_supervisors::{ExitReason, Process};

use super::support::{Bed, Gate, event, id, settle};

#[tokio::test(start_paused = true)]
async fn what_is_being_stored_when_the_keeper_is_killed_is_stored_and_acknowledged() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let mut told = bed.store.subscribe().expect("a stream");
    let store = |kind: &'static str| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event(kind)).await })
    };
    let first = store("first");
    settle().await;
    let second = store("second");
    settle().await;
    assert_eq!(gate.begun.load(Ordering::SeqCst), 1);
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    settle().await;
    assert_eq!(
        gate.begun.load(Ordering::SeqCst),
        1,
        "one transaction at a time, over the end of a keeper"
    );
    gate.let_pass(2);
    assert_eq!(first.await.expect("no panic").expect("it is stored"), id(1));
    assert_eq!(
        second.await.expect("no panic").expect("it is stored"),
        id(2)
    );
    for expected in ["first", "second"] {
        let event = told.next().await.expect("an event").expect("no lag");
        assert_eq!(event.event_type().as_str(), expected);
    }
    assert_eq!(gate.groups(), [1, 1]);
    drop(told);
    bed.end().await;
}

async fn survives(end: impl Fn(&Process)) {
    let bed = Bed::new().await;
    bed.store
        .store_batch(["a", "b"].map(event))
        .await
        .expect("they are stored");
    let before = bed.store.stats();
    let keeper = bed.keeper();
    end(&keeper);
    // Nobody who asks needs the keeper, and who stores waits for the next one.
    assert_eq!(bed.types().await, ["a", "b"]);
    assert_eq!(
        bed.store.store(event("c")).await.expect("it is stored"),
        id(3)
    );
    assert_ne!(bed.keeper(), keeper);
    assert_eq!(bed.types().await, ["a", "b", "c"]);
    let after = bed.store.stats();
    assert_eq!((after.events_stored, after.events), (3, 3));
    assert_eq!(after.start_time, before.start_time);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_kill() {
    survives(Process::kill).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_failure() {
    survives(|keeper| keeper.exit(ExitReason::failed("no more"))).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_stop() {
    survives(|keeper| keeper.stop(ExitReason::Shutdown)).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_backend_is_told_to_those_it_was_for_and_the_others_are_stored() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let store = |kind: &'static str| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event(kind)).await })
    };
    let lost = [store("lost"), store("lost too")];
    settle().await;
    let kept = store("kept");
    settle().await;
    let keeper = bed.keeper();
    gate.panic_once();
    gate.let_pass(2);
    for task in lost {
        let error = task.await.expect("no panic").expect_err("it is lost");
        assert!(matches!(error, StoreError::Interrupted), "{error}");
        assert!(error.may_be_stored());
    }
    assert_eq!(kept.await.expect("no panic").expect("it is stored"), id(1));
    let ExitReason::Panicked(panic) = keeper.ended().await else {
        panic!("the keeper shares the fate of its backend")
    };
    assert_eq!(panic.message(), "as planned");
    assert_eq!(bed.types().await, ["kept"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_without_a_keeper_says_so_after_the_limit() {
    let bed = Bed::new().await;
    let id_ = mainstay_supervisors::specs::ChildId::new("event_store").expect("a name");
    bed.namespace.stop_child(&id_).await.expect("it stops");
    assert!(!bed.store.available());
    let error = bed
        .store
        .store(event("e"))
        .await
        .expect_err("nobody stores it");
    assert!(matches!(error, StoreError::Unavailable(limit) if limit == Duration::from_secs(5)));
    assert!(error.may_be_stored());
    assert_eq!(bed.types().await, Vec::<String>::new());
    let stats = bed.store.stats();
    assert_eq!(
        (stats.available, stats.uptime, stats.waiting),
        (false, None, 1)
    );
    bed.end().await;
}

// Nobody may take what waits out of the queue before its turn: a keeper that was killed while it waited took a batch with it.
#[tokio::test(start_paused = true)]
async fn what_waits_while_one_keeper_after_the_other_is_killed_is_stored() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let store = |kind: &'static str| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event(kind)).await })
    };
    let first = store("first");
    settle().await;
    let mut others = Vec::new();
    for kind in ["second", "third", "fourth"] {
        let keeper = bed.keeper();
        keeper.kill();
        bed.successor(&keeper).await;
        others.push(store(kind));
        settle().await;
    }
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    gate.let_pass(10);
    assert_eq!(first.await.expect("no panic").expect("it is stored"), id(1));
    for (task, number) in others.into_iter().zip(2..) {
        assert_eq!(
            task.await.expect("no panic").expect("it is stored"),
            id(number)
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn system_handles_event_store_restart_gracefully() {
    let bed = Bed::new().await;
    let store = |nth: u64| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event(&nth.to_string())).await })
    };
    let mut tasks = Vec::new();
    for nth in 0..30 {
        tasks.push(store(nth));
        if nth % 10 == 5 {
            let keeper = bed.keeper();
            keeper.kill();
            bed.successor(&keeper).await;
        }
    }
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.expect("no panic").expect("it is stored").get());
    }
    assert_eq!(ids, (1..=30).collect::<Vec<_>>());
    let expected: Vec<String> = (0..30).map(|nth: u64| nth.to_string()).collect();
    assert_eq!(bed.types().await, expected);
    assert!(bed.store.available());
    bed.end().await;
}
