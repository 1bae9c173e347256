//! Breakers by key.

use std::time::Duration;

use mainstay_actors::breaker::{
    CircuitBreaker, CircuitState, CircuitStats, KeyedBreakers, RegisterCircuitError,
};
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

#[tokio::test(start_paused = true)]
async fn a_family_can_be_reconfigured_as_a_whole_and_stays_what_it_is() {
    let (bed, shards) = family(3, touchy()).await;
    let breaker = |key: &str| shards.breaker(key).expect("there is room");
    assert!(fail(&breaker("open")).await.is_err());
    breaker("own").reconfigure(touchy()).expect("it is valid");
    let config = CircuitConfig::default().failure_threshold(3);
    shards.reconfigure(config.clone()).expect("it is valid");
    let wrong = touchy().failure_threshold(0);
    assert!(matches!(
        shards.reconfigure(wrong),
        Err(RegisterCircuitError::Config(_))
    ));
    assert_eq!(*shards.config(), config);
    assert_eq!(breaker("open").state(), CircuitState::Open);
    for (key, version) in [("open", 2), ("own", 3), ("new", 1)] {
        assert_eq!(*breaker(key).config(), config);
        assert_eq!(breaker(key).stats().config_version, version);
    }
    // None of them has a configuration of its own any more.
    breaker("another");
    assert!(shards.find("own").is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_can_be_forgotten_and_so_can_a_family() {
    let (bed, shards) = family(2, touchy()).await;
    let forced = shards.breaker("forced").expect("there is room");
    forced.force_open();
    shards
        .breaker("followed")
        .expect("there is room")
        .follow(name("server"));
    assert!(shards.breaker("new").is_err());
    let removed = shards.remove("forced").expect("it is there");
    assert_eq!(removed.state(), CircuitState::ForcedOpen);
    assert!(shards.remove("forced").is_none());
    assert!(shards.breaker("new").is_ok());
    let followed = shards.find("followed").expect("it is there");
    assert_eq!(followed.unfollow(), Some(name("server")));
    assert_eq!(
        (followed.unfollow(), followed.stats().follows),
        (None, None)
    );
    drop(followed);
    assert!(shards.breaker("newer").is_ok());
    assert!(shards.find("followed").is_none());
    assert_eq!(bed.breakers.families().len(), 1);
    let family = bed
        .breakers
        .unregister_keyed("shards")
        .expect("it is there");
    assert!(bed.breakers.unregister_keyed("shards").is_none());
    assert!(bed.breakers.families().is_empty());
    assert_eq!((family.len(), family.name()), (2, &name("shards")));
    let again = bed.breakers.keyed(name("shards"), touchy()).expect("valid");
    assert!(again.is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn keys_whose_permits_are_out_make_no_room() {
    let (bed, shards) = family(1, touchy()).await;
    let permit = shards.breaker("a").expect("room").try_acquire_owned();
    assert!(shards.breaker("b").is_err());
    permit.expect("it is closed").success();
    assert!(shards.breaker("b").is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn everything_about_a_family_can_be_read_and_what_listens_to_a_key_ends_with_it() {
    let (bed, shards) = family(2, touchy()).await;
    for key in ["b", "a"] {
        assert!(succeed(&shards.breaker(key).expect("room")).await.is_ok());
    }
    let stats = shards.stats();
    let read = |stats: &CircuitStats| (stats.key.clone(), stats.totals.successes);
    assert_eq!(
        stats.iter().map(read).collect::<Vec<_>>(),
        [(Some("a".to_owned()), 1), (Some("b".to_owned()), 1)]
    );
    let mut events = shards.find("b").expect("it is there").subscribe();
    shards.breaker("c").expect("one is idle");
    assert!(shards.find("b").is_none());
    assert_eq!(events.next().await, None);
    drop(events);
    bed.end().await;
}
