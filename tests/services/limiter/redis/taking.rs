//! Costs, refunds, looking, and coming back when told.

use std::time::Duration;

use mainstay_actors::limiter::{DecidedBy, RateKey, RateLimitError, RateLimiter};
use mainstay_supervisors::specs::{Algorithm, Inherit, RateLimitConfig};

use super::super::support::ALGORITHMS;
use super::server::Server;
use super::{admitted, backend, config, limiter, redis, remaining, until, with};

const ADA: Option<RateKey<'static>> = Some(RateKey::user("ada"));

#[tokio::test]
async fn a_call_may_cost_more_than_one_and_never_more_than_it_may() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 10);
        let seven = limiter.check(ADA, 7).await.expect("there are ten");
        assert_eq!((seven.limit(), seven.remaining()), (Some(10), Some(3)));
        assert!(seven.is_counted());
        assert!(seven.reset_after().is_some_and(|time| !time.is_zero()));
        let refused = limiter.check(ADA, 4).await.expect_err("three are left");
        assert!(refused.retry_after().is_some_and(|time| !time.is_zero()));
        let three = limiter.check(ADA, 3).await.expect("three are left");
        assert_eq!(three.remaining(), Some(0), "{algorithm:?}");
        let nothing = limiter.decide(ADA, 0).await;
        assert_eq!(
            (nothing.by, nothing.outcome.is_ok()),
            (DecidedBy::Nobody, true)
        );
        let told = limiter.check(ADA, 11).await.expect_err("it never can");
        let max = 10;
        let dear =
            matches!(told, RateLimitError::TooCostly { cost: 11, max: found, .. } if found == max);
        assert!(dear, "{told}");
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn what_is_reserved_and_not_used_goes_back() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = &limiter(&server, algorithm, 10);
        limiter.reserve(ADA, 2).await.expect("there are ten").keep();
        assert_eq!(remaining(limiter, "ada").await, 8, "{algorithm:?}");
        drop(limiter.reserve(ADA, 8).await.expect("eight are left"));
        let is = |number: u32| move || async move { remaining(limiter, "ada").await == number };
        until("all are back", is(8)).await;
        let reserved = limiter.reserve(ADA, 6).await.expect("eight are left");
        assert_eq!(reserved.cost(), 6);
        reserved.spend(1);
        until("five are back", is(7)).await;
        assert_eq!(admitted(limiter, "ada", 9).await, 7);
        assert!(limiter.reserve(ADA, 1).await.is_err());
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn what_was_taken_for_a_call_that_is_dropped_goes_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = &limiter(&server, Algorithm::SlidingWindow, 10);
    assert_eq!(admitted(limiter, "ada", 1).await, 1);
    server.pause();
    for _ in 0..5 {
        let mut call = tokio::task::unconstrained(Box::pin(limiter.check(ADA, 1)));
        let polled = futures_util::poll!(&mut call);
        assert!(polled.is_pending());
        // Until it is on its way.
        until("it is under way", || async { redis(limiter).in_flight > 0 }).await;
    }
    server.resume();
    until("all are back", || async {
        redis(limiter).in_flight == 0 && remaining(limiter, "ada").await == 9
    })
    .await;
    // Five that were taken, five that gave back, and the first; beside those that looked.
    assert_eq!(admitted(limiter, "ada", 20).await, 9);
}

#[tokio::test]
async fn looking_takes_nothing_and_keeps_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 2);
        for _ in 0..3 {
            let status = limiter.rate_limit_status(ADA).await.expect("it answers");
            let status = status.expect("there is a key");
            assert_eq!((status.limit, status.remaining), (2, 2), "{algorithm:?}");
            assert_eq!((status.limited, status.retry_after), (false, None));
            assert!(status.reset_after.is_zero());
        }
        assert_eq!(server.ask(&["DBSIZE"]), ":0\r\n");
        assert_eq!(admitted(&limiter, "ada", 3).await, 2);
        let status = limiter.rate_limit_status(ADA).await.expect("it answers");
        let status = status.expect("there is a key");
        assert_eq!((status.remaining, status.limited), (0, true));
        assert!(status.retry_after.is_some_and(|time| !time.is_zero()));
        limiter.reset_rate_limit(ADA).await.expect("it answers");
        assert_eq!(remaining(&limiter, "ada").await, 2);
        assert!(limiter.check_rate_limit(ADA, 2).await.is_ok());
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn whoever_comes_back_when_told_is_let_through() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let short = RateLimitConfig::new(algorithm, 3, Duration::from_millis(300));
        let limiter = with(short, backend(&server));
        // How many get through before one is refused hangs on how long the calls take; that one is refused does not.
        let mut told = None;
        for _ in 0..100_000 {
            let Err(refused) = limiter.check(ADA, 3).await else {
                continue;
            };
            told = refused.retry_after();
            break;
        }
        let wait = told.expect("one is refused");
        assert!(
            wait <= Duration::from_millis(600),
            "{algorithm:?}: {wait:?}"
        );
        tokio::time::sleep(wait).await;
        assert!(limiter.check(ADA, 3).await.is_ok(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_limit_that_only_looks_on_refuses_nobody() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = with(config(algorithm, 2).shadow(true), backend(&server));
        assert_eq!(admitted(&limiter, "ada", 5).await, 5);
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.refused, stats.shadowed), (5, 0, 3));
        let uncounted = limiter.check(ADA, 1).await.expect("it looks on");
        assert!(!uncounted.is_counted());
        // Nor for any other reason.
        assert!(limiter.check(None, 1).await.is_ok());
        assert!(limiter.check(ADA, 3).await.is_ok());
        assert_eq!(limiter.status(None).await, Ok(None));
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.refused, stats.shadowed), (8, 0, 6));
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_limit_is_changed_while_in_use_and_begins_anew_only_if_that_is_said() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = limiter(&server, Algorithm::TokenBucket, 2);
    assert_eq!(admitted(&limiter, "ada", 3).await, 2);
    let next = RateLimitConfig::clone(&limiter.config());
    let mut next = next;
    next.limit = 5;
    let told = limiter
        .reconfigure(next.clone())
        .expect_err("it keeps")
        .to_string();
    let expected =
        "a limit that machines share cannot be changed like this: expected on_change to be reset";
    assert_eq!(told, expected);
    // What does not change what is counted begins nothing anew, and need not say that it would.
    let mut same = RateLimitConfig::clone(&limiter.config()).shadow(true);
    limiter.reconfigure(same.clone()).expect("it is valid");
    assert!(limiter.check(ADA, 1).await.is_ok(), "it looks on");
    same.shadow = false;
    limiter.reconfigure(same).expect("it is valid");
    assert_eq!(admitted(&limiter, "ada", 3).await, 0, "it is used up");
    limiter
        .reconfigure(next.clone().on_change(Inherit::Reset))
        .expect("it is valid");
    assert_eq!(
        (limiter.config().limit, limiter.stats().config_version),
        (5, 4)
    );
    assert_eq!(admitted(&limiter, "ada", 9).await, 5);
    let redis = next.backend.redis.as_mut().expect("there is one");
    redis.url = "redis://127.0.0.1:1/".to_owned();
    let told = limiter
        .reconfigure(next.on_change(Inherit::Reset))
        .expect_err("elsewhere");
    assert!(
        told.to_string()
            .ends_with("but for prefix, secret and on_unavailable"),
        "{told}"
    );
}
