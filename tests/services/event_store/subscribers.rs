//! Those who are told.

use mainstay_actors::config::Lagged;
use mainstay_actors::event_store::StoreError;
use mainstay_supervisors::specs::EventStoreSpec;

use super::support::{Bed, event, id};

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_of_all_that_is_stored_in_order_and_before_its_caller_is() {
    let bed = Bed::new().await;
    bed.store
        .store(event("before"))
        .await
        .expect("it is stored");
    let mut told = bed.store.subscribe().expect("a stream");
    bed.store
        .store_batch(["a", "b"].map(event))
        .await
        .expect("they are stored");
    for (number, kind) in [(2, "a"), (3, "b")] {
        let event = told.try_next().expect("it was told").expect("no lag");
        assert_eq!(
            (event.id(), event.event_type().as_str()),
            (Some(id(number)), kind)
        );
        assert_eq!(
            bed.store.get(id(number)).await.expect("an answer"),
            Some(event)
        );
    }
    assert_eq!(told.try_next(), None);
    assert_eq!(bed.store.stats().subscribers, 1);
    let store = bed.store.clone();
    bed.runtime.stop(std::time::Duration::from_secs(5)).await;
    drop((bed, store));
    assert_eq!(told.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_who_is_too_slow_is_told_how_much_it_has_missed() {
    let bed = Bed::with(
        EventStoreSpec::memory()
            .batch_max(4)
            .group_max(4)
            .backlog_max(4),
    )
    .await;
    let mut told = bed.store.subscribe().expect("a stream");
    for _ in 0..7 {
        bed.store.store(event("e")).await.expect("it is stored");
    }
    assert_eq!(told.next().await, Some(Err(Lagged(3))));
    for number in 4..=7 {
        let event = told.next().await.expect("an event").expect("no lag");
        assert_eq!(event.id(), Some(id(number)));
    }
    drop(told);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_subscribers_than_the_spec_says() {
    let bed = Bed::with(EventStoreSpec::memory().subscribers_max(2)).await;
    let first = bed.store.subscribe().expect("a stream");
    let second = bed.store.subscribe().expect("a stream");
    let refused = bed.store.subscribe();
    assert!(matches!(
        refused,
        Err(StoreError::TooManySubscribers { max: 2 })
    ));
    assert_eq!(bed.namespace.ledger().held().len(), 2);
    drop(first);
    let third = bed.store.subscribe().expect("a stream");
    drop((second, third));
    assert_eq!(bed.namespace.ledger().held().len(), 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_who_is_quick_misses_nothing_of_a_full_batch_or_a_full_transaction() {
    let bed = Bed::new().await;
    let mut told = bed.store.subscribe().expect("a stream");
    let batch = (0..1000).map(|_| event("batch"));
    bed.store.store_batch(batch).await.expect("they are stored");
    let tasks: Vec<_> = (0..2000)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.store(event("e")).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("it is stored");
    }
    for number in 1..=3000 {
        let event = told.next().await.expect("an event").expect("no lag");
        assert_eq!(event.id(), Some(id(number)));
    }
    assert!(bed.store.stats().largest_group > 1000);
    drop(told);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_stored_again_is_neither_told_nor_counted_again() {
    let bed = Bed::new().await;
    let mut told = bed.store.subscribe().expect("a stream");
    let own = mainstay_actors::event_store::Event::builder("own")
        .id(41)
        .build()
        .expect("an event");
    for _ in 0..3 {
        bed.store
            .store_batch([own.clone(), event("new")])
            .await
            .expect("they are stored");
    }
    let mut ids = Vec::new();
    while let Some(event) = told.try_next() {
        ids.push(event.expect("no lag").id().expect("it is stored").get());
    }
    assert_eq!(ids, [41, 42, 43, 44]);
    assert_eq!(bed.store.stats().events_stored, 4);
    drop(told);
    bed.end().await;
}
