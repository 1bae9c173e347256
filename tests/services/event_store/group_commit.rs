//! Many who wait are served by one transaction.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_actors::event_store::{BackendError, Event, StoreError};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};

use super::support::{Bed, Gate, event, id, poll_once, settle};

/// As many tasks that store one event each.
fn stores(bed: &Bed, count: usize) -> Vec<tokio::task::JoinHandle<Result<u64, StoreError>>> {
    let store = |nth| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            store
                .store(event(&format!("e{nth}")))
                .await
                .map(|id| id.get())
        })
    };
    (0..count).map(store).collect()
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_while_a_transaction_is_made_are_stored_in_the_next_one() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let first = stores(&bed, 1);
    settle().await;
    let others = stores(&bed, 100);
    settle().await;
    assert_eq!(bed.store.stats().waiting, 100);
    gate.let_pass(1);
    settle().await;
    assert_eq!(bed.store.stats().commits, 1);
    assert!(
        others.iter().all(|task| !task.is_finished()),
        "nobody is told before the commit"
    );
    gate.let_pass(1);
    let mut ids = Vec::new();
    for task in first.into_iter().chain(others) {
        ids.push(task.await.expect("no panic").expect("it is stored"));
    }
    assert_eq!(
        ids,
        (1..=101).collect::<Vec<_>>(),
        "in the order in which they came"
    );
    assert_eq!(gate.groups(), [1, 100]);
    let stats = bed.store.stats();
    assert_eq!(
        (stats.commits, stats.largest_group, stats.events_stored),
        (2, 100, 101)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_transaction_has_no_more_events_than_the_spec_says_and_no_batch_is_parted() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory().group_max(10)).await;
    let first = stores(&bed, 1);
    settle().await;
    let store = bed.store.clone();
    let batch = tokio::spawn(async move { store.store_batch((0..12).map(|_| event("b"))).await });
    settle().await;
    let others = stores(&bed, 11);
    settle().await;
    gate.let_pass(4);
    for task in first.into_iter().chain(others) {
        task.await.expect("no panic").expect("it is stored");
    }
    assert_eq!(
        batch.await.expect("no panic").expect("it is stored").len(),
        12
    );
    assert_eq!(gate.groups(), [1, 1, 10, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_of_its_transaction_and_the_next_one_is_made() {
    let gate = Gate::open();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    gate.fail(Some(BackendError::failed("the disk is full")));
    for task in stores(&bed, 5) {
        let error = task.await.expect("no panic").expect_err("it fails");
        assert_eq!(
            error.to_string(),
            "the events cannot be reached: the disk is full"
        );
        assert!(!error.may_be_stored());
    }
    assert!(matches!(
        bed.store.health().await,
        Err(StoreError::Backend(_))
    ));
    gate.fail(Some(BackendError::unknown("the line is cut")));
    let error = bed.store.store(event("e")).await.expect_err("it fails");
    assert!(error.may_be_stored(), "{error}");
    let stats = bed.store.stats();
    assert_eq!((stats.events_failed, stats.events_stored), (6, 0));
    assert_eq!(
        stats.last_failure.as_deref(),
        Some("whether the events were stored is not known: the line is cut")
    );
    gate.fail(None);
    assert_eq!(
        bed.store.store(event("e")).await.expect("it is stored"),
        id(1)
    );
    bed.store.health().await.expect("it is well");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_number_is_taken_does_not_spoil_the_transaction_for_others() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let numbered = |kind: &str| Event::builder(kind).id(5).build().expect("an event");
    let store = |event: Event| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event).await })
    };
    let tasks = [event("a"), numbered("b"), numbered("c"), event("d")].map(store);
    gate.let_pass(1);
    let mut came = Vec::new();
    for task in tasks {
        came.push(
            task.await
                .expect("no panic")
                .map(|id| id.get())
                .map_err(|e| e.to_string()),
        );
    }
    let taken = Err("there is another event with the number 5".to_owned());
    assert_eq!(came, [Ok(1), Ok(5), taken, Ok(6)]);
    assert_eq!(gate.groups(), [4]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_does_not_undo() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    {
        let mut dropped = pin!(bed.store.store(event("dropped")));
        assert!(poll_once(dropped.as_mut()).is_none());
    }
    let never = bed.store.store(event("never asked"));
    drop(never);
    let late = bed.store.clone().with_limit(Duration::from_secs(1));
    let error = late
        .store(event("late"))
        .await
        .expect_err("it takes too long");
    assert!(matches!(error, StoreError::Timeout(limit) if limit == Duration::from_secs(1)));
    assert!(error.may_be_stored());
    gate.let_pass(3);
    bed.store.store(event("after")).await.expect("it is stored");
    assert_eq!(bed.types().await, ["dropped", "late", "after"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_the_namespace_is_stopped_is_stored_before_it_ends() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let tasks = stores(&bed, 3);
    settle().await;
    assert_eq!(gate.begun.load(Ordering::SeqCst), 1);
    let more = stores(&bed, 3);
    settle().await;
    let runtime = bed.runtime.clone();
    let stopping = tokio::spawn(async move { runtime.stop(Duration::from_secs(60)).await });
    settle().await;
    gate.let_pass(2);
    assert_eq!(
        stopping.await.expect("no panic").killed,
        Vec::<String>::new()
    );
    for task in tasks.into_iter().chain(more) {
        task.await.expect("no panic").expect("it is stored");
    }
    assert_eq!(gate.groups(), [3, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_concurrent_event_storage() {
    let spec = EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory());
    let bed = Bed::with(spec.time_limit(Duration::from_secs(60))).await;
    let tasks: Vec<_> = (0..50_u64)
        .map(|nth| {
            let store = bed.store.clone();
            let event = event(&nth.to_string());
            tokio::spawn(async move { (nth, store.store(event).await.expect("it is stored")) })
        })
        .collect();
    for task in tasks {
        let (nth, id) = task.await.expect("no panic");
        let found = bed.store.get(id).await.expect("an answer");
        let found = found.expect("it is there");
        assert_eq!(found.event_type().as_str(), nth.to_string());
    }
    assert_eq!(bed.store.stats().events, 50);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn event_ordering_is_preserved_during_high_frequency_operations() {
    let bed = Bed::new().await;
    let mut told = bed.store.subscribe().expect("a stream");
    let writers: Vec<_> = (0..4)
        .map(|writer: u32| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                for nth in 0..50_u32 {
                    let event = event(&format!("{writer} {nth}"));
                    store.store(event).await.expect("it is stored");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let stored = bed.types().await;
    for writer in 0..4 {
        let own = stored
            .iter()
            .filter(|kind| kind.starts_with(&format!("{writer} ")));
        let expected = (0..50).map(|nth| format!("{writer} {nth}"));
        assert_eq!(
            own.cloned().collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
    }
    let mut heard = Vec::new();
    while let Some(event) = told.try_next() {
        heard.push(event.expect("no lag").event_type().to_string());
    }
    assert_eq!(heard, stored);
    drop(told);
    bed.end().await;
}
