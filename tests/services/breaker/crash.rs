//! The end of the keeper, which nobody notices.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreakerRegistry, CircuitState, NAME};
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::{ChildId, CircuitConfig, OpenTime};

use super::support::{Bed, advance, fail, name, retry_after, settle, steps, succeed, touchy};

#[tokio::test(start_paused = true)]
async fn state_configuration_and_orders_survive_the_keeper() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(touchy());
    let config = touchy().reset_timeout(Duration::from_secs(90));
    breaker.reconfigure(config.clone()).expect("it is valid");
    assert!(fail(&breaker).await.is_err());
    let forced = bed
        .breakers
        .register_default(name("cache"))
        .expect("it is new");
    forced.force_open();
    bed.crash().await;
    assert_eq!(retry_after(&breaker), Duration::from_secs(90));
    assert_eq!(*breaker.config(), config);
    assert_eq!(breaker.stats().config_version, 2);
    assert_eq!(forced.state(), CircuitState::ForcedOpen);
    let found = bed.breakers.circuit("db").expect("it is there");
    assert_eq!(found.state(), CircuitState::Open);
    advance(90).await;
    assert!(succeed(&breaker).await.is_ok());
    let steps = steps(&mut events);
    let of_db: Vec<_> = steps.iter().map(|step| step.2).collect();
    assert_eq!(
        of_db,
        [
            CircuitState::Open,
            CircuitState::ForcedOpen,
            CircuitState::HalfOpen,
            CircuitState::Closed
        ]
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_successor_minds_the_times_that_were_running() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy().open(OpenTime::default().eager()));
    assert!(fail(&breaker).await.is_err());
    let mut events = bed.breakers.subscribe();
    bed.crash().await;
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        event.transition().map(|step| step.to),
        Some(CircuitState::HalfOpen)
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn calls_need_no_keeper_that_runs() {
    for fault in [Fault::Hang, Fault::error("no more")] {
        let bed = Bed::new().await;
        let breaker = bed.breaker(touchy());
        let keeper = bed.keeper();
        assert!(keeper.inject(fault));
        settle().await;
        assert!(fail(&breaker).await.is_err());
        advance(30).await;
        assert!(succeed(&breaker).await.is_ok());
        assert_eq!(breaker.state(), CircuitState::Closed);
        keeper.kill();
        keeper.ended().await;
        settle().await;
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_end_of_the_namespace_a_breaker_goes_on_and_streams_end() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(CircuitConfig::default().failure_threshold(1));
    let mut events = bed.breakers.subscribe();
    let runtime = bed.runtime;
    runtime.stop(Duration::from_secs(5)).await;
    assert!(events.next().await.is_none());
    assert!(fail(&breaker).await.is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_was_forgotten_is_minded_by_the_next_keeper_all_the_same() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy().open(OpenTime::default().eager()));
    assert!(fail(&breaker).await.is_err());
    settle().await;
    assert!(bed.breakers.unregister("db").is_some());
    let mut events = bed.breakers.subscribe();
    bed.crash().await;
    advance(31).await;
    settle().await;
    let half_open = (2, CircuitState::Open, CircuitState::HalfOpen);
    assert_eq!(steps(&mut events), [half_open]);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_opened_while_there_was_no_keeper_is_minded_by_the_next_one() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy().open(OpenTime::default().eager()));
    assert!(bed.breakers.unregister("db").is_some());
    let keeper = ChildId::new(NAME).expect("an id");
    let children = bed.namespace.children().expect("it runs");
    children.terminate_child(&keeper).await.expect("it runs");
    assert!(fail(&breaker).await.is_err());
    let mut events = bed.breakers.subscribe();
    children.restart_child(&keeper).await.expect("it starts");
    advance(31).await;
    settle().await;
    let half_open = (2, CircuitState::Open, CircuitState::HalfOpen);
    assert_eq!(steps(&mut events), [half_open]);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_asked_for_after_the_end_of_the_namespace_ends_at_once() {
    let bed = Bed::new().await;
    bed.runtime.stop(Duration::from_secs(5)).await;
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    let breaker = breakers.register_circuit(name("db"), touchy());
    let breaker = breaker.expect("it is new");
    assert!(breakers.subscribe().next().await.is_none());
    assert!(fail(&breaker).await.is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
    let again = CircuitBreakerRegistry::of(&bed.namespace);
    assert!(again.circuit("db").is_some(), "they are the same for all");
}
