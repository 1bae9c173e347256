//! Those who are told.

use mainstay_actors::config::Lagged;
use mainstay_actors::event_store::{BackendError, Event, StoreError};
use mainstay_supervisors::specs::EventStoreSpec;

use super::support::{Bed, Gate, event, id, poll_once};

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

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_stands_still_keeps_no_more_bytes_than_the_spec_says() {
    let spec = EventStoreSpec::memory().data_max(1000);
    let spec = spec.queue_bytes_max(6000).backlog_bytes_max(6000);
    let bed = Bed::with(spec).await;
    let mut told = bed.store.subscribe().expect("a stream");
    let large = || {
        let data = "x".repeat(900);
        let event = Event::builder("large").data(data.as_str());
        event.build().expect("an event")
    };
    for _ in 0..20 {
        bed.store.store(large()).await.expect("it is stored");
    }
    let stored = bed.store.get(id(1)).await.expect("an answer");
    // The number that the store makes is not counted.
    let bytes = stored.expect("it is there").serialized_size() - r#""id":1,"#.len() as u64;
    let kept = 6000 / bytes;
    assert_eq!(kept, 5);
    assert_eq!(told.next().await, Some(Err(Lagged(20 - kept))));
    for number in 20 - kept + 1..=20 {
        let event = told.next().await.expect("an event").expect("no lag");
        assert_eq!(event.id(), Some(id(number)));
    }
    assert_eq!(told.try_next(), None);
    drop(told);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_of_events_that_nobody_knows_whether_they_are_stored() {
    let gate = Gate::open();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let mut told = bed.store.subscribe().expect("a stream");
    let store = async |kinds: &[&str]| {
        let events: Vec<Event> = kinds.iter().map(|kind| event(kind)).collect();
        bed.store.store_batch(events).await
    };
    store(&["a"]).await.expect("it is stored");
    gate.fail(Some(BackendError::failed("as planned")));
    store(&["certainly not"]).await.expect_err("it fails");
    gate.fail(Some(BackendError::unknown("as planned")));
    let error = store(&["perhaps", "perhaps"]).await.expect_err("it fails");
    assert!(error.may_be_stored());
    gate.fail(None);
    store(&["b"]).await.expect("it is stored");
    gate.panic_once();
    store(&["perhaps", "perhaps", "perhaps"])
        .await
        .expect_err("it fails");
    store(&["c"]).await.expect("it is stored");
    let mut next = async || {
        let next = told.next().await.expect("something");
        next.map(|event| event.event_type().to_string())
    };
    assert_eq!(next().await, Ok("a".into()));
    assert_eq!(next().await, Err(Lagged(2)));
    assert_eq!(next().await, Ok("b".into()));
    assert_eq!(next().await, Err(Lagged(3)));
    assert_eq!(next().await, Ok("c".into()));
    drop(told);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_who_gives_up_waiting_loses_nothing() {
    let bed = Bed::new().await;
    let mut told = bed.store.subscribe().expect("a stream");
    for number in 1..=3 {
        let mut next = Box::pin(told.next());
        assert_eq!(poll_once(next.as_mut()), None);
        bed.store.store(event("e")).await.expect("it is stored");
        drop(next);
        let event = told.next().await.expect("an event").expect("no lag");
        assert_eq!(event.id(), Some(id(number)));
    }
    drop(told);
    bed.end().await;
}
