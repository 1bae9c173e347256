//! How much there is.

use std::pin::Pin;
use std::time::{Duration, UNIX_EPOCH};

use mainstay_actors::event_store::{
    BackendError, Event, EventBackend, EventGroup, EventQuery, PageBounds, SqliteBackend,
    StoreBounds,
};
use mainstay_actors::pool::managers::sqlite::SqliteOptions;
use mainstay_supervisors::specs::{EventStoreSpec, NamespaceName};
use tokio::time::timeout;

use crate::home::Home;
use crate::support::{Bed, Gate, event, poll_once, settle};

#[tokio::test(start_paused = true)]
async fn what_is_stored_while_a_keeper_takes_the_place_of_another_is_counted_whenever_it_ends() {
    for steps in 0..60 {
        let gate = Gate::shut();
        let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
        let store = bed.store.clone();
        let stored = tokio::spawn(async move { store.store(event("e")).await });
        settle().await;
        let keeper = bed.keeper();
        keeper.kill();
        // As a task, it has its turn after each of the others.
        tokio::spawn(async move {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            gate.let_pass(1);
        });
        stored.await.expect("no panic").expect("it is stored");
        bed.successor(&keeper).await;
        settle().await;
        let stats = bed.store.stats();
        assert_eq!((stats.events, stats.last_id), (1, 1), "after {steps} steps");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_are_gone_are_gone_though_the_backend_does_not_say_how_many_are_left() {
    let gate = Gate::open();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let old = |kind: &str| {
        let event = Event::builder(kind).wall_time(UNIX_EPOCH);
        event.build().expect("an event")
    };
    settle().await;
    let batch = [old("old"), old("older"), event("new")];
    bed.store.store_batch(batch).await.expect("they are stored");
    gate.fail(Some(BackendError::failed("it is not told")));
    let time = UNIX_EPOCH + Duration::from_secs(1);
    let removed = bed.store.cleanup_events_before(time).await;
    assert_eq!(removed.expect("they are gone"), 2);
    let stats = bed.store.stats();
    assert_eq!((stats.events, stats.events_pruned), (1, 2));
    gate.fail(None);
    assert_eq!(bed.types().await, ["new"]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_clears_old_events_away_does_not_wait_for_questions_to_learn_how_many_are_left() {
    let home = Home::new().await;
    // One connection to store with, and one to ask.
    let pool = home.sqlite_of(SqliteOptions::memory(), 2).await;
    let namespace = NamespaceName::new("n").expect("a name");
    let limit = Duration::from_secs(600);
    let backend = SqliteBackend::new(pool.clone(), namespace.clone(), limit);
    let events = vec![event("e").in_namespace(namespace)];
    let group = vec![EventGroup::new(events)];
    let appended = backend.append(group.into(), StoreBounds::new(10, 10_000));
    let usage = appended.await.expect("it is stored").usage;
    let mut question = backend.query(EventQuery::new().into(), PageBounds::new(10, 10_000));
    // It has the only place for as long as nobody looks at it again.
    assert!(poll_once(Pin::new(&mut question)).is_none());
    let found = timeout(Duration::from_secs(60), backend.usage()).await;
    assert_eq!(found.expect("at once").expect("an answer"), usage);
    assert_eq!(question.await.expect("an answer").events.len(), 1);
    drop((backend, pool));
    home.end().await;
}
