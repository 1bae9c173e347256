//! A server that is back.

use std::time::Duration;

use mainstay_actors::limiter::{DecidedBy, RateKey, RedisLimiter, Unavailable};
use mainstay_supervisors::specs::{Algorithm, OnUnavailable, RedisBackend};

use super::server::Server;
use super::{admitted, backend, config, redis, soon, until, with};

const ADA: Option<RateKey<'static>> = Some(RateKey::user("ada"));

fn short(server: &Server) -> RedisBackend {
    let ms = Duration::from_millis;
    backend(server)
        .time_limit(ms(100))
        .pauses(ms(10), ms(50))
        .on_unavailable(OnUnavailable::Local { one_of: 2 })
}

async fn is_decided_by_the_server(limiter: &RedisLimiter) -> bool {
    soon(limiter.decide(Some(RateKey::user("grace")), 1))
        .await
        .by
        == DecidedBy::Server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_done_without_until_it_goes_on() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = with(config(Algorithm::TokenBucket, 1000), short(&server));
    until("the server decides", || is_decided_by_the_server(&limiter)).await;
    server.pause();
    let mut slow = 0;
    for _ in 0..3 {
        let decision = soon(limiter.decide(ADA, 1)).await;
        assert_eq!(
            (decision.by, decision.outcome.is_ok()),
            (DecidedBy::Local, true)
        );
        let within = Duration::from_millis(100);
        slow += u32::from(decision.why == Some(Unavailable::TooSlow { within }));
    }
    assert_eq!(slow, 3);
    assert!(!redis(&limiter).is_up);
    // All at once, and none of them waits for the server but the one that tries.
    let call = |_| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.decide(ADA, 1).await })
    };
    let calls: Vec<_> = (0..200).map(call).collect();
    let mut waited = 0;
    for call in calls {
        let decision = soon(call).await.expect("it ends");
        assert_eq!(decision.by, DecidedBy::Local);
        let paused = matches!(decision.why, Some(Unavailable::Paused { .. }));
        waited += u32::from(!paused);
    }
    assert!(waited < 100, "{waited}");
    server.resume();
    until("the server decides again", || {
        is_decided_by_the_server(&limiter)
    })
    .await;
    let link = redis(&limiter);
    assert!(link.is_up);
    assert!(link.outages >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_is_done_without_until_it_is_back() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let limiter = with(config(Algorithm::SlidingWindow, 100), short(&server));
    until("the server decides", || is_decided_by_the_server(&limiter)).await;
    for _ in 0..2 {
        server.kill();
        let mut local = 0;
        for _ in 0..10 {
            let decision = soon(limiter.decide(ADA, 1)).await;
            assert_eq!(decision.by, DecidedBy::Local);
            local += u32::from(decision.outcome.is_ok());
        }
        assert_eq!(local, 10);
        server.restart();
        until("the server decides again", || {
            is_decided_by_the_server(&limiter)
        })
        .await;
    }
    // What was counted here did not count there.
    let patient = with(config(Algorithm::SlidingWindow, 100), backend(&server));
    assert_eq!(admitted(&patient, "ada", 200).await, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_kills_and_pauses_no_call_hangs_and_the_server_admits_no_more_than_the_limit() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let backend = short(&server).on_unavailable(OnUnavailable::Closed);
    let limiter = with(config(Algorithm::FixedWindow, 100), backend);
    for round in 0..3 {
        let call = |_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..20 {
                    admitted += u32::from(limiter.decide(ADA, 1).await.outcome.is_ok());
                }
                admitted
            })
        };
        let calls: Vec<_> = (0..10).map(call).collect();
        if round == 1 {
            server.pause();
            server.resume();
        } else {
            server.kill();
        }
        let mut admitted = 0;
        for call in calls {
            admitted += soon(call).await.expect("it ends");
        }
        assert!(admitted <= 100, "{admitted}");
        server.restart();
        until("the server decides again", || {
            is_decided_by_the_server(&limiter)
        })
        .await;
    }
}
