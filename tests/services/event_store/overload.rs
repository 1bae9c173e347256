//! Too much at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use mainstay_actors::EventStore;
use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{
    Appended, BackendAnswer, Event, EventBackend, EventGroup, EventId, EventPage, EventQuery,
    PageBounds, StoreBounds, StoreError, Usage,
};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};

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
        Err(StoreError::Busy { max: 2, .. })
    ));
    let error = hasty.cleanup_events_before(SystemTime::now()).await;
    assert!(matches!(error, Err(StoreError::Timeout(_))));
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

#[tokio::test(flavor = "multi_thread")]
async fn questions_however_many_and_slow_leave_a_connection_to_store_with() {
    const QUESTIONS: u64 = 40;
    let spec = EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory());
    let bed = Bed::with(spec.time_limit(Duration::from_secs(60)).batch_max(2000)).await;
    let many = (0..2000_u64).map(|nth| {
        let event = Event::builder("e").data(ConfigValue::map([("nth", nth)]));
        event.build().expect("an event")
    });
    bed.store.store_batch(many).await.expect("they are stored");
    let answered = Arc::new(AtomicU64::new(0));
    let questions: Vec<_> = (0..QUESTIONS)
        .map(|_| {
            let (store, answered) = (bed.store.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                // Every event is looked at.
                let none = EventQuery::new().data("nth", "none").expect("a path");
                let page = store.query(none).await.expect("an answer");
                answered.fetch_add(1, Ordering::SeqCst);
                page.events
            })
        })
        .collect();
    while bed.store.stats().questions < QUESTIONS {
        tokio::task::yield_now().await;
    }
    bed.store.store(event("last")).await.expect("it is stored");
    let before = answered.load(Ordering::SeqCst);
    assert!(before < QUESTIONS, "it has waited for all questions");
    for question in questions {
        assert_eq!(question.await.expect("no panic"), []);
    }
    bed.end().await;
}
