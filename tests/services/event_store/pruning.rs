//! Taking away beside storing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_actors::EventStore;
use mainstay_actors::event_store::{
    Appended, BackendAnswer, Event, EventBackend, EventGroup, EventId, EventPage, EventQuery,
    MemoryBackend, PageBounds, StoreBounds, StoreError, Usage,
};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};
use tokio::sync::Notify;

use super::support::{Bed, event, id, settle};

/// Keeps events in memory; takes none away until it is let.
#[derive(Debug, Default)]
struct Hoarder {
    inner: MemoryBackend,
    lets_go: Notify,
}

impl EventBackend for Hoarder {
    fn kind(&self) -> &'static str {
        "hoarder"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        self.inner.append(groups, bounds)
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        self.inner.get(id)
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        self.inner.query(query, bounds)
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        Box::pin(async move {
            self.lets_go.notified().await;
            self.inner.remove_before(time, at_most).await
        })
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        self.inner.usage()
    }
}

#[tokio::test(start_paused = true)]
async fn storing_goes_on_though_old_events_do_not_go() {
    let backend = Arc::new(Hoarder::default());
    let shared: Arc<dyn EventBackend> = backend.clone();
    let spec = EventStoreSpec::memory();
    let bed = Bed::with_child(EventStore::child_with(spec, shared)).await;
    // The first look for what is too old is at the start: those who store wait for it as long as a call may take.
    let patient = bed.store.clone().with_limit(Duration::from_secs(60));
    let old = Event::builder("old").wall_time(SystemTime::UNIX_EPOCH);
    let old = old.build().expect("an event");
    assert_eq!(patient.store(old).await.expect("it is stored"), id(1));
    assert_eq!(
        bed.store.store(event("new")).await.expect("it is stored"),
        id(2)
    );
    bed.store.health().await.expect("it is well");
    // One at a time: nobody else takes anything away meanwhile.
    let error = bed.store.cleanup_events_before(SystemTime::now()).await;
    assert!(matches!(error, Err(StoreError::Timeout(_))), "{error:?}");
    assert_eq!(bed.types().await, ["old", "new"]);
    backend.lets_go.notify_one();
    settle().await;
    assert_eq!(bed.types().await, ["new"]);
    let stats = bed.store.stats();
    assert_eq!((stats.events, stats.events_pruned), (1, 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn old_events_go_once_though_the_keeper_is_killed_while_they_do() {
    let backend = Arc::new(Hoarder::default());
    let shared: Arc<dyn EventBackend> = backend.clone();
    let bed = Bed::with_child(EventStore::child_with(EventStoreSpec::memory(), shared)).await;
    settle().await;
    let old = Event::builder("old").wall_time(SystemTime::UNIX_EPOCH);
    let old = old.build().expect("an event");
    let patient = bed.store.clone().with_limit(Duration::from_secs(60));
    let waiting = tokio::spawn(async move { patient.store_batch([old, event("new")]).await });
    settle().await;
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    // The look of the one that was killed comes to its end, before what waits is stored.
    backend.lets_go.notify_one();
    waiting.await.expect("no panic").expect("they are stored");
    assert_eq!(bed.types().await, ["old", "new"]);
    // That of the next one finds what there is.
    backend.lets_go.notify_one();
    tokio::time::sleep(Duration::from_secs(61)).await;
    settle().await;
    assert_eq!(bed.types().await, ["new"]);
    let stats = bed.store.stats();
    assert_eq!((stats.events, stats.events_pruned), (1, 1));
    // Nothing hangs at the end.
    backend.lets_go.notify_one();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_store_have_their_turn_while_old_events_are_taken_away() {
    let spec = EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory());
    let bed = Bed::with(spec.batch_max(4000).group_max(4000)).await;
    let old = (0..3500).map(|_| event("old"));
    bed.store.store_batch(old).await.expect("they are stored");
    let later = SystemTime::now() + Duration::from_secs(60);
    let store = bed.store.clone();
    let cleanup = tokio::spawn(async move { store.cleanup_events_before(later).await });
    settle().await;
    let new = Event::builder("new").wall_time(later).build();
    let new = new.expect("an event");
    let ids = bed.store.store_batch(vec![new; 20]).await;
    assert_eq!(ids.expect("they are stored").len(), 20);
    assert_eq!(cleanup.await.expect("no panic").expect("an answer"), 3500);
    assert_eq!(bed.types().await, vec!["new"; 20]);
    let stats = bed.store.stats();
    assert_eq!(
        (stats.events, stats.events_pruned, stats.last_id),
        (20, 3500, 3520)
    );
    bed.end().await;
}
