//! No more keys and bytes than there may be.

use mainstay_actors::limiter::{RateKey, RateLimitError};
use mainstay_supervisors::specs::{OnFull, RateLimitConfig, RateLimitersSpec};

use super::support::{Bed, admitted, alone, name, remaining, seconds};

#[tokio::test(start_paused = true)]
async fn a_million_keys_that_come_and_go_all_find_room() {
    let limiter = alone(RateLimitConfig::token_bucket(100, seconds(100)).keys_max(1000));
    assert_eq!(admitted(&limiter, "hot", 100), 100);
    for number in 0..1_000_000 {
        if number % 500 == 0 {
            tokio::time::advance(seconds(1)).await;
            assert_eq!(admitted(&limiter, "hot", 10), 1);
        }
        limiter.check(RateKey::id(number)).expect("others are idle");
    }
    assert!(limiter.stats().keys <= 1000);
    assert_eq!(limiter.stats().crowded, 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_without_room_is_treated_as_the_policy_says() {
    let with = |what| {
        let config = RateLimitConfig::fixed_window(2, seconds(60)).keys_max(10);
        let limiter = alone(config.on_full(what));
        for number in 0..10 {
            limiter.check(RateKey::id(number)).expect("there is room");
        }
        limiter
    };
    let refuses = with(OnFull::Refuse);
    let (policy, keys) = (name("api"), 10);
    assert_eq!(
        refuses.check(RateKey::id(77)).map(drop),
        Err(RateLimitError::Full { policy, keys })
    );
    let admits = with(OnFull::Admit);
    for number in 100..200 {
        let admission = admits
            .check(RateKey::id(number))
            .expect("it is let through");
        assert!(!admission.is_counted());
    }
    let shares = with(OnFull::Share);
    assert!(shares.check(RateKey::id(77)).is_ok());
    assert!(shares.check(RateKey::id(78)).is_ok());
    let wait = shares
        .check(RateKey::id(79))
        .expect_err("two are through")
        .retry_after();
    assert!(wait.is_some());
    for limiter in [&refuses, &admits, &shares] {
        for number in 0..10 {
            limiter.check(RateKey::id(number)).expect("its second");
            limiter.check(RateKey::id(number)).expect_err("its third");
        }
        assert_eq!(limiter.stats().keys, 10);
    }
    tokio::time::advance(seconds(120)).await;
    for limiter in [refuses, admits, shares] {
        limiter.check(RateKey::id(500)).expect("all are idle");
    }
}

#[tokio::test(start_paused = true)]
async fn the_keeper_clears_away_what_is_idle() {
    let bed = Bed::with(RateLimitersSpec::default().sweep_every(seconds(5))).await;
    let limiter = bed.limiter(RateLimitConfig::token_bucket(10, seconds(100)));
    for number in 0..50_000 {
        limiter.check(RateKey::id(number)).expect("its first");
    }
    assert_eq!(admitted(&limiter, "busy", 10), 10);
    let bytes = limiter.stats().bytes;
    tokio::time::sleep(seconds(16)).await;
    let stats = limiter.stats();
    assert_eq!((stats.keys, stats.evicted), (1, 50_000));
    assert!(stats.bytes * 10 < bytes);
    assert_eq!(remaining(&limiter, "busy"), 1);
    bed.end().await;
}
