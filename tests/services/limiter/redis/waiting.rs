//! Those who wait for their turn.

use std::time::Duration;

use mainstay_actors::limiter::{RateKey, RateLimitError, RedisLimiter};
use mainstay_supervisors::specs::{Algorithm, OnUnavailable, RateLimitConfig};

use super::server::Server;
use super::{admitted, backend, config, limiter, redis, soon, until, with};

const ADA: Option<RateKey<'static>> = Some(RateKey::user("ada"));

/// One a tenth of a second, so that turns come while a test runs.
fn tenths(server: &Server) -> RedisLimiter {
    let config = RateLimitConfig::token_bucket(10, Duration::from_secs(1)).burst_limit(1);
    with(config, backend(server))
}

#[tokio::test]
async fn whoever_waits_is_let_through_in_the_order_they_came_and_only_the_first_asks() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = tenths(&server);
    assert!(limiter.check(ADA, 1).await.is_ok());
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut calls = Vec::new();
    for nth in 0_u64..4 {
        let (mine, order) = (limiter.clone(), std::sync::Arc::clone(&order));
        calls.push(tokio::spawn(async move {
            let admission = mine.wait(ADA, 1).await.expect("its turn comes");
            assert!(admission.is_counted());
            order.lock().expect("nobody panics").push(nth);
        }));
        until("it waits", || async { limiter.stats().waiting == nth + 1 }).await;
    }
    for call in calls {
        soon(call).await.expect("it ends");
    }
    assert_eq!(*order.lock().expect("nobody panics"), [0, 1, 2, 3]);
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused, stats.waiting), (5, 0, 0));
    // The first of all; the first that waits, and once more; each of the others once, or twice where its turn had not come.
    assert!(redis(&limiter).answered <= 9, "{:?}", redis(&limiter));
}

#[tokio::test]
async fn who_would_wait_for_too_long_or_with_too_many_does_not_wait() {
    let Some(server) = Server::start() else {
        return;
    };
    let days = config(Algorithm::FixedWindow, 2).waiters_max(1);
    let limiter = with(days, backend(&server));
    assert_eq!(admitted(&limiter, "ada", 2).await, 2);
    let second = Duration::from_secs(1);
    let told = soon(limiter.wait_for(ADA, 1, second))
        .await
        .expect_err("days");
    let RateLimitError::TooLate {
        ready_in, within, ..
    } = told
    else {
        panic!("{told}")
    };
    assert_eq!(within, second);
    assert!(ready_in > 60 * second, "{ready_in:?}");
    let waits = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.wait(ADA, 1).await }
    });
    until("it waits", || async { limiter.stats().waiting == 1 }).await;
    let told = soon(limiter.wait(ADA, 1)).await.expect_err("one may");
    assert!(
        matches!(told, RateLimitError::QueueFull { max: 1, .. }),
        "{told}"
    );
    let told = soon(limiter.wait(RateKey::user("grace"), 3)).await;
    assert!(matches!(told, Err(RateLimitError::TooCostly { .. })));
    assert!(soon(limiter.wait(RateKey::user("grace"), 2)).await.is_ok());
    // A place that is given up is free.
    waits.abort();
    until("nobody waits", || async { limiter.stats().waiting == 0 }).await;
    assert_eq!(limiter.stats().refused, 1, "what cost too much");
}

#[tokio::test]
async fn a_place_that_is_given_up_holds_nobody_up() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = tenths(&server);
    assert!(limiter.check(ADA, 1).await.is_ok());
    let wait = || {
        let mine = limiter.clone();
        tokio::spawn(async move { mine.wait(ADA, 1).await })
    };
    let first = wait();
    until("it waits", || async { limiter.stats().waiting == 1 }).await;
    let second = wait();
    until("both wait", || async { limiter.stats().waiting == 2 }).await;
    first.abort();
    assert!(soon(second).await.expect("it ends").is_ok());
    assert_eq!(limiter.stats().waiting, 0);
}

#[tokio::test]
async fn one_that_waits_when_the_server_goes_is_treated_as_was_said() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let short = backend(&server).on_unavailable(OnUnavailable::Closed);
    let config = RateLimitConfig::token_bucket(10, Duration::from_secs(1)).burst_limit(1);
    let limiter = with(config, short);
    assert!(limiter.check(ADA, 1).await.is_ok());
    let waits = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.wait(ADA, 1).await }
    });
    until("it waits", || async { limiter.stats().waiting == 1 }).await;
    server.kill();
    // It may have been let through in the last moment.
    if let Err(told) = soon(waits).await.expect("it ends") {
        assert!(matches!(told, RateLimitError::Unavailable { .. }), "{told}");
    }
    let told = soon(limiter.wait(ADA, 1)).await.expect_err("it is gone");
    assert!(matches!(told, RateLimitError::Unavailable { .. }), "{told}");
}

#[tokio::test]
async fn what_is_waited_for_by_others_can_be_had_by_those_who_do_not_wait() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = limiter(&server, Algorithm::TokenBucket, 3);
    assert_eq!(admitted(&limiter, "ada", 2).await, 2);
    let waits = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.wait(ADA, 3).await }
    });
    until("it waits", || async { limiter.stats().waiting == 1 }).await;
    assert!(limiter.check(ADA, 1).await.is_ok());
    waits.abort();
}
