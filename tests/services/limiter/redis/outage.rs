//! A server that is slow, gone or unwilling.

use std::net::TcpListener;
use std::time::Duration;

use mainstay_actors::limiter::{DecidedBy, RateKey, RateLimitError, RedisLimiter, Unavailable};
use mainstay_supervisors::specs::{Algorithm, OnUnavailable, RedisBackend};

use super::super::support::ALGORITHMS;
use super::server::Server;
use super::{SECRET, admitted, backend, config, redis, soon, with};

const ADA: Option<RateKey<'static>> = Some(RateKey::user("ada"));

const MINUTES: Duration = Duration::from_secs(600);

/// Nobody listens where this says that somebody does.
fn nobody(what: OnUnavailable) -> RedisBackend {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("redis://{}/", listener.local_addr().expect("an address"));
    RedisBackend::new(url, SECRET)
        .time_limit(Duration::from_secs(10))
        .pauses(MINUTES, MINUTES)
        .on_unavailable(what)
}

async fn outcomes(limiter: &RedisLimiter, calls: usize) -> Vec<(DecidedBy, bool)> {
    let mut all = Vec::new();
    for _ in 0..calls {
        let decision = soon(limiter.decide(ADA, 1)).await;
        assert!(decision.why.is_some());
        all.push((decision.by, decision.outcome.is_ok()));
    }
    all
}

#[tokio::test]
async fn calls_are_let_through_refused_or_counted_here_as_was_said() {
    for algorithm in ALGORITHMS {
        let of = |what| with(config(algorithm, 8), nobody(what));
        let open = of(OnUnavailable::Open);
        assert_eq!(outcomes(&open, 9).await, [(DecidedBy::Open, true); 9]);
        assert_eq!((open.stats().admitted, open.stats().undecided), (9, 9));
        let closed = of(OnUnavailable::Closed);
        assert_eq!(outcomes(&closed, 9).await, [(DecidedBy::Closed, false); 9]);
        assert_eq!((closed.stats().refused, closed.stats().undecided), (9, 9));
        let local = of(OnUnavailable::Local { one_of: 3 });
        let decided = outcomes(&local, 9).await;
        let by = DecidedBy::Local;
        assert_eq!(decided[..2], [(by, true); 2], "a third of eight");
        assert_eq!(decided[2..], [(by, false); 7], "{algorithm:?}");
        let told = soon(local.check(ADA, 1)).await.expect_err("it is used up");
        let RateLimitError::Exceeded(told) = told else {
            panic!("{told}")
        };
        assert_eq!(told.limit, 2);
        let status = local.status(ADA).await.expect("it is counted here");
        assert_eq!(status.expect("there is a key").limit, 2);
        let dear = soon(local.check(ADA, 8))
            .await
            .expect_err("more than a third");
        assert!(matches!(dear, RateLimitError::Unavailable { .. }), "{dear}");
    }
}

#[tokio::test]
async fn after_some_calls_without_an_answer_no_more_are_sent_for_a_while() {
    let limiter = with(config(ALGORITHMS[0], 5), nobody(OnUnavailable::Closed));
    for sent in 1..=3 {
        let told = soon(limiter.check(ADA, 1))
            .await
            .expect_err("nobody is there");
        let RateLimitError::Unavailable { reason, .. } = &told else {
            panic!("{told}")
        };
        assert!(matches!(reason, Unavailable::Failed { .. }), "{told}");
        assert_eq!(redis(&limiter).failed, sent);
    }
    for withheld in 1..=5 {
        let told = limiter.check(ADA, 1).await.expect_err("a pause");
        let RateLimitError::Unavailable {
            reason: Unavailable::Paused { retry_in },
            ..
        } = &told
        else {
            panic!("{told}")
        };
        assert_eq!(told.retry_after(), Some(*retry_in));
        assert!(*retry_in <= MINUTES);
        let link = redis(&limiter);
        assert_eq!((link.failed, link.withheld), (3, withheld));
        assert_eq!((link.is_up, link.outages), (false, 1));
        assert!(link.last_failure.is_some());
    }
    assert!(limiter.reset(ADA).await.is_err());
    assert!(limiter.status(ADA).await.is_err());
}

#[tokio::test]
async fn no_call_hangs_on_a_server_that_takes_calls_and_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("redis://{}/", listener.local_addr().expect("an address"));
    let backend = RedisBackend::new(url, SECRET)
        .time_limit(Duration::from_millis(50))
        .pauses(MINUTES, MINUTES)
        .on_unavailable(OnUnavailable::Closed);
    let limiter = with(config(ALGORITHMS[0], 5), backend);
    for _ in 0..20 {
        let decision = soon(limiter.decide(ADA, 1)).await;
        assert_eq!(decision.by, DecidedBy::Closed);
    }
    let link = redis(&limiter);
    assert_eq!((link.failed, link.withheld, link.in_flight), (3, 17, 0));
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_calls_are_under_way_than_may_be() {
    let Some(server) = Server::start() else {
        return;
    };
    let backend = backend(&server).in_flight_max(4);
    let limiter = with(config(Algorithm::TokenBucket, 100), backend);
    assert_eq!(admitted(&limiter, "ada", 1).await, 1);
    server.pause();
    let call = |_| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.decide(ADA, 1).await })
    };
    let calls: Vec<_> = (0..10).map(call).collect();
    super::until("six are withheld", || async {
        redis(&limiter).withheld == 6
    })
    .await;
    assert_eq!(redis(&limiter).in_flight, 4);
    server.resume();
    let mut by = Vec::new();
    for call in calls {
        let decision = soon(call).await.expect("it ends");
        if let Some(why) = decision.why {
            assert_eq!(why, Unavailable::Busy { max: 4 });
        }
        by.push(decision.by);
    }
    let served = by.iter().filter(|by| **by == DecidedBy::Server).count();
    assert_eq!(served, 4);
    assert!(redis(&limiter).is_up, "that is no fault of the server");
}

