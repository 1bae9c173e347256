//! The event store behind its circuit breakers.

use std::time::Duration;

use mainstay::infrastructure::InfraConfig;
use mainstay_actors::breaker::CircuitState;
use mainstay_actors::event_store::{Event, EventQuery, StoreError};
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::{CircuitConfig, EventStoreSpec};

use super::support::{Bed, samples, simulated};

fn event() -> Event {
    Event::builder("order").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_asked_to_store_and_can_be_asked_what_it_has() {
    let breaker = CircuitConfig::default()
        .failure_threshold(2)
        .without_call_timeout();
    let spec = EventStoreSpec::memory().breaker(breaker);
    let bed = Bed::new(simulated(InfraConfig::new().event_store(spec))).await;
    let store = bed.infra.event_store().unwrap();
    let keeper = bed.namespace.whereis("event_store").unwrap();
    assert!(keeper.inject(Fault::Hang));
    for _ in 0..2 {
        let late = store.store(event()).await.unwrap_err();
        assert!(late.may_be_stored(), "{late}");
    }
    let refused = store.store(event()).await.unwrap_err();
    assert!(matches!(refused, StoreError::CircuitOpen(_)), "{refused}");
    assert!(!refused.may_be_stored());
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));
    store.query(EventQuery::new()).await.unwrap();
    keeper.kill();
    tokio::time::sleep(Duration::from_secs(30)).await;
    store.store(event()).await.unwrap();
    // The two that were not waited for are there, and the one that was refused is not.
    let page = store.query(EventQuery::new()).await.unwrap();
    assert_eq!(page.events.len(), 3);
    let breaker = bed.infra.circuit_breakers().circuit("event_store").unwrap();
    assert_eq!(breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn mistakes_of_callers_say_nothing_about_the_store() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    let store = bed.infra.event_store().unwrap();
    let max = store.spec().query_limit_max;
    for _ in 0..20 {
        let query = EventQuery::new().limit(max + 1);
        let refused = store.query(query).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused}");
    }
    for name in ["event_store", "event_store.queries"] {
        let breaker = bed.infra.circuit_breakers().circuit(name).unwrap();
        assert_eq!(breaker.stats().totals.failures, 0, "{name}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_and_asked_is_measured() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    let store = bed.infra.event_store().unwrap();
    let id = store.store(event()).await.unwrap();
    store.get(id).await.unwrap();
    store.query(EventQuery::new()).await.unwrap();
    assert_eq!(samples(&bed.namespace, "foundation.event_store.store"), 1);
    assert_eq!(samples(&bed.namespace, "foundation.event_store.query"), 2);
    bed.end().await;
}
