//! Asking ahead: a call that is sure to be refused is, before anything is done for it; of one that is not, nothing is taken.

use mainstay_actors::breaker::CircuitState;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, ProtectionCounts};
use mainstay_supervisors::specs::{MemoryDemand, OperationClass, RateDemand};
use tokio::time::{Instant, advance};

use super::support::{Bed, fails, name, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");
const EVE: RateKey<'static> = RateKey::user("eve");

#[tokio::test(start_paused = true)]
async fn of_a_call_that_may_be_made_nothing_is_taken_and_nothing_is_counted() {
    let demand = MemoryDemand::new(OperationClass::Write);
    let bed = Bed::new(without_pool().memory(demand)).await;
    let orders = bed.orders();
    for _ in 0..10 {
        orders.key(ADA).ask_ahead().expect("it may be made");
    }
    assert_eq!(bed.tokens_left("ada"), 3);
    assert_eq!(bed.counts(), ProtectionCounts::default());
    for _ in 0..3 {
        orders.key(ADA).run(works).await.expect("3 a minute");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_used_up_refuses_whoever_used_it_and_counts_that_once() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let dear = orders.key(ADA).cost(3);
    dear.ask_ahead().expect("there are 3");
    orders.key(ADA).run(works).await.expect("there are 3");
    let refused = orders.key(ADA).cost(3).ask_ahead().unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    let run = orders.key(ADA).cost(3).run(works).await.unwrap_err();
    assert_eq!(refused.to_string(), run.to_string());
    orders.key(EVE).ask_ahead().expect("it is another");
    assert_eq!(bed.counts().rate_limited, 2);
    assert_eq!(bed.limiter.stats().refused, 2);
    assert_eq!(bed.tokens_left("ada"), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_refuses_and_one_that_may_be_tried_is_left_to_the_call() {
    let bed = Bed::new(without_pool()).await;
    for _ in 0..2 {
        bed.breaker.execute(fails).await.unwrap_err();
    }
    let orders = bed.orders();
    let refused = orders.key(ADA).ask_ahead().unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Circuit));
    assert_eq!(
        refused.retry_after(),
        Some(bed.breaker.config().reset_timeout)
    );
    assert_eq!(bed.counts().circuit_open, 1);
    assert_eq!(bed.breaker.stats().rejected, 1);
    advance(bed.breaker.config().reset_timeout).await;
    for _ in 0..5 {
        orders.key(ADA).ask_ahead().expect("somebody may try");
    }
    orders.key(ADA).run(works).await.expect("it is the probe");
    assert_eq!(bed.breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whose_time_is_up_is_refused_before_anything_is_asked() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let now = Instant::now();
    let refused = orders.key(ADA).by(now).ask_ahead().unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Deadline));
    let run = orders.key(ADA).by(now).run(works).await.unwrap_err();
    assert_eq!(refused.to_string(), run.to_string());
    assert_eq!(bed.counts().late, 2);
    assert_eq!(bed.tokens_left("ada"), 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_not_there_is_named() {
    for config in [
        without_pool().rate_limit(RateDemand::new(name("gone"))),
        without_pool().circuit(name("gone")),
    ] {
        let bed = Bed::new(config).await;
        let refused = bed.orders().key(ADA).ask_ahead().unwrap_err();
        assert!(refused.to_string().contains("gone"), "{refused}");
        let run = bed.orders().key(ADA).run(works).await.unwrap_err();
        assert_eq!(refused.to_string(), run.to_string());
        bed.end().await;
    }
}
