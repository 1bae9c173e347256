//! An event store that minds memory.

use std::time::{Duration, SystemTime};

use mainstay_actors::event_store::{Event, StoreError};
use mainstay_actors::memory::{
    CleanupClass, MemoryAwareEventStore, MemoryAwareStoreError, OperationClass, PressureLevel,
};

use super::support::{Bed, Doing, seconds, settle, told};

fn event(kind: &str) -> Event {
    Event::builder(kind).build().expect("an event")
}

fn aware(bed: &Bed) -> MemoryAwareEventStore {
    MemoryAwareEventStore::in_namespace(&bed.namespace).expect("there is one")
}

#[tokio::test(start_paused = true)]
async fn at_low_pressure_events_are_stored_and_nothing_is_cleaned() {
    let bed = Bed::new().await;
    bed.strategy("event_store", Doing::nothing(CleanupClass::Cache));
    aware(&bed).store(event("a")).await.expect("it is stored");
    settle().await;
    assert_eq!(bed.memory.cleanup_stats().requests, 0);
    assert_eq!(bed.store().stats().events, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn at_medium_and_high_events_are_stored_and_a_cleanup_is_asked_for_with_that_priority() {
    for (level, priority) in [
        (PressureLevel::Medium, "background"),
        (PressureLevel::High, "proactive"),
    ] {
        let bed = Bed::new().await;
        bed.simulate(level);
        settle().await;
        bed.strategy("event_store", Doing::nothing(CleanupClass::Cache));
        bed.strategy("other", Doing::nothing(CleanupClass::Rebuildable));
        let mut events = bed.memory.subscribe().expect("a place");
        let store = aware(&bed);
        for _ in 0..100 {
            store.store(event("a")).await.expect("it is stored");
        }
        let batch = store.store_batch([event("b"), event("b")]).await;
        assert_eq!(batch.expect("they are stored").len(), 2);
        settle().await;
        assert_eq!(bed.store().stats().events, 102);
        assert_eq!(bed.memory.cleanup_stats().requests, 101);
        assert_eq!(bed.stats("event_store").runs, 1);
        let told = told(&mut events);
        assert_eq!(told[0], format!("event_store cache {priority}"));
        drop(events);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn at_critical_events_are_refused_and_what_frees_memory_or_has_to_be_on_record_is_not() {
    let bed = Bed::new().await;
    let store = aware(&bed);
    let old = SystemTime::now() - Duration::from_secs(3600);
    let old = Event::builder("old")
        .wall_time(old)
        .build()
        .expect("an event");
    store.store(old).await.expect("it is stored");
    bed.simulate(PressureLevel::Critical);
    for refused in [
        store.store(event("a")).await.map(drop),
        store.store_batch([event("a")]).await.map(drop),
    ] {
        let Err(MemoryAwareStoreError::MemoryPressureCritical(why)) = refused else {
            panic!("it is refused")
        };
        assert_eq!(
            (why.level, why.class),
            (PressureLevel::Critical, OperationClass::Write)
        );
        assert!(why.retry_after >= seconds(1));
    }
    store
        .store_essential(event("audit"))
        .await
        .expect("it is stored");
    let before = SystemTime::now() - Duration::from_secs(60);
    let removed = store.event_store().cleanup_events_before(before).await;
    assert_eq!(removed.expect("it deletes"), 1);
    let left = store
        .event_store()
        .get_recent(10)
        .await
        .expect("they are there");
    assert_eq!(left.events.len(), 1);
    assert_eq!(bed.memory.admission_stats().refused(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_stored_asks_for_no_cleanup() {
    let bed = Bed::new().await;
    bed.strategy("event_store", Doing::nothing(CleanupClass::Cache));
    bed.simulate(PressureLevel::Medium);
    let many = std::iter::repeat_with(|| event("a")).take(1 << 20);
    let refused = aware(&bed).store_batch(many).await.unwrap_err();
    assert!(matches!(
        refused,
        MemoryAwareStoreError::Store(StoreError::BatchTooLarge { .. })
    ));
    assert_eq!(bed.memory.cleanup_stats().requests, 0);
    bed.end().await;
}
