//! What is in the server.

use std::time::Duration;

use mainstay_actors::limiter::{RateKey, RedisLimiter};
use mainstay_supervisors::specs::{Algorithm, Backend, OnMissingKey, RateLimitConfig};

use super::super::support::{ALGORITHMS, name};
use super::{SECRET, admitted, backend, config, limiter, until, with};
use crate::servers::Redis as Server;

#[tokio::test]
async fn keys_are_hashes_with_an_end_and_name_the_limiter_only() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 5);
        let sesame = RateKey::api_key("sesame");
        limiter.check(sesame, 2).await.expect("there are five");
        let keys = server.ask(&["KEYS", "*"]);
        let key = keys.lines().last().expect("a key").to_owned();
        assert!(key.starts_with("{mainstay/}/api/"), "{key}");
        assert!(!keys.contains("sesame"), "{keys}");
        assert!(!server.ask(&["DUMP", &key]).contains("sesame"));
        let left = server.ask(&["PTTL", &key]);
        let left: i64 = left.trim_matches([':', '\r', '\n']).parse().expect("it");
        let max = 2 * 300 * 24 * 60 * 60 * 1000 + 2;
        assert!((1..=max).contains(&left), "{algorithm:?}: {left}");
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn whoever_has_another_secret_prefix_or_limit_has_other_keys() {
    let Some(server) = Server::start() else {
        return;
    };
    let algorithm = Algorithm::FixedWindow;
    let first = limiter(&server, algorithm, 5);
    assert_eq!(admitted(&first, "ada", 9).await, 5);
    let same = limiter(&server, algorithm, 5);
    assert_eq!(admitted(&same, "ada", 9).await, 0);
    let prefix = with(config(algorithm, 5), backend(&server).prefix("shop"));
    assert_eq!(admitted(&prefix, "ada", 9).await, 5);
    let mut secret = backend(&server);
    secret.secret = SECRET.to_uppercase();
    assert_eq!(
        admitted(&with(config(algorithm, 5), secret), "ada", 9).await,
        5
    );
    assert_eq!(admitted(&limiter(&server, algorithm, 6), "ada", 9).await, 6);
    let other = config(algorithm, 5).backend(Backend::redis(backend(&server)));
    let other = RedisLimiter::new(name("other"), other).expect("it is valid");
    assert_eq!(admitted(&other, "ada", 9).await, 5);
}

#[tokio::test]
async fn keys_that_are_idle_vanish() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let short = RateLimitConfig::new(algorithm, 5, Duration::from_millis(20));
        let limiter = with(short, backend(&server));
        for number in 0..20 {
            let taken = limiter.check(RateKey::id(number), 3).await;
            taken.expect("there are five");
        }
        let is_empty = || async { server.ask(&["DBSIZE"]) == ":0\r\n" };
        until("all are gone", is_empty).await;
    }
}

#[tokio::test]
async fn calls_without_a_key_follow_the_policy() {
    let Some(server) = Server::start() else {
        return;
    };
    let of = |what| {
        let config = config(Algorithm::TokenBucket, 1).on_missing_key(what);
        with(config, backend(&server))
    };
    let told = of(OnMissingKey::Refuse).check(None, 1).await;
    let told = told.expect_err("no key").to_string();
    assert_eq!(told, "the rate limit api lets nobody through without a key");
    let admits = of(OnMissingKey::Admit);
    for _ in 0..3 {
        let admission = admits.check(None, 1).await.expect("it is let through");
        assert!(!admission.is_counted());
    }
    assert!(admits.status(None).await.expect("it answers").is_none());
    let shares = of(OnMissingKey::Share);
    assert!(shares.check(None, 1).await.is_ok());
    assert!(shares.check(None, 1).await.is_err());
    assert_eq!(admitted(&shares, "ada", 2).await, 1);
}
