//! How much is kept, and for how long.

use std::time::{Duration, SystemTime};

use mainstay_actors::event_store::Event;
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};

use super::sqlite::Folder;
use super::support::{Bed, event, settle};

const HOUR: Duration = Duration::from_secs(3600);

fn happened(kind: &str, ago: Duration) -> Event {
    let event = Event::builder(kind).wall_time(SystemTime::now() - ago);
    event.build().expect("an event")
}

#[tokio::test(start_paused = true)]
async fn no_more_events_are_kept_than_the_spec_says() {
    let bed = Bed::with(EventStoreSpec::memory().max_events(3)).await;
    for kind in ["a", "b", "c", "d"] {
        bed.store.store(event(kind)).await.expect("it is stored");
    }
    assert_eq!(bed.types().await, ["b", "c", "d"]);
    // No more than there is room for.
    let batch = ["e", "f", "g", "h"].map(event);
    let error = bed.store.store_batch(batch).await;
    let error = error.expect_err("it is refused").to_string();
    assert_eq!(error, "expected a batch of at most 3 events, found 4");
    let batch = ["e", "f", "g"].map(event);
    bed.store.store_batch(batch).await.expect("they are stored");
    assert_eq!(bed.types().await, ["e", "f", "g"]);
    let stats = bed.store.stats();
    assert_eq!(
        (stats.events, stats.events_evicted, stats.events_stored),
        (3, 4, 7)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_with_a_number_so_low_that_it_would_go_at_once_is_refused() {
    let folder = Folder::new();
    let file = EventBackendSpec::sqlite(folder.file("events.db"));
    for backend in [EventBackendSpec::Memory, file] {
        let bed = Bed::with(EventStoreSpec::memory().backend(backend).max_events(3)).await;
        let mut told = bed.store.subscribe().expect("a stream");
        for kind in ["a", "b", "c", "d"] {
            bed.store.store(event(kind)).await.expect("it is stored");
        }
        // Number 1 has gone; whoever stores it again, as it has not been told that it was stored, learns that it is not there.
        let again = Event::builder("a").id(1).build().expect("an event");
        let error = bed.store.store(again).await.expect_err("it is refused");
        assert_eq!(
            error.to_string(),
            "there is no room for an event with the number 1, as those with the lowest numbers go first"
        );
        assert!(!error.may_be_stored());
        assert_eq!(bed.types().await, ["b", "c", "d"]);
        let mut kinds = Vec::new();
        while let Some(event) = told.try_next() {
            kinds.push(event.expect("no lag").event_type().to_string());
        }
        assert_eq!(kinds, ["a", "b", "c", "d"]);
        let stats = bed.store.stats();
        assert_eq!((stats.events_stored, stats.events_evicted), (4, 1));
        drop(told);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_are_too_old_go_once_in_each_interval() {
    let spec = EventStoreSpec::memory().prune_interval(Duration::from_secs(10));
    let bed = Bed::with(spec).await;
    let young = HOUR - Duration::from_secs(600);
    let batch = [
        happened("old", HOUR),
        happened("young", young),
        event("new"),
    ];
    bed.store.store_batch(batch).await.expect("they are stored");
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(bed.types().await, ["old", "young", "new"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(bed.types().await, ["young", "new"]);
    let stats = bed.store.stats();
    assert_eq!(
        (stats.events, stats.events_pruned, stats.events_evicted),
        (2, 1, 0)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn many_that_are_too_old_go_at_once_however_many() {
    let spec = EventStoreSpec::memory()
        .batch_max(4000)
        .prune_interval(Duration::from_secs(1));
    let bed = Bed::with(spec).await;
    let old = (0..2500).map(|_| happened("old", 2 * HOUR));
    bed.store.store_batch(old).await.expect("they are stored");
    bed.store.store(event("new")).await.expect("it is stored");
    tokio::time::sleep(Duration::from_millis(1001)).await;
    settle().await;
    assert_eq!(bed.types().await, ["new"]);
    assert_eq!(bed.store.stats().events_pruned, 2500);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn removes_events_older_than_cutoff_time() {
    let bed = Bed::with(EventStoreSpec::memory().batch_max(4000)).await;
    let old = (0..2300).map(|_| happened("old", Duration::from_secs(60)));
    bed.store.store_batch(old).await.expect("they are stored");
    bed.store.store(event("new")).await.expect("it is stored");
    let cutoff = SystemTime::now() - Duration::from_secs(30);
    assert_eq!(
        bed.store
            .cleanup_events_before(cutoff)
            .await
            .expect("an answer"),
        2300
    );
    assert_eq!(
        bed.store
            .cleanup_events_before(cutoff)
            .await
            .expect("an answer"),
        0
    );
    assert_eq!(bed.types().await, ["new"]);
    let stats = bed.store.stats();
    assert_eq!(
        (stats.events, stats.events_pruned, stats.last_id),
        (1, 2300, 2301)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn bounds_that_were_lowered_are_kept_soon_and_storing_goes_on_meanwhile() {
    let folder = Folder::new();
    let file = EventBackendSpec::sqlite(folder.file("events.db"));
    let spec = EventStoreSpec::memory()
        .backend(file)
        .batch_max(4000)
        .group_max(4000);
    let bed = Bed::with(spec.clone().backlog_max(4096)).await;
    bed.store
        .store_batch((0..4000).map(|_| event("old")))
        .await
        .expect("they are stored");
    bed.end().await;
    let bed = Bed::with(spec.max_events(10)).await;
    bed.store.store(event("new")).await.expect("it is stored");
    while bed.store.stats().events > 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stats = bed.store.stats();
    assert_eq!(
        (stats.events, stats.events_evicted, stats.last_id),
        (10, 3991, 4001)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_at_the_start_goes_at_once() {
    let folder = Folder::new();
    let file = EventBackendSpec::sqlite(folder.file("events.db"));
    let spec = EventStoreSpec::memory().backend(file).prune_interval(HOUR);
    let bed = Bed::with(spec.clone().max_age(20 * HOUR)).await;
    let batch = [happened("old", 2 * HOUR), event("new")];
    bed.store.store_batch(batch).await.expect("they are stored");
    bed.end().await;
    let bed = Bed::with(spec).await;
    while bed.store.stats().events_pruned == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bed.types().await, ["new"]);
    bed.end().await;
}
