//! A half-open circuit: what becomes of the probe's permit if another guard refuses it.

use std::time::Duration;

use mainstay::testkit::{MockConnection, MockConnections};
use mainstay_actors::breaker::CircuitState;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::Guard;
use tokio::time::advance;

use super::support::{Bed, NoDisk, all, fails, poll_times, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");
const EVE: RateKey<'static> = RateKey::user("eve");

/// Two failures, and the time after which one may try.
async fn until_half_open(bed: &Bed) {
    bed.breaker.force_closed();
    bed.breaker.reset();
    for _ in 0..2 {
        let failed = bed.breaker.execute(fails).await;
        assert!(failed.is_err());
    }
    assert_eq!(bed.breaker.state(), CircuitState::Open);
    advance(bed.breaker.config().reset_timeout).await;
}

/// The next call is let through as the probe, and closes the circuit.
async fn closes(bed: &Bed) {
    let orders = bed.orders();
    let config = orders.stats().config;
    let works = match config.pool {
        None => orders.key(EVE).run(works).await.map(drop),
        Some(_) => {
            let call = orders.key(EVE).leasing::<MockConnections>();
            let run = call.expect("it has a pool").run(lends);
            run.await
        }
    };
    works.expect("the permit is free");
    assert_eq!(bed.breaker.state(), CircuitState::Closed);
}

async fn lends(_: &mut MockConnection) -> Result<(), NoDisk> {
    works().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_the_limiter_refuses_gives_its_permit_to_the_next() {
    let bed = Bed::new(without_pool()).await;
    for _ in 0..3 {
        bed.orders().key(ADA).run(works).await.expect("3 a minute");
    }
    until_half_open(&bed).await;
    let failures = bed.breaker.stats().totals.failures;
    // More than there are probes.
    for _ in 0..5 {
        let refused = bed.orders().key(ADA).cost(3).run(works).await.unwrap_err();
        assert_eq!(refused.guard(), Some(Guard::RateLimit));
        assert_eq!(bed.breaker.state(), CircuitState::HalfOpen);
    }
    assert_eq!(bed.breaker.stats().totals.failures, failures);
    closes(&bed).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_gets_no_connection_or_gives_up_gives_its_permit_to_the_next() {
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    let call = || {
        orders
            .key(ADA)
            .leasing::<MockConnections>()
            .expect("it has a pool")
    };
    for gives_up in [false, true] {
        until_half_open(&bed).await;
        let lease = bed.pool.checkout().await.expect("the only one");
        for _ in 0..5 {
            if gives_up {
                assert!(!poll_times(call().run(lends), 1));
            } else {
                let by = tokio::time::Instant::now() + Duration::from_millis(10);
                let refused = call().by(by).run(lends).await.unwrap_err();
                assert_eq!(refused.guard(), Some(Guard::Pool));
            }
            assert_eq!(bed.breaker.state(), CircuitState::HalfOpen);
            assert_eq!(bed.tokens_left("ada"), 3);
        }
        drop(lease);
        closes(&bed).await;
    }
    bed.end().await;
}
