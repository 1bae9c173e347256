//! Breakers by key.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitState, KeyedBreakers, RegisterCircuitError};
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

async fn family(keys_max: u32, config: CircuitConfig) -> (Bed, KeyedBreakers) {
    let bed = Bed::with(CircuitBreakersSpec::default().keys_max(keys_max)).await;
    let family = bed.breakers.keyed(name("shards"), config);
    (bed, family.expect("it is valid"))
}

fn keys(family: &KeyedBreakers) -> Vec<String> {
    let key = |one: &CircuitBreaker| one.key().map(str::to_owned);
    let mut keys: Vec<_> = family.breakers().iter().filter_map(key).collect();
    keys.sort();
    keys
}

#[tokio::test(start_paused = true)]
async fn idle_keys_make_room_and_no_others() {
    let (bed, shards) = family(4, CircuitConfig::default().failure_threshold(2)).await;
    let full = || RegisterCircuitError::TooManyKeys {
        family: name("shards"),
        max: 4,
        asked: 4,
    };
    let breaker = |key: &str| shards.breaker(key).expect("there is room");
    let bad = breaker("bad");
    for _ in 0..2 {
        assert!(fail(&bad).await.is_err());
    }
    drop(bad);
    breaker("forced").force_closed();
    let held = breaker("held");
    assert!(succeed(&breaker("idle")).await.is_ok());
    breaker("new");
    assert!(shards.find("idle").is_none());
    // What went wrong is remembered for as long as rules look back.
    advance(1).await;
    assert!(fail(&breaker("new")).await.is_err());
    assert_eq!(shards.breaker("newer").err(), Some(full()));
    assert_eq!(
        full().to_string(),
        "there are 4 keys of shards, as many as there may be, and none of the 4 that were looked at is idle"
    );
    assert_eq!(keys(&shards), ["bad", "forced", "held", "new"]);
    // The one that has opened came first: its time was up half a minute ago.
    tokio::time::advance(Duration::from_secs(59)).await;
    breaker("newer");
    assert_eq!(keys(&shards), ["forced", "held", "new", "newer"]);
    assert!(fail(&breaker("newer")).await.is_err());
    tokio::time::advance(Duration::from_nanos(999_999_999)).await;
    assert_eq!(shards.breaker("newest").err(), Some(full()));
    tokio::time::advance(Duration::from_nanos(1)).await;
    breaker("newest");
    assert_eq!(keys(&shards), ["forced", "held", "newer", "newest"]);
    drop(held);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn keys_that_have_failed_and_are_gone_make_room_in_the_end() {
    let (bed, pods) = family(3, touchy()).await;
    for pod in ["open", "probed", "forgotten"] {
        assert!(fail(&pods.breaker(pod).expect("room")).await.is_err());
    }
    advance(30).await;
    // Half open, with nobody who goes on; and with a probe that will not come back.
    pods.breaker("probed")
        .expect("it is there")
        .try_acquire()
        .expect("a probe")
        .ignore();
    std::mem::forget(
        pods.breaker("forgotten")
            .expect("it is there")
            .try_acquire()
            .expect("a probe"),
    );
    advance(29).await;
    assert!(pods.breaker("new").is_err());
    advance(1).await;
    assert!(pods.breaker("new").is_ok());
    assert!(pods.breaker("newer").is_ok());
    assert_eq!(keys(&pods), ["forgotten", "new", "newer"]);
    // It has lost its permit after 60 s, is open for 30, and was bad at the 90th.
    advance(365 * 24 * 60 * 60).await;
    assert!(pods.breaker("a").is_ok());
    assert!(pods.breaker("b").is_ok());
    assert!(pods.breaker("c").is_ok());
    assert_eq!(keys(&pods), ["a", "b", "c"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_key_was_told_is_never_forgotten() {
    let (bed, shards) = family(3, touchy()).await;
    let config = touchy().failure_threshold(77);
    let breaker = |key: &str| shards.breaker(key).expect("there is room");
    breaker("configured")
        .reconfigure(config.clone())
        .expect("it is valid");
    breaker("following").follow(name("server"));
    for key in 0..10 {
        breaker(&key.to_string());
    }
    assert_eq!(keys(&shards), ["9", "configured", "following"]);
    assert_eq!(*breaker("configured").config(), config);
    assert_eq!(breaker("following").stats().follows, Some(name("server")));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_key_is_found_behind_many_that_are_held() {
    let (bed, shards) = family(200, touchy()).await;
    let breaker = |key: u32| shards.breaker(&key.to_string()).expect("there is room");
    let held: Vec<_> = (0..150).map(breaker).collect();
    for key in 150..250 {
        breaker(key);
    }
    assert_eq!(shards.len(), 200);
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
    bed.end().await;
}
