//! Limits that machines share, against a real server. These tests run in real time, as sockets do: no test hangs on how long anything
//! takes, but for bounds that only what hangs would reach.
//!
//! | file | holds |
//! |---|---|
//! | `counts.rs`, `processes.rs` | exact counts: many tasks, two runtimes, two processes |
//! | `keys.rs` | what is in the server: hashes, with an end |
//! | `scripts.rs` | a server that forgets scripts, or everything |
//! | `taking.rs` | costs, refunds, looking, coming back when told |
//! | `several.rs` | several limits as one |
//! | `outage.rs`, `recovery.rs` | a server that is slow, gone, unwilling, and back again |
//! | `waiting.rs` | those who wait for their turn |
//! | `registry.rs` | limits of a namespace, from a file |
//! | `anywhere.rs` | registry, macro, service, layer and telemetry, whatever the backend is |

mod anywhere;
mod counts;
mod keys;
mod outage;
mod processes;
mod recovery;
mod registry;
mod scripts;
#[path = "../../../../actors/src/limiter/redis/server.rs"]
mod server;
mod several;
mod taking;
mod waiting;

use std::future::Future;
use std::time::Duration;

use mainstay_actors::limiter::{DecidedBy, Decision, RateKey, RedisLimiter, RedisStats};
use mainstay_supervisors::specs::{
    Algorithm, Backend, OnUnavailable, RateLimitConfig, RedisBackend, WindowStart,
};

use super::support::name;
use server::Server;

const SECRET: &str = "a secret that the machines share";

/// Only what hangs takes so long.
const FOR_EVER: Duration = Duration::from_secs(60);

/// So long that nothing comes back while a test runs.
const DAYS: Duration = Duration::from_secs(300 * 24 * 60 * 60);

/// A backend that waits for long, as the machine has other things to do.
fn backend(server: &Server) -> RedisBackend {
    RedisBackend::new(server.url(), SECRET)
        .time_limit(Duration::from_secs(10))
        .on_unavailable(OnUnavailable::Closed)
}

fn config(algorithm: Algorithm, limit: u32) -> RateLimitConfig {
    RateLimitConfig::new(algorithm, limit, DAYS).window_start(WindowStart::FirstUse)
}

fn with(config: RateLimitConfig, backend: RedisBackend) -> RedisLimiter {
    let config = config.backend(Backend::redis(backend));
    RedisLimiter::new(name("api"), config).expect("it is valid")
}

fn limiter(server: &Server, algorithm: Algorithm, limit: u32) -> RedisLimiter {
    with(config(algorithm, limit), backend(server))
}

/// How many calls that cost 1 the server lets through, of so many at the same time.
async fn admitted(limiter: &RedisLimiter, key: &'static str, calls: u32) -> u32 {
    let call = |_| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.decide(RateKey::user(key), 1).await })
    };
    let calls: Vec<_> = (0..calls).map(call).collect();
    let mut count = 0;
    for call in calls {
        let Decision {
            by, outcome, why, ..
        } = call.await.expect("it ends");
        assert_eq!(by, DecidedBy::Server, "{why:?}");
        count += u32::from(outcome.is_ok());
    }
    count
}

/// The connection of a limiter.
fn redis(limiter: &RedisLimiter) -> RedisStats {
    limiter.stats().redis.expect("it has one")
}

/// What a key has left.
async fn remaining(limiter: &RedisLimiter, key: &str) -> u32 {
    let status = limiter.status(RateKey::user(key)).await;
    status
        .expect("it answers")
        .expect("there is a key")
        .remaining
}

/// Waits until something is so, which it will be unless something hangs.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let tries = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(FOR_EVER, tries).await;
    assert!(found.is_ok(), "it never came that {what}");
}

/// What a future comes to, which must not hang.
async fn soon<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(FOR_EVER, future).await;
    done.expect("no call hangs")
}
