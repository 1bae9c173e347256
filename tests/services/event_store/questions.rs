//! Asking.

use std::time::{Duration, SystemTime};

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{
    CorrelationId, Direction, Event, EventQuery, EventType, OrderBy, StoreError,
};
use mainstay_supervisors::specs::EventStoreSpec;

use super::support::{Bed, event, id, types};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

/// Five events of three types, the later ones earlier.
async fn five() -> Bed {
    let bed = Bed::with(EventStoreSpec::memory().max_age(Duration::from_secs(3_000_000_000))).await;
    for (nth, kind) in ["a", "b", "a", "c", "b"].into_iter().enumerate() {
        let nth = nth as u64;
        let event = Event::builder(kind)
            .wall_time(at(10 - nth))
            .correlation_id(format!("m{}", nth % 2))
            .data(ConfigValue::map([("nth", nth)]));
        let event = event.build().expect("an event");
        bed.store.store(event).await.expect("it is stored");
    }
    bed
}

async fn ids(bed: &Bed, query: EventQuery) -> Vec<u64> {
    let page = bed.store.query(query).await.expect("an answer");
    let ids = page.events.iter().filter_map(Event::id);
    ids.map(|id| id.get()).collect()
}

#[tokio::test(start_paused = true)]
async fn queries_events_by_event_type() {
    let bed = five().await;
    let of = |kind: &str| EventQuery::new().event_type(EventType::new(kind).expect("a type"));
    assert_eq!(ids(&bed, of("a")).await, [1, 3]);
    let two = of("a").event_type(EventType::new("c").expect("a type"));
    assert_eq!(ids(&bed, two).await, [1, 3, 4]);
    assert_eq!(ids(&bed, of("d")).await, Vec::<u64>::new());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn queries_events_with_time_range() {
    let bed = five().await;
    let range = EventQuery::new().from(at(7)).until(at(9));
    assert_eq!(ids(&bed, range.clone()).await, [3, 4]);
    let by_time = range.order(OrderBy::Time, Direction::Ascending);
    assert_eq!(ids(&bed, by_time).await, [4, 3]);
    let page = bed.store.get_time_range(at(7), at(9)).await;
    let found: Vec<_> = page
        .expect("an answer")
        .events
        .iter()
        .filter_map(Event::id)
        .collect();
    assert_eq!(found, [id(4), id(3)]);
    let error = bed
        .store
        .get_time_range(at(9), at(7))
        .await
        .expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "until: expected a time that is not before `from`"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn applies_pagination() {
    let bed = five().await;
    let page = bed
        .store
        .query(EventQuery::new().offset(1).limit(2))
        .await
        .expect("an answer");
    assert_eq!(
        (types(&page.events), page.more),
        (vec!["b".into(), "a".into()], true)
    );
    let page = bed
        .store
        .query(EventQuery::new().offset(3).limit(2))
        .await
        .expect("an answer");
    assert_eq!(
        (types(&page.events), page.more),
        (vec!["c".into(), "b".into()], false)
    );
    let page = bed.store.get_recent(2).await.expect("an answer");
    assert_eq!(
        (types(&page.events), page.more),
        (vec!["b".into(), "c".into()], true)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_query_by_data_and_matter_gives_what_fits_both() {
    let bed = five().await;
    let m0 = CorrelationId::new("m0").expect("an id");
    let query = EventQuery::new().correlation_id(m0);
    assert_eq!(ids(&bed, query.clone()).await, [1, 3, 5]);
    assert_eq!(
        ids(&bed, query.clone().data("nth", 2).expect("a path")).await,
        [3]
    );
    assert_eq!(
        ids(&bed, query.data("nth", 1).expect("a path")).await,
        Vec::<u64>::new()
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn retrieves_events_by_correlation_id_the_earliest_first() {
    let bed = five().await;
    let m0 = CorrelationId::new("m0").expect("an id");
    let page = bed.store.get_by_correlation(&m0).await.expect("an answer");
    let found: Vec<_> = page.events.iter().filter_map(Event::id).collect();
    assert_eq!(found, [id(5), id(3), id(1)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn returns_empty_list_for_non_existent_correlation_id() {
    let bed = five().await;
    let nobody = CorrelationId::new("nobody").expect("an id");
    let page = bed
        .store
        .get_by_correlation(&nobody)
        .await
        .expect("an answer");
    assert_eq!((page.events, page.more), (Vec::new(), false));
    assert_eq!(bed.store.get(id(6)).await.expect("an answer"), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_leads_from_the_first_event_down_to_the_one_asked_for() {
    let bed = Bed::new().await;
    let child = |kind: &str, of: u64| {
        Event::builder(kind)
            .parent_id(id(of))
            .build()
            .expect("an event")
    };
    let events = [event("a"), child("b", 1), child("other", 1), child("c", 2)];
    bed.store
        .store_batch(events)
        .await
        .expect("they are stored");
    let chain = |of| {
        let store = bed.store.clone();
        async move { types(&store.correlation_chain(id(of)).await.expect("an answer")) }
    };
    assert_eq!(chain(4).await, ["a", "b", "c"]);
    assert_eq!(chain(1).await, ["a"]);
    assert_eq!(chain(9).await, Vec::<String>::new());
    // One whose parent is not there, and two that lead to each other.
    let odd = |id_: u64, of: u64| {
        let event = Event::builder(format!("e{id_}")).id(id_).parent_id(id(of));
        event.build().expect("an event")
    };
    bed.store
        .store_batch([odd(20, 99), odd(30, 31), odd(31, 30)])
        .await
        .expect("they are stored");
    assert_eq!(chain(20).await, ["e20"]);
    assert_eq!(chain(31).await, ["e30", "e31"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_query_that_asks_for_too_much_is_told_all_that_is_wrong() {
    let bed = Bed::with(EventStoreSpec::memory().query_limit(5).query_limit_max(10)).await;
    let mut query = EventQuery::new()
        .limit(11)
        .offset(u64::MAX)
        .from(at(2))
        .until(at(1));
    for _ in 0..65 {
        query = query.event_type(EventType::new("e").expect("a type"));
    }
    for _ in 0..17 {
        query = query.data("a", 1).expect("a path");
    }
    let error = bed.store.query(query).await.expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "event_type: expected at most 64, found 65\n\
         data: expected at most 16, found 17\n\
         offset: expected at most 9223372036854775807, found 18446744073709551615\n\
         limit: expected 1 to 10, found 11\n\
         until: expected a time that is not before `from`"
    );
    bed.store
        .store_batch((0..12).map(|_| event("e")))
        .await
        .expect("they are stored");
    let page = bed.store.query(EventQuery::new()).await.expect("an answer");
    assert_eq!((page.events.len(), page.more), (5, true));
    let page = bed
        .store
        .query(EventQuery::new().limit(10))
        .await
        .expect("an answer");
    assert_eq!((page.events.len(), page.more), (10, true));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_namespace_has_ended_says_so() {
    let bed = Bed::new().await;
    let store = bed.store.clone();
    store.store(event("a")).await.expect("it is stored");
    bed.end().await;
    assert!(!store.available());
    assert!(matches!(
        store.store(event("b")).await,
        Err(StoreError::Stopped)
    ));
    assert!(matches!(
        store.store_batch([]).await,
        Err(StoreError::Stopped)
    ));
    assert!(matches!(store.get(id(1)).await, Err(StoreError::Stopped)));
    assert!(matches!(store.health().await, Err(StoreError::Stopped)));
    assert!(matches!(store.subscribe(), Err(StoreError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn pages_by_number_miss_nothing_though_events_come_and_go() {
    let bed = Bed::with(EventStoreSpec::memory().max_events(10)).await;
    let store = async |count| {
        let batch = (0..count).map(|_| event("e"));
        bed.store.store_batch(batch).await.expect("they are stored");
    };
    store(10).await;
    assert_eq!(ids(&bed, EventQuery::new().limit(4)).await, [1, 2, 3, 4]);
    store(3).await;
    assert_eq!(
        ids(&bed, EventQuery::new().after(id(4)).limit(4)).await,
        [5, 6, 7, 8]
    );
    let between = EventQuery::new().after(id(8)).before(id(11));
    assert_eq!(ids(&bed, between).await, [9, 10]);
    let none = EventQuery::new().after(id(11)).before(id(5));
    assert_eq!(ids(&bed, none).await, Vec::<u64>::new());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn retrieves_stored_event_by_id() {
    let bed = five().await;
    let found = bed.store.get(id(4)).await.expect("an answer");
    let found = found.expect("it is there");
    assert_eq!(
        (found.id(), found.event_type().as_str()),
        (Some(id(4)), "c")
    );
    assert_eq!(found.data().step("nth"), Some(&3.into()));
    bed.end().await;
}

// That there is none is an answer here, and no error.
#[tokio::test(start_paused = true)]
async fn returns_error_for_non_existent_event() {
    let bed = five().await;
    assert_eq!(bed.store.get(id(6)).await.expect("an answer"), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn returns_storage_statistics() {
    let bed = five().await;
    tokio::time::advance(Duration::from_secs(3)).await;
    let stats = bed.store.stats();
    assert_eq!((stats.available, stats.backend), (true, "memory"));
    assert_eq!(
        (stats.events, stats.last_id, stats.events_stored),
        (5, 5, 5)
    );
    assert_eq!((stats.events_pruned, stats.events_evicted), (0, 0));
    let page = bed.store.get_recent(5).await.expect("an answer");
    let bytes: u64 = page.events.iter().map(Event::serialized_size).sum();
    assert_eq!(stats.bytes, bytes);
    assert_eq!(stats.uptime, Some(Duration::from_secs(3)));
    let json = serde_json::to_value(&stats).expect("JSON");
    assert_eq!(json["uptime_ms"], 3000);
    assert_eq!(json["last_failure_time"], serde_json::Value::Null);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn returns_true_when_server_is_running() {
    let bed = five().await;
    assert!(bed.store.available());
    let store = bed.store.clone();
    bed.end().await;
    assert!(!store.available());
}
