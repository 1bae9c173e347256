//! Storing, and what is refused.

use std::time::Duration;

use mainstay_actors::EventStore;
use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{BackendError, CorrelationId, Event, StoreError};
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec, Restart, ServiceName};
use mainstay_supervisors::{Child, current};

use super::support::{Bed, Gate, event, id, settle};

#[tokio::test(start_paused = true)]
async fn stores_valid_event_and_returns_event_id() {
    let bed = Bed::new().await;
    assert_eq!(
        bed.store.store(event("a")).await.expect("it is stored"),
        id(1)
    );
    assert_eq!(
        bed.store.store(event("b")).await.expect("it is stored"),
        id(2)
    );
    let found = bed
        .store
        .get(id(2))
        .await
        .expect("an answer")
        .expect("it is there");
    assert_eq!(
        (found.id(), found.event_type().as_str()),
        (Some(id(2)), "b")
    );
    assert_eq!(found.namespace(), Some(bed.namespace.name()));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_gets_its_process_its_node_and_the_time_on_the_clock_of_the_store() {
    let node = ServiceName::new("north").expect("a name");
    let bed = Bed::with(EventStoreSpec::memory().node(node.clone())).await;
    tokio::time::advance(Duration::from_secs(7)).await;
    let store = bed.store.clone();
    let worker = Child::task("worker", move |stop| {
        let store = store.clone();
        async move {
            assert!(current().is_some());
            store
                .store(event("of a worker"))
                .await
                .expect("it is stored");
            stop.stopped().await;
        }
    });
    let mut events = bed.store.subscribe().expect("a stream");
    bed.namespace.start_child(worker).await.expect("it starts");
    let found = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        found.process().map(|path| path.as_str()),
        Some("bed/children/worker")
    );
    assert_eq!(found.node(), Some(&node));
    assert_eq!(found.monotonic(), Some(Duration::from_secs(7)));
    let said = Event::builder("said")
        .process("somebody else")
        .build()
        .expect("an event");
    bed.store.store(said).await.expect("it is stored");
    let found = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        found.process().map(|path| path.as_str()),
        Some("somebody else")
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn stores_multiple_valid_events() {
    let bed = Bed::new().await;
    let ids = bed.store.store_batch(["a", "b", "c"].map(event)).await;
    assert_eq!(ids.expect("they are stored"), [id(1), id(2), id(3)]);
    assert_eq!(bed.types().await, ["a", "b", "c"]);
    assert_eq!(bed.store.store_batch([]).await.expect("nothing to do"), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn rejects_batch_with_invalid_event_and_tells_of_all() {
    let bed = Bed::with(EventStoreSpec::memory().data_max(10)).await;
    let large = || {
        Event::builder("large")
            .data("0123456789")
            .build()
            .expect("an event")
    };
    let twice = || Event::builder("twice").id(5).build().expect("an event");
    let batch = [event("a"), large(), twice(), large(), twice()];
    let error = bed
        .store
        .store_batch(batch)
        .await
        .expect_err("it is refused");
    let StoreError::Invalid(faults) = &error else {
        panic!("{error}")
    };
    assert_eq!(
        faults.to_string(),
        "[4].id: the number 5 is given twice\n\
         [1].data: expected at most 10 bytes as JSON, found 12\n\
         [3].data: expected at most 10 bytes as JSON, found 12"
    );
    assert!(!error.may_be_stored());
    assert_eq!(bed.types().await, Vec::<String>::new());
    let one = bed.store.store(large()).await.expect_err("it is refused");
    assert_eq!(
        one.to_string(),
        "data: expected at most 10 bytes as JSON, found 12"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_have_as_many_events_as_the_spec_says() {
    let bed = Bed::with(EventStoreSpec::memory().batch_max(3)).await;
    let batch = |count| std::iter::repeat_with(|| event("e")).take(count);
    bed.store
        .store_batch(batch(3))
        .await
        .expect("they are stored");
    let error = bed
        .store
        .store_batch(batch(4))
        .await
        .expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "expected a batch of at most 3 events, found 4"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_tries_again_with_a_number_of_its_own_stores_an_event_once() {
    let bed = Bed::new().await;
    let own = Event::builder("own").id(41).build().expect("an event");
    for _ in 0..2 {
        assert_eq!(
            bed.store.store(own.clone()).await.expect("it is stored"),
            id(41)
        );
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(bed.types().await, ["own"]);
    let other = Event::builder("other").id(41).build().expect("an event");
    let error = bed.store.store_batch([event("a"), other]).await;
    assert!(matches!(error, Err(StoreError::Taken { id: taken }) if taken == id(41)));
    assert_eq!(bed.types().await, ["own"]);
    assert_eq!(
        bed.store.store(event("next")).await.expect("it is stored"),
        id(42)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_of_another_namespace_is_refused() {
    let bed = Bed::new().await;
    let text = r#"{"event_type":"e","namespace":"elsewhere"}"#;
    let foreign = Event::deserialize_from_str(text).expect("an event");
    let error = bed.store.store(foreign).await.expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "namespace: expected bed or nothing, found elsewhere"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn event_store_operates_independently_per_namespace() {
    let one = Bed::new().await;
    let child = EventStore::child(EventStoreSpec::memory());
    let other = Bed::with_services("other", [], child)
        .await
        .expect("it starts");
    one.store.store(event("a")).await.expect("it is stored");
    assert_eq!(other.types().await, Vec::<String>::new());
    other.store.store(event("b")).await.expect("it is stored");
    assert_eq!(
        (one.types().await, other.types().await),
        (vec!["a".into()], vec!["b".into()])
    );
    other.end().await;
    one.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_has_no_end_or_too_many_bytes_is_refused() {
    let spec = EventStoreSpec::memory()
        .data_max(1000)
        .queue_bytes_max(5096);
    let bed = Bed::with(spec).await;
    let endless = std::iter::repeat_with(|| event("e"));
    let error = bed
        .store
        .store_batch(endless)
        .await
        .expect_err("it is refused");
    assert!(
        matches!(error, StoreError::BatchTooLarge { max: 1000, .. }),
        "{error}"
    );
    let heavy = |count| {
        let data = "x".repeat(990);
        let event = Event::builder("heavy").data(data.as_str()).build();
        vec![event.expect("an event"); count]
    };
    let error = bed
        .store
        .store_batch(heavy(5))
        .await
        .expect_err("it is refused");
    assert!(
        matches!(error, StoreError::BatchTooHeavy { max: 5096, found } if found > 5096),
        "{error}"
    );
    bed.store
        .store_batch(heavy(4))
        .await
        .expect("they are stored");
    assert_eq!(bed.types().await.len(), 4);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_tries_again_from_another_process_stores_an_event_once() {
    let bed = Bed::new().await;
    let own = Event::builder("own").id(41).build().expect("an event");
    for name in ["worker-1", "worker-2"] {
        let (store, own) = (bed.store.clone(), own.clone());
        let worker = Child::task(name, move |_stop| {
            let (store, own) = (store.clone(), own.clone());
            async move {
                store.store(own).await.expect("it is stored");
            }
        });
        let worker = worker.restart(Restart::Temporary);
        bed.namespace.start_child(worker).await.expect("it starts");
        settle().await;
    }
    assert_eq!(bed.store.stats().events_stored, 1);
    let found = bed.store.get(id(41)).await.expect("an answer");
    let process = found.expect("it is there").process().cloned();
    assert_eq!(process.expect("it has one"), "bed/children/worker-1");
    // What a caller says itself is a part of what the event says.
    let said = Event::builder("own").wall_time(own.wall_time()).id(41);
    let said = said.process("somebody else").build().expect("an event");
    let error = bed.store.store(said).await;
    assert!(matches!(error, Err(StoreError::Taken { id: taken }) if taken == id(41)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_last_is_told_with_its_time_and_whether_it_still_does() {
    let gate = Gate::open();
    let bed = Bed::on(&gate, EventStoreSpec::memory()).await;
    let stats = bed.store.stats();
    assert_eq!(
        (
            stats.last_failure,
            stats.last_failure_time,
            stats.failures_in_a_row
        ),
        (None, None, 0)
    );
    gate.fail(Some(BackendError::failed("as planned")));
    for failures in 1..=2 {
        bed.store.store(event("e")).await.expect_err("it fails");
        assert_eq!(bed.store.stats().failures_in_a_row, failures);
    }
    gate.fail(None);
    bed.store.store(event("e")).await.expect("it is stored");
    let stats = bed.store.stats();
    assert_eq!(stats.failures_in_a_row, 0);
    let expected = "the events cannot be reached: as planned";
    assert_eq!(stats.last_failure.as_deref(), Some(expected));
    assert!(stats.last_failure_time.expect("it has failed") >= stats.start_time);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn rejects_invalid_event() {
    let bed = Bed::with(EventStoreSpec::memory().data_max(10)).await;
    let wrong = Event::builder("\u{7}").correlation_id("").build();
    assert_eq!(
        wrong.expect_err("it is refused").to_string(),
        "event_type: expected no control character and no white space at either end, found \"\\u{7}\"\n\
         correlation_id: expected a text that is not empty"
    );
    let large = Event::builder("large").data("0123456789").build();
    let error = bed.store.store(large.expect("an event")).await;
    assert_eq!(
        error.expect_err("it is refused").to_string(),
        "data: expected at most 10 bytes as JSON, found 12"
    );
    assert_eq!(bed.store.stats().last_id, 0);
    bed.end().await;
}

// What is no JSON for a browser, a shell or a database is text here, and comes back as it was.
#[tokio::test(start_paused = true)]
async fn sanitizes_event_metadata_against_malicious_content() {
    let spec = EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory());
    let bed = Bed::with(spec).await;
    let malicious = [
        "'; DROP TABLE mainstay_events; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "$(reboot) `reboot`",
        "%s%n{}${jndi:ldap://x}",
        "\u{202e}gnihtemos",
    ];
    for (text, number) in malicious.into_iter().zip(1..) {
        let event = Event::builder(text).correlation_id(text).process(text);
        let data = ConfigValue::map([(text, text)]);
        let event = event.data(data.clone()).build().expect("an event");
        assert_eq!(
            bed.store.store(event).await.expect("it is stored"),
            id(number)
        );
        let matter = CorrelationId::new(text).expect("an id");
        let page = bed
            .store
            .get_by_correlation(&matter)
            .await
            .expect("an answer");
        let [found] = page.events.as_slice() else {
            panic!("{page:?}")
        };
        assert_eq!((found.event_type().as_str(), found.data()), (text, &data));
    }
    // Nothing hides in a line of a log, or at an end.
    for text in ["a\nb", "a\u{0}", "a\u{1b}[2J", " a", "a\u{a0}"] {
        let error = Event::builder(text).build().expect_err("it is refused");
        assert_eq!(
            error.to_string(),
            format!(
                "event_type: expected no control character and no white space at either end, found {text:?}"
            )
        );
    }
    assert_eq!(bed.types().await, malicious);
    bed.end().await;
}
