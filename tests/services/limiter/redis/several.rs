//! Several limits as one.

use mainstay_actors::limiter::{RateKey, RateLimitError, RedisAsk, RedisLimiter, check_all_redis};
use mainstay_supervisors::specs::{Algorithm, Backend, OnUnavailable, RateLimitConfig};

use super::super::support::{ALGORITHMS, name};
use super::server::Server;
use super::{admitted, backend, config, limiter, remaining, soon};

const ADA: RateKey<'static> = RateKey::user("ada");

fn beside(other: &RedisLimiter, called: &str, config: RateLimitConfig) -> RedisLimiter {
    let backend = other.config().backend.clone();
    RedisLimiter::beside(other, name(called), config.backend(backend)).expect("it is valid")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_let_a_call_through_or_none_takes_anything() {
    let Some(server) = Server::start() else {
        return;
    };
    let first = limiter(&server, ALGORITHMS[0], 100);
    let all: Vec<_> = ALGORITHMS
        .into_iter()
        .enumerate()
        .map(|(nth, algorithm)| beside(&first, &format!("l{nth}"), config(algorithm, 100)))
        .collect();
    let least = beside(&first, "least", config(Algorithm::FixedWindow, 10));
    let call = |_| {
        let (all, least) = (all.clone(), least.clone());
        tokio::spawn(async move {
            let asks = all.iter().map(|one| RedisAsk::new(one, ADA).cost(2));
            let asks: Vec<_> = asks.chain([RedisAsk::new(&least, ADA)]).collect();
            check_all_redis(&asks).await
        })
    };
    let calls: Vec<_> = (0..50).map(call).collect();
    let mut count = 0;
    for call in calls {
        match call.await.expect("it ends") {
            Ok(admissions) => {
                assert_eq!(admissions.len(), 5);
                count += 1;
            }
            Err(RateLimitError::Exceeded(told)) => assert_eq!(told.policy.as_str(), "least"),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(count, 10);
    for one in &all {
        assert_eq!(remaining(one, "ada").await, 80);
        assert_eq!((one.stats().admitted, one.stats().refused), (10, 0));
    }
    assert_eq!((least.stats().admitted, least.stats().refused), (10, 40));
}

#[tokio::test]
async fn a_key_that_is_asked_for_twice_is_asked_for_once_for_all_of_it() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = limiter(&server, Algorithm::SlidingWindow, 5);
    let twice = [
        RedisAsk::new(&limiter, ADA).cost(2),
        RedisAsk::new(&limiter, ADA),
    ];
    let admissions = check_all_redis(&twice).await.expect("there are five");
    assert_eq!(admissions[0].remaining(), Some(2));
    assert!(check_all_redis(&twice).await.is_err());
    assert_eq!(remaining(&limiter, "ada").await, 2);
    let dear = [RedisAsk::new(&limiter, ADA).cost(3); 2];
    let told = check_all_redis(&dear).await.expect_err("six of five");
    assert!(
        matches!(told, RateLimitError::TooCostly { cost: 6, .. }),
        "{told}"
    );
    let none = check_all_redis(&[]).await.expect("nothing to ask");
    assert!(none.is_empty());
}

#[tokio::test]
async fn those_that_only_look_on_hold_nobody_up() {
    let Some(server) = Server::start() else {
        return;
    };
    let first = limiter(&server, Algorithm::TokenBucket, 5);
    let looks = beside(
        &first,
        "looks",
        config(Algorithm::FixedWindow, 1).shadow(true),
    );
    let both = [RedisAsk::new(&first, ADA), RedisAsk::new(&looks, ADA)];
    for _ in 0..5 {
        check_all_redis(&both).await.expect("five");
    }
    check_all_redis(&both).await.expect_err("no sixth");
    // The sixth was not let through, and so has not been by one that looks on.
    assert_eq!((looks.stats().admitted, looks.stats().shadowed), (5, 4));
    assert_eq!(remaining(&looks, "ada").await, 0);
}

#[tokio::test]
async fn limits_of_different_connections_cannot_decide_as_one() {
    let Some(server) = Server::start() else {
        return;
    };
    let (one, other) = (
        limiter(&server, ALGORITHMS[0], 5),
        limiter(&server, ALGORITHMS[0], 5),
    );
    let asks = [RedisAsk::new(&one, ADA), RedisAsk::new(&other, ADA)];
    let told = check_all_redis(&asks).await.expect_err("two connections");
    assert!(matches!(told, RateLimitError::NotTogether { .. }), "{told}");
    assert_eq!(admitted(&one, "ada", 9).await, 5);
}

#[tokio::test]
async fn without_an_answer_each_decides_as_it_says_and_all_together() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let of = |what| Backend::redis(backend(&server).on_unavailable(what));
    let local = config(Algorithm::FixedWindow, 8).backend(of(OnUnavailable::Local { one_of: 2 }));
    let local = RedisLimiter::new(name("local"), local).expect("it is valid");
    let make = |called: &str, what| {
        let config = config(Algorithm::FixedWindow, 2).backend(of(what));
        RedisLimiter::beside(&local, name(called), config).expect("it is valid")
    };
    let open = make("open", OnUnavailable::Open);
    let closed = make("closed", OnUnavailable::Closed);
    let other = make("other", OnUnavailable::Local { one_of: 1 });
    server.kill();
    let asks = |last| {
        [
            RedisAsk::new(&local, ADA),
            RedisAsk::new(&open, ADA),
            RedisAsk::new(last, ADA),
        ]
    };
    let told = soon(check_all_redis(&asks(&closed)))
        .await
        .expect_err("one is closed");
    assert!(matches!(told, RateLimitError::Unavailable { .. }), "{told}");
    for _ in 0..2 {
        soon(check_all_redis(&asks(&other))).await.expect("two");
    }
    let told = soon(check_all_redis(&asks(&other)))
        .await
        .expect_err("no third");
    assert!(matches!(told, RateLimitError::Exceeded(_)), "{told}");
    let asks = [RedisAsk::new(&local, ADA).cost(2)];
    soon(check_all_redis(&asks))
        .await
        .expect("two of four are left");
    soon(check_all_redis(&asks))
        .await
        .expect_err("none is left");
}
