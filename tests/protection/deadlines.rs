//! The time for all of it.

use mainstay::testkit::MockConnections;
use std::future::pending;
use std::time::Duration;

use mainstay_actors::breaker::Outcome;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, Protection};
use tokio::time::{Instant, sleep};

use crate::support::{Bed, NoDisk, all, name, settle, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");

#[tokio::test(start_paused = true)]
async fn an_operation_that_takes_too_long_is_dropped_at_its_deadline_to_the_nanosecond() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let before = Instant::now();
    let hangs = || pending::<Result<(), NoDisk>>();
    let late = orders.key(ADA).run(hangs).await.unwrap_err();
    assert_eq!(late.to_string(), "orders was not done in its time, 2s");
    assert_eq!(before.elapsed(), Duration::from_secs(2));
    assert_eq!((late.guard(), late.was_begun()), (None, true));
    assert_eq!(late.outcome(), Outcome::TimedOut);
    // It was made, so it has cost something, and the breaker knows.
    assert_eq!(bed.tokens_left("ada"), 2);
    assert_eq!(bed.breaker.stats().totals.timed_out, 1);
    assert_eq!(bed.counts().timeouts, 1);

    let in_time = || async {
        sleep(Duration::from_millis(1999)).await;
        Ok::<_, NoDisk>(())
    };
    orders.key(ADA).run(in_time).await.expect("it is in time");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_sooner_of_two_deadlines_counts() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    for (millis, expected) in [(500, 500), (5_000, 2_000)] {
        let before = Instant::now();
        let by = before + Duration::from_millis(millis);
        let hangs = || pending::<Result<(), NoDisk>>();
        let late = orders.key(ADA).by(by).run(hangs).await.unwrap_err();
        assert!(late.was_begun());
        assert_eq!(before.elapsed(), Duration::from_millis(expected));
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_waiting_for_a_connection_takes_is_taken_from_the_operation() {
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    let lease = bed.pool.checkout().await.expect("the only one");
    let giving_back = async {
        sleep(Duration::from_millis(1500)).await;
        drop(lease);
    };
    let before = Instant::now();
    let call = orders
        .key(ADA)
        .leasing::<MockConnections>()
        .expect("it has a pool");
    let running = call.run(async |_: &mut mainstay::testkit::MockConnection| {
        assert_eq!(before.elapsed(), Duration::from_millis(1500));
        pending::<Result<(), NoDisk>>().await
    });
    let (late, ()) = tokio::join!(running, giving_back);
    assert!(late.unwrap_err().was_begun());
    assert_eq!(before.elapsed(), Duration::from_secs(2));
    // It was cut off in the midst of using the connection.
    settle().await;
    let counts = bed.mock.counts();
    assert_eq!((counts.reset.begun, counts.open), (0, 0), "{counts:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_a_deadline_takes_as_long_as_it_takes() {
    let forever = Protection::new(name("forever"));
    let slow = || async {
        sleep(Duration::from_secs(3600 * 24 * 365)).await;
        works().await
    };
    assert_eq!(forever.run(slow).await.expect("it works"), "an order");
    let none = forever.deadline(Duration::ZERO);
    let late = none.run(works).await.unwrap_err();
    assert_eq!(late.guard(), Some(Guard::Deadline));
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_breaker_gives_a_call_holds_where_the_deadline_leaves_more() {
    let mut config = without_pool();
    config.deadline = None;
    let bed = Bed::new(config).await;
    let orders = bed.orders();
    let limit = bed.breaker.config().call_timeout.expect("it has one");
    let before = Instant::now();
    let hangs = || pending::<Result<(), NoDisk>>();
    let late = orders.key(ADA).run(hangs).await.unwrap_err();
    assert!(late.was_begun());
    assert_eq!(before.elapsed(), limit);
    assert_eq!(bed.breaker.stats().totals.timed_out, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_beyond_all_time_is_none() {
    let forever = Protection::new(name("forever")).deadline(Duration::MAX);
    assert_eq!(forever.run(works).await.expect("it works"), "an order");
}
