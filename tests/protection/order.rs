//! Which guard comes first, and what the others are told then.

use mainstay::testkit::MockConnections;
use std::time::Duration;

use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, ProtectionError};
use tokio::time::Instant;

use crate::support::{Bed, NoDisk, all, fails, name, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");

#[tokio::test(start_paused = true)]
async fn of_all_that_would_refuse_the_first_one_does_and_the_others_are_not_asked() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    for _ in 0..3 {
        assert_eq!(
            orders.key(ADA).run(works).await.expect("3 a minute"),
            "an order"
        );
    }
    bed.breaker.force_open();
    // All of them would refuse it.
    let past = Instant::now();
    let refused = orders.key(ADA).by(past).run(works).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the time for orders was up before it was begun, at the guard `deadline`"
    );
    // The breaker and the limiter would.
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    assert_eq!(refused.to_string(), "the circuit db is forced_open");
    // The limiter would.
    bed.breaker.force_closed();
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(20)));

    let counts = bed.counts();
    assert_eq!(
        (counts.late, counts.circuit_open, counts.rate_limited),
        (1, 1, 1)
    );
    assert_eq!(
        (counts.begun, counts.successes, counts.running()),
        (3, 3, 0)
    );
    assert_eq!(bed.limiter.stats().refused, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn refusals_are_no_failures_of_what_is_behind_the_breaker() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    for _ in 0..3 {
        orders.key(ADA).run(works).await.expect("3 a minute");
    }
    for _ in 0..10 {
        let refused = orders.key(ADA).run(fails).await.unwrap_err();
        assert_eq!(refused.guard(), Some(Guard::RateLimit));
    }
    let totals = bed.breaker.stats().totals;
    assert_eq!((totals.successes, totals.failures), (3, 0));
    assert_eq!(totals.ignored, 10);
    bed.breaker.check_state().expect("it is closed");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_connection_gets_the_tokens_back() {
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    let lease = bed.pool.checkout().await.expect("the only one");
    let before = Instant::now();
    let call = orders
        .key(ADA)
        .leasing::<MockConnections>()
        .expect("it has a pool");
    let refused = call.run(async |_| works().await).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Pool));
    let ProtectionError::NoConnection(why) = &refused else {
        panic!("{refused}");
    };
    assert!(
        why.to_string().starts_with(
            "no connection of the pool db within 2s, waiting for others to give one back: 1 of 1 leased"
        ),
        "{why}"
    );
    // The time for all of it, not the patience of the pool.
    assert_eq!(before.elapsed(), Duration::from_secs(2));
    assert_eq!(bed.tokens_left("ada"), 3);
    assert_eq!(bed.breaker.stats().totals.failures, 0);
    drop(lease);

    let call = orders
        .key(ADA)
        .leasing::<MockConnections>()
        .expect("it has a pool");
    let label = call.run(async |conn: &mut mainstay::testkit::MockConnection| {
        Ok::<_, NoDisk>(conn.label().to_owned())
    });
    label.await.expect("one is free");
    assert_eq!(bed.tokens_left("ada"), 2);
    assert_eq!(bed.pool.stats().idle, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_not_there_is_no_protection() {
    let bed = Bed::new(without_pool().circuit(name("bd"))).await;
    let orders = bed.orders();
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "orders is to go through `circuit` bd, and there is none of this name"
    );
    assert_eq!(refused.guard(), Some(Guard::Circuit));
    let missing = orders.check().unwrap_err();
    assert_eq!(missing.guard(), Some(Guard::Circuit));

    let config =
        without_pool().rate_limit(mainstay_supervisors::specs::RateDemand::new(name("ipa")));
    orders.reconfigure(&config).expect("it is valid");
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "orders is to go through `rate_limit` ipa, and there is none of this name"
    );
    assert_eq!(bed.breaker.stats().totals.ignored, 1);
    assert_eq!(bed.counts().begun, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_to_take_a_connection_meanwhile_is_not_run_without() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let call = orders.key(ADA).run(works);
    orders.reconfigure(&all()).expect("it is valid");
    let refused = call.await.unwrap_err();
    assert!(
        matches!(refused, ProtectionError::Unleased { .. }),
        "{refused}"
    );
    assert_eq!(bed.counts().no_connection, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_takes_a_connection_is_not_run_without() {
    let bed = Bed::new(all()).await;
    let refused = bed.orders().key(ADA).run(works).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "orders takes a connection of the pool db, and was run as one that takes none"
    );
    let counts = bed.counts();
    assert_eq!((counts.no_connection, counts.begun, counts.left), (1, 0, 0));
    let without = bed.orders();
    without.reconfigure(&without_pool()).expect("it is valid");
    let refused = without.call().leasing::<MockConnections>();
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there is no connection pool orders"
    );
    // One that the call gives will do.
    let call = without.key(ADA).leasing_of(&bed.pool);
    call.run(async |_| works().await)
        .await
        .expect("one is free");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_costs_more_takes_more_and_without_a_key_it_is_as_the_limiter_says() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    orders
        .key(ADA)
        .cost(2)
        .run(works)
        .await
        .expect("3 a minute");
    assert_eq!(bed.tokens_left("ada"), 1);
    let refused = orders.key(ADA).cost(2).run(works).await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(20)));
    orders
        .key(ADA)
        .cost(0)
        .run(works)
        .await
        .expect("nothing is taken");
    assert_eq!(bed.tokens_left("ada"), 1);
    let refused = orders.run(works).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the rate limit api lets nobody through without a key"
    );
    bed.end().await;
}