#[tokio::test]
async fn a_server_that_refuses_counts_as_one_that_does_not_answer_and_says_why() {
    let Some(server) = Server::start() else {
        return;
    };
    let make = || {
        with(
            config(ALGORITHMS[0], 5),
            backend(&server).pauses(MINUTES, MINUTES),
        )
    };
    let full = make();
    assert_eq!(admitted(&full, "ada", 1).await, 1);
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let told = soon(full.check(ADA, 1))
        .await
        .expect_err("it is full")
        .to_string();
    assert!(told.contains("maxmemory"), "{told}");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(admitted(&full, "ada", 9).await, 4, "nothing was taken");
    server.ask(&["CONFIG", "SET", "requirepass", "sesame"]);
    let told = soon(make().check(ADA, 1))
        .await
        .expect_err("it wants a password");
    let told = told.to_string();
    assert!(told.contains("Authentication required"), "{told}");
    assert!(!told.contains("sesame"), "{told}");
}

#[test]
fn outside_of_a_runtime_it_is_said_and_decided_without_the_server() {
    let limiter = with(
        config(ALGORITHMS[0], 5),
        nobody(OnUnavailable::Local { one_of: 1 }),
    );
    let waker = std::task::Waker::noop();
    let mut call = Box::pin(limiter.decide(ADA, 1));
    let polled = call
        .as_mut()
        .poll(&mut std::task::Context::from_waker(waker));
    let std::task::Poll::Ready(decision) = polled else {
        panic!("there is nothing to wait for")
    };
    assert_eq!(decision.by, DecidedBy::Local);
    assert_eq!(decision.why, Some(Unavailable::NoRuntime));
    assert!(decision.outcome.is_ok());
}

/// How many connections the server has had.
fn connections(server: &Server) -> u32 {
    let told = server.ask(&["INFO", "stats"]);
    let number = told
        .split_once("total_connections_received:")
        .expect("it is told")
        .1;
    let number = number.split("\r\n").next().expect("a line");
    number.parse().expect("a number")
}

#[tokio::test]
async fn a_server_that_answers_with_errors_is_not_connected_to_for_each_of_them() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = with(
        config(ALGORITHMS[0], 5),
        backend(&server).failures_max(1000),
    );
    assert_eq!(admitted(&limiter, "ada", 1).await, 1);
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let before = connections(&server);
    for _ in 0..20 {
        let told = soon(limiter.check(ADA, 1)).await.expect_err("it is full");
        assert!(matches!(told, RateLimitError::Unavailable { .. }), "{told}");
    }
    // That which asks how many there are.
    assert_eq!(connections(&server) - before, 1);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(admitted(&limiter, "ada", 9).await, 4);
}

#[tokio::test]
async fn one_that_only_looks_on_refuses_nobody_whatever_is_wrong_with_the_server() {
    for what in [OnUnavailable::Closed, OnUnavailable::Local { one_of: 8 }] {
        let limiter = with(config(ALGORITHMS[0], 8).shadow(true), nobody(what));
        for (_, is_ok) in outcomes(&limiter, 5).await {
            assert!(is_ok, "{what:?}");
        }
        // More than the part of this machine.
        assert!(soon(limiter.check(ADA, 8)).await.is_ok(), "{what:?}");
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.refused), (6, 0), "{what:?}");
        let shadowed = if what == OnUnavailable::Closed { 6 } else { 5 };
        assert_eq!(stats.shadowed, shadowed, "{what:?}");
    }
}

#[tokio::test]
async fn what_is_reserved_of_the_part_that_counts_here_goes_back_to_it() {
    let limiter = with(
        config(ALGORITHMS[0], 8),
        nobody(OnUnavailable::Local { one_of: 2 }),
    );
    for _ in 0..5 {
        let reserved = soon(limiter.reserve(ADA, 4)).await.expect("four are left");
        assert_eq!(reserved.admission().remaining(), Some(0));
        drop(reserved);
    }
    soon(limiter.reserve(ADA, 4))
        .await
        .expect("all went back")
        .spend(3);
    assert!(soon(limiter.check(ADA, 1)).await.is_ok());
    assert!(soon(limiter.check(ADA, 1)).await.is_err());
}
