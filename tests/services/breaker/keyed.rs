//! Breakers by key.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitState, RegisterCircuitError};
use mainstay_supervisors::specs::{CircuitBreakersSpec, CircuitConfig};

use super::support::{Bed, advance, fail, name, succeed, touchy};

#[tokio::test(start_paused = true)]
async fn the_failures_of_one_key_are_not_those_of_another() {
    let bed = Bed::new().await;
    let shards = bed
        .breakers
        .keyed(name("shards"), touchy())
        .expect("it is valid");
    assert!(fail(&shards.breaker("a").expect("room")).await.is_err());
    assert_eq!(
        shards.breaker("a").expect("room").state(),
        CircuitState::Open
    );
    assert!(succeed(&shards.breaker("b").expect("room")).await.is_ok());
    let again = bed.breakers.keyed(name("shards"), CircuitConfig::default());
    assert_eq!(
        again.expect("it is valid").len(),
        2,
        "it is the same family"
    );
    assert_eq!(shards.breaker("a").expect("room").key(), Some("a"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn idle_keys_make_room_and_no_others() {
    let bed = Bed::with(CircuitBreakersSpec::default().keys_max(4)).await;
    let shards = bed
        .breakers
        .keyed(name("shards"), touchy())
        .expect("it is valid");
    let full = || RegisterCircuitError::TooManyKeys {
        family: name("shards"),
        max: 4,
    };
    assert!(fail(&shards.breaker("open").expect("room")).await.is_err());
    shards.breaker("forced").expect("room").force_closed();
    let held = shards.breaker("held").expect("room");
    assert!(
        succeed(&shards.breaker("idle").expect("room"))
            .await
            .is_ok()
    );
    assert!(shards.breaker("new").is_ok());
    assert!(shards.find("idle").is_none());
    // What went wrong is remembered for as long as rules look back.
    let config = CircuitConfig::default().failure_threshold(2);
    shards
        .breaker("new")
        .expect("room")
        .reconfigure(config)
        .expect("it is valid");
    assert!(fail(&shards.breaker("new").expect("room")).await.is_err());
    assert_eq!(shards.breaker("newer").err(), Some(full()));
    tokio::time::advance(Duration::from_nanos(59_999_999_999)).await;
    assert_eq!(shards.breaker("newer").err(), Some(full()));
    tokio::time::advance(Duration::from_nanos(1)).await;
    assert!(shards.breaker("newer").is_ok());
    assert!(shards.find("new").is_none());
    let mut keys: Vec<_> = shards
        .breakers()
        .iter()
        .map(|one| one.key().map(str::to_owned))
        .collect();
    keys.sort();
    let kept = ["forced", "held", "newer", "open"].map(|key| Some(key.to_owned()));
    assert_eq!(keys, kept);
    drop(held);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_keys_take_no_more_room_than_the_bound() {
    let bed = Bed::with(CircuitBreakersSpec::default().keys_max(100)).await;
    let clients = bed
        .breakers
        .keyed(name("clients"), touchy())
        .expect("it is valid");
    for nth in 0..100_000 {
        let breaker = clients.breaker(&nth.to_string()).expect("others are idle");
        breaker.try_acquire().expect("it is closed").success();
    }
    assert_eq!(clients.len(), 100);
    advance(1).await;
    bed.end().await;
}
