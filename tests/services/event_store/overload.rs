//! Too much at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_actors::EventStore;
use mainstay_actors::event_store::{
    Appended, BackendAnswer, Event, EventBackend, EventGroup, EventId, EventPage, EventQuery,
    MemoryBackend, PageBounds, StoreBounds, StoreError, Usage,
};
use mainstay_supervisors::specs::EventStoreSpec;
use tokio::sync::Notify;

use super::support::{Bed, Gate, event, id, settle};

#[tokio::test(start_paused = true)]
async fn more_events_than_may_wait_are_refused_with_how_many_do() {
    let gate = Gate::shut();
    let spec = EventStoreSpec::memory().batch_max(2).queue_max(3);
    let bed = Bed::on(&gate, spec).await;
    let store = || {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(event("e")).await })
    };
    let mut tasks = vec![store()];
    settle().await;
    tasks.extend([store(), store()]);
    settle().await;
    let error = bed
        .store
        .store_batch([event("e"), event("e")])
        .await
        .expect_err("it is refused");
    let StoreError::Overloaded {
        waiting,
        waiting_max,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((waiting, waiting_max), (2, 3));
    assert!(!error.may_be_stored());
    tasks.push(store());
    settle().await;
    assert!(matches!(
        bed.store.store(event("e")).await,
        Err(StoreError::Overloaded { waiting: 3, .. })
    ));
    assert_eq!(bed.store.stats().events_refused, 3);
    gate.let_pass(2);
    for task in tasks {
        task.await.expect("no panic").expect("it is stored");
    }
    assert_eq!(bed.types().await.len(), 4);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn more_bytes_than_may_wait_are_refused() {
    let gate = Gate::shut();
    let spec = EventStoreSpec::memory()
        .data_max(1000)
        .queue_bytes_max(5096);
    let bed = Bed::on(&gate, spec).await;
    let large = || {
        let data = "x".repeat(990);
        Event::builder("large")
            .data(data.as_str())
            .build()
            .expect("an event")
    };
    let store = || {
        let store = bed.store.clone();
        tokio::spawn(async move { store.store(large()).await })
    };
    let mut tasks = vec![store()];
    settle().await;
    tasks.extend((0..4).map(|_| store()));
    settle().await;
    let error = bed.store.store(large()).await.expect_err("it is refused");
    let StoreError::Overloaded {
        bytes,
        bytes_max,
        waiting,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (waiting, bytes, bytes_max),
        (4, bed.store.stats().waiting_bytes, 5096)
    );
    gate.let_pass(2);
    for task in tasks {
        task.await.expect("no panic").expect("it is stored");
    }
    bed.end().await;
}

/// Never answers.
#[derive(Debug)]
struct Mute;

impl EventBackend for Mute {
    fn kind(&self) -> &'static str {
        "mute"
    }

    fn append(&self, _: Arc<[EventGroup]>, _: StoreBounds) -> BackendAnswer<'_, Appended> {
        Box::pin(std::future::pending())
    }

    fn get(&self, _: EventId) -> BackendAnswer<'_, Option<Event>> {
        Box::pin(std::future::pending())
    }

    fn query(&self, _: Arc<EventQuery>, _: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(std::future::pending())
    }

    fn remove_before(&self, _: SystemTime, _: u32) -> BackendAnswer<'_, u64> {
        Box::pin(std::future::pending())
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        Box::pin(std::future::ready(Ok(Usage::default())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_is_told_by_how_long_events_wait() {
    let gate = Gate::shut();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    assert_eq!(bed.store.stats().longest_wait, None);
    let patient = bed.store.clone().with_limit(Duration::from_secs(60));
    let task = tokio::spawn(async move { patient.store(event("e")).await });
    tokio::time::sleep(Duration::from_secs(5)).await;
    bed.store.health().await.expect("it may take so long");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let wait = Duration::from_millis(5001);
    assert_eq!(bed.store.stats().longest_wait, Some(wait));
    let error = bed.store.health().await.expect_err("it hangs");
    assert!(
        matches!(error, StoreError::Stuck(found) if found == wait),
        "{error}"
    );
    assert!(!error.may_be_stored());
    gate.let_pass(1);
    task.await.expect("no panic").expect("it is stored");
    bed.store.health().await.expect("it is well again");
    assert_eq!(bed.store.stats().longest_wait, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_while_old_events_go_is_told_too() {
    let bed = Bed::with_child(EventStore::child_with(
        EventStoreSpec::memory(),
        Arc::new(Mute),
    ))
    .await;
    let error = bed.store.store(event("e")).await.expect_err("it hangs");
    assert!(matches!(error, StoreError::Timeout(_)), "{error}");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let error = bed.store.health().await.expect_err("it hangs");
    assert!(
        matches!(error, StoreError::Stuck(wait) if wait > Duration::from_secs(5)),
        "{error}"
    );
    // It would hang while the namespace ends, too.
    drop(bed);
}

#[tokio::test(start_paused = true)]
async fn no_more_questions_are_asked_than_may_be_though_those_who_asked_have_gone() {
    let spec = EventStoreSpec::memory().queries_max(2);
    let bed = Bed::with_child(EventStore::child_with(spec, Arc::new(Mute))).await;
    let hasty = bed.store.clone().with_limit(Duration::from_millis(10));
    for _ in 0..2 {
        assert!(matches!(
            hasty.get(id(1)).await,
            Err(StoreError::Timeout(_))
        ));
    }
    assert_eq!(bed.store.stats().questions, 2);
    assert!(matches!(
        hasty.get(id(1)).await,
        Err(StoreError::Busy { max: 2 })
    ));
    let error = hasty.cleanup_events_before(SystemTime::now()).await;
    assert!(matches!(error, Err(StoreError::Timeout(_))));
    bed.end().await;
}

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
async fn a_store_whose_backend_says_nothing_does_not_start() {
    /// Never says how much there is.
    #[derive(Debug)]
    struct Silent;

    impl EventBackend for Silent {
        fn kind(&self) -> &'static str {
            "silent"
        }

        fn append(&self, _: Arc<[EventGroup]>, _: StoreBounds) -> BackendAnswer<'_, Appended> {
            Box::pin(std::future::pending())
        }

        fn get(&self, _: EventId) -> BackendAnswer<'_, Option<Event>> {
            Box::pin(std::future::pending())
        }

        fn query(&self, _: Arc<EventQuery>, _: PageBounds) -> BackendAnswer<'_, EventPage> {
            Box::pin(std::future::pending())
        }

        fn remove_before(&self, _: SystemTime, _: u32) -> BackendAnswer<'_, u64> {
            Box::pin(std::future::pending())
        }

        fn usage(&self) -> BackendAnswer<'_, Usage> {
            Box::pin(std::future::pending())
        }
    }

    let child = EventStore::child_with(EventStoreSpec::memory(), Arc::new(Silent));
    let error = Bed::try_with(child).await.err().expect("it does not start");
    assert!(
        error.contains("the events cannot be reached: no answer within 10s"),
        "{error}"
    );
}
