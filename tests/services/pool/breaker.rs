//! Pools that go through a circuit breaker.

use mainstay_actors::CircuitBreakerRegistry;
use mainstay_actors::breaker::{CircuitBreaker, CircuitState};
use mainstay_actors::pool::{ConnectionSpec, PoolError, RegisterPoolError};
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen};
use tokio::time::Instant;

use super::support::{
    Bed, Driver, Fate, Pool, advance, counts, millis, name, plain, seconds, settle,
};

/// A breaker that opens on the second failure, for thirty seconds.
fn breaker(bed: &Bed) -> CircuitBreaker {
    let config = CircuitConfig::default().failure_threshold(2);
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    let made = breakers.register_circuit(name("server"), config);
    made.expect("there is none yet")
}

async fn pool(bed: &Bed, max: u32) -> Pool {
    let config = plain(max).breaker(name("server")).max_retries(100);
    bed.pool(config.checkout_timeout(seconds(60))).await
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_open_the_breaker_and_who_waits_is_refused_at_once_with_when_to_come_back()
{
    let bed = Bed::new().await;
    let breaker = breaker(&bed);
    bed.server.all_connects(Fate::Fails);
    let pool = pool(&bed, 2).await;
    let begun = Instant::now();
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(begun.elapsed(), millis(50), "the second attempt opens it");
    assert_eq!(breaker.state(), CircuitState::Open);
    let PoolError::Unavailable { retry_after, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(retry_after, Some(seconds(30)));
    assert_eq!(
        error.to_string(),
        "the pool db makes no connections for now, come back in 30s"
    );
    advance(seconds(10)).await;
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(seconds(20)));
    assert_eq!(bed.server.attempts(), 2, "none is made meanwhile");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn when_its_time_is_up_the_next_attempt_that_is_needed_is_the_probe() {
    let bed = Bed::new().await;
    let breaker = breaker(&bed);
    bed.server
        .connects(&[Fate::Fails, Fate::Fails, Fate::Takes(100)]);
    let pool = pool(&bed, 2).await;
    assert!(pool.checkout().await.is_err());
    advance(seconds(30)).await;
    assert_eq!(bed.server.attempts(), 2, "nobody needs one");
    let begun = Instant::now();
    let lease = pool.checkout().await.expect("it works again");
    assert_eq!(begun.elapsed(), millis(100));
    assert_eq!(breaker.state(), CircuitState::Closed);
    drop(lease);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_least_number_is_made_again_by_itself_once_the_breaker_lets_it() {
    let bed = Bed::new().await;
    let breaker = breaker(&bed);
    bed.server.connects(&[Fate::Fails, Fate::Fails]);
    let config = plain(4).min_size(3).breaker(name("server"));
    let pool = bed.pool(config).await;
    advance(millis(100)).await;
    assert_eq!(breaker.state(), CircuitState::Open);
    advance(seconds(29)).await;
    assert_eq!(counts(&pool)[0], 0);
    advance(seconds(1)).await;
    advance(millis(10)).await;
    assert_eq!(counts(&pool)[0], 3);
    assert_eq!(breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn while_it_is_half_open_no_more_attempts_are_made_than_it_lets_through() {
    let bed = Bed::new().await;
    let config = CircuitConfig::default().failure_threshold(1);
    let config = config.half_open(HalfOpen::new(1, 1));
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    let breaker = breakers.register_circuit(name("server"), config);
    let breaker = breaker.expect("there is none yet");
    bed.server.connects(&[Fate::Fails, Fate::Takes(500)]);
    let pool = pool(&bed, 4).await;
    assert!(pool.checkout().await.is_err());
    advance(seconds(30)).await;
    let waiting = |pool: &Pool| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.checkout().await.map(|lease| (lease.number, lease)) })
    };
    let (first, second) = (waiting(&pool), waiting(&pool));
    advance(millis(400)).await;
    assert_eq!(bed.server.attempts(), 2, "one of them is the probe");
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    advance(millis(100)).await;
    let (first, second) = (first.await, second.await);
    let (first, second) = (first.expect("no panic"), second.expect("no panic"));
    assert_eq!(first.expect("it is served").0, 1);
    assert_eq!(second.expect("it is served").0, 2);
    assert_eq!(
        pool.stats().totals.failed,
        1,
        "what it would not have counts for nothing"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_lent_while_the_breaker_is_open() {
    let bed = Bed::new().await;
    let breaker = breaker(&bed);
    let pool = pool(&bed, 2).await;
    let lease = pool.checkout().await.expect("it is closed");
    breaker.force_open();
    settle().await;
    // One is lent, and will come back: it is waited for.
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await.map(|lease| lease.number) }
    });
    settle().await;
    drop(lease);
    assert_eq!(waiting.await.expect("no panic").expect("it is served"), 1);
    let lease = pool.checkout().await.expect("it is idle");
    assert_eq!(lease.number, 1);
    lease.discard();
    settle().await;
    let error = pool.checkout().await.unwrap_err();
    assert!(matches!(error, PoolError::Unavailable { .. }), "{error}");
    assert_eq!(bed.server.attempts(), 1);
    breaker.reset();
    settle().await;
    drop(pool.checkout().await.expect("it is closed again"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_successor_of_the_keeper_heeds_what_the_breaker_did_meanwhile() {
    let bed = Bed::new().await;
    let breaker = breaker(&bed);
    let pool = pool(&bed, 2).await;
    breaker.force_open();
    bed.crash("keeper").await;
    assert!(pool.checkout().await.is_err());
    let keeper = bed.part("keeper").await;
    keeper.kill();
    breaker.reset();
    keeper.ended().await;
    settle().await;
    drop(pool.checkout().await.expect("it is closed"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_not_there_is_refused_and_one_that_is_named_later_is_looked_for() {
    let bed = Bed::new().await;
    let config = plain(1).breaker(name("server"));
    let spec = ConnectionSpec::new(Driver(bed.server.clone()), "first");
    let refused = bed
        .pools
        .register_pool(name("db"), config.clone(), spec)
        .await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, RegisterPoolError::NoBreaker { .. }),
        "{refused}"
    );
    assert_eq!(
        refused.to_string(),
        "the connection pool db is to go through the circuit breaker server, which is not there"
    );
    assert!(bed.pools.names().is_empty());

    let pool = bed.pool(plain(1)).await;
    pool.reconfigure(config.max_retries(0))
        .expect("it is valid");
    let error = pool.checkout().await.unwrap_err();
    let PoolError::Connect { error, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(error.to_string(), "there is no circuit breaker server");
    assert_eq!(bed.server.attempts(), 0, "no attempt without protection");
    let breaker = breaker(&bed);
    advance(seconds(1)).await;
    drop(pool.checkout().await.expect("it is there now"));
    breaker.force_open();
    settle().await;
    pool.evict_idle();
    settle().await;
    let error = pool.checkout().await.unwrap_err();
    assert!(matches!(error, PoolError::Unavailable { .. }), "{error}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_was_registered_anew_takes_the_place_of_the_one_before() {
    let bed = Bed::new().await;
    let old = breaker(&bed);
    let pool = pool(&bed, 1).await;
    drop(pool.checkout().await.expect("there is room"));
    let breakers = CircuitBreakerRegistry::of(&bed.namespace);
    drop(breakers.unregister("server"));
    let new = breaker(&bed);
    pool.checkout().await.expect("there is one").discard();
    settle().await;
    old.force_open();
    settle().await;
    drop(pool.checkout().await.expect("the old one is not asked"));
    pool.checkout().await.expect("there is one").discard();
    settle().await;
    new.force_open();
    settle().await;
    let error = pool.checkout().await.unwrap_err();
    assert!(matches!(error, PoolError::Unavailable { .. }), "{error}");
    new.force_closed();
    settle().await;
    drop(pool.checkout().await.expect("it lets attempts through"));
    bed.end().await;
}
