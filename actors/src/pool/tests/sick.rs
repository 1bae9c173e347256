//! Connections that do not work.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::pool::{CheckoutPhase, PoolError};

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_answer_is_never_lent_again() {
    let driven = Driven::filled(config(2).validate_after(Some(Duration::ZERO))).await;
    lock(&driven.mock().pings).push_back(Act::Hang);
    let began = Instant::now();
    let lease = driven.pool.checkout().await.expect("another one answers");
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    let other = driven.pool.checkout().await.expect("one is made");
    let closed = lock(&driven.mock().closed).clone();
    assert_eq!(closed.len(), 1);
    assert!(![*lease, *other].contains(&closed[0]));
}

#[tokio::test(start_paused = true)]
async fn what_was_idle_while_nothing_was_lent_is_pinged_before_it_is_used() {
    let driven = Driven::filled(config(1).validate_after(Some(Duration::from_secs(1)))).await;
    driven.pool.suspend();
    sleep(Duration::from_secs(3600)).await;
    lock(&driven.mock().pings).push_back(Act::Fail);
    let pool = driven.pool.clone();
    let waiting = tokio::spawn(async move { pool.checkout().await.map(|lease| *lease) });
    driven.settle().await;
    assert_eq!(driven.counts(), [1, 0, 0, 0, 1]);
    driven.pool.resume();
    assert_eq!(waiting.await.expect("it ended").expect("one is made"), 1);
    driven.settle().await;
    assert_eq!(*lock(&driven.mock().closed), [0]);
}

/// An error that asks how its pool stands when it goes.
#[derive(Debug)]
struct Nosy(std::sync::Weak<Cell<Mock>>, Arc<AtomicU32>);

impl std::fmt::Display for Nosy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nosy")
    }
}

impl std::error::Error for Nosy {}

impl Drop for Nosy {
    fn drop(&mut self) {
        if let Some(cell) = self.0.upgrade() {
            assert!(!cell.is_locked(), "the lock is held");
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_a_manager_go_without_the_lock() {
    let backoff = mainstay_specs::Backoff::new(Duration::from_nanos(1), Duration::from_nanos(1));
    let pool = undriven(config(1).min_size(1).backoff(backoff));
    let gone = Arc::new(AtomicU32::new(0));
    for _ in 0..3 {
        pool.cell().release_connects();
        let ticket = pool.cell().work().connects.pop().expect("it is needed");
        let error = Nosy(Arc::downgrade(pool.cell()), Arc::clone(&gone));
        ticket.failed(ConnectError::Failed(Arc::new(error)));
    }
    // The last one is still to be told of.
    assert_eq!(gone.load(Ordering::Relaxed), 2);
    pool.cell().release_connects();
    let ticket = pool.cell().work().connects.pop().expect("it is needed");
    ticket.connected(0);
    assert_eq!(gone.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ping_takes_no_longer_than_the_checkout_may() {
    let driven = Driven::filled(config(1).validate_after(Some(Duration::ZERO))).await;
    lock(&driven.mock().pings).push_back(Act::Hang);
    let began = Instant::now();
    let within = Duration::from_millis(300);
    let error = driven
        .pool
        .checkout_within(within)
        .await
        .expect_err("it hangs");
    assert_eq!(began.elapsed(), within);
    let phase = CheckoutPhase::Validate;
    assert!(
        matches!(error, PoolError::Timeout { phase: found, .. } if found == phase),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_in_haste_does_not_cost_a_connection_that_works() {
    let driven = Driven::filled(config(2).validate_after(Some(Duration::ZERO))).await;
    let ping = Act::Sleep(Duration::from_millis(50));
    lock(&driven.mock().pings).extend([ping; 2]);
    let begun = Instant::now();
    let haste = driven.pool.checkout_within(Duration::from_millis(10));
    let late = haste.await.expect_err("a ping takes longer");
    let phase = CheckoutPhase::Validate;
    assert!(
        matches!(late, PoolError::Timeout { phase: found, .. } if found == phase),
        "{late}"
    );
    assert_eq!(begun.elapsed(), Duration::from_millis(10));
    sleep(Duration::from_millis(50)).await;
    driven.settle().await;
    assert_eq!(driven.counts(), [2, 0, 0, 0, 0]);
    // With enough time for the ping that is made by then it gets what it has shown to work.
    lock(&driven.mock().pings).extend([ping; 2]);
    let lease = driven.pool.checkout_within(Duration::from_millis(60)).await;
    assert!([0, 1].contains(&*lease.expect("it is in time")));
    assert_eq!(driven.pool.stats().totals.opened, 2, "none was replaced");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_to_have_ended_is_not_lent_and_not_asked() {
    let driven = Driven::filled(config(3).max_retries(3)).await;
    lock(&driven.mock().ended).extend([0, 1]);
    lock(&driven.mock().odd).push(2);
    // All that were there have ended with their server, or cannot tell.
    let lease = driven.pool.checkout().await.expect("one is made");
    assert_eq!(*lease, 3);
    driven.settle().await;
    let mut closed = lock(&driven.mock().closed).clone();
    closed.sort_unstable();
    assert_eq!(closed, [0, 1, 2]);
    assert_eq!(*lock(&driven.mock().pinged), [0_u32; 0]);
    // Nor is it handed to one who waits.
    driven.pool.resize(0, 1).expect("it may be so small");
    let pool = driven.pool.clone();
    let waits = tokio::spawn(async move { pool.checkout().await.map(|lease| *lease) });
    driven.settle().await;
    lock(&driven.mock().ended).push(3);
    drop(lease);
    assert_eq!(waits.await.expect("it ended").expect("one is made"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_panics_is_a_bad_answer() {
    let driven = Driven::filled(config(1).validate_after(Some(Duration::ZERO))).await;
    lock(&driven.mock().pings).push_back(Act::Panic);
    assert_eq!(*driven.pool.checkout().await.expect("one is made"), 1);
}

#[tokio::test(start_paused = true)]
async fn after_so_many_bad_answers_all_others_are_made_anew() {
    let config = config(6)
        .validate_after(Some(Duration::ZERO))
        .max_retries(1);
    let driven = Driven::filled(config).await;
    lock(&driven.mock().pings).extend([Act::Fail, Act::Fail]);
    let lease = driven.pool.checkout().await.expect("one is made");
    assert_eq!(*lease, 6);
    driven.settle().await;
    assert_eq!(lock(&driven.mock().closed).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_panics_costs_one_attempt_and_no_room() {
    let driven = Driven::new(config(2));
    lock(&driven.mock().connects).extend([Act::Panic; 2]);
    let (one, other) = (driven.pool.checkout().await, driven.pool.checkout().await);
    assert!(one.is_ok() && other.is_ok());
    let totals = driven.pool.stats().totals;
    assert_eq!((totals.failed, totals.opened), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_hangs_is_given_up_whoever_waits() {
    let driven = Driven::new(config(1).connect_timeout(Duration::from_secs(1)));
    lock(&driven.mock().connects).push_back(Act::Hang);
    let began = Instant::now();
    let lease = driven
        .pool
        .checkout()
        .await
        .expect("the next attempt succeeds");
    // With the pause between them, of which a fifth is up to chance.
    let took = began.elapsed().as_millis();
    assert!((1040..=1051).contains(&took), "{took} ms");
    drop(lease);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_backend_that_is_gone_hears_why() {
    let driven = Driven::new(config(1).max_retries(2));
    lock(&driven.mock().connects).extend([Act::Fail; 3]);
    let error = driven
        .pool
        .checkout()
        .await
        .expect_err("three attempts fail");
    let PoolError::Connect { situation, .. } = &error else {
        panic!("expected a failed connect, found {error}");
    };
    assert_eq!(error.to_string(), "the pool db cannot connect: as told");
    assert!(situation.retry_after.is_some());
    driven.settle().await;
    assert_eq!(driven.counts(), [0, 0, 0, 0, 0]);
    assert!(driven.pool.checkout().await.is_ok(), "it is back");
}

#[derive(Debug, thiserror::Error)]
#[error("no way")]
struct Outer(#[source] io::Error);

#[test]
fn what_an_error_rests_on_is_told_once() {
    let pool = undriven(config(1).min_size(1).max_retries(0));
    let ticket = pool.cell().work().connects.pop().expect("it is needed");
    let error = Outer(io::Error::other("connection refused"));
    ticket.failed(ConnectError::Failed(Arc::new(error)));
    let situation = Box::new(pool.cell().situation(0));
    let error = situation.last_error.clone().expect("it has failed");
    let told = PoolError::Connect { error, situation };
    assert_eq!(
        told.to_string(),
        "the pool db cannot connect: no way: connection refused"
    );
    // Whoever prints a chain of errors does not print it again.
    assert!(std::error::Error::source(&told).is_none());
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_pool_that_is_suspended_is_told_so() {
    let driven = Driven::filled(config(1)).await;
    driven.pool.suspend();
    let late = driven.pool.checkout().await.expect_err("nothing is lent");
    assert_eq!(
        late.to_string(),
        "no connection of the pool db within 5s, waiting for the pool to be resumed: 0 of 1 leased, 1 idle, 0 connecting, 0 closing, \
         0 waiting"
    );
    assert!(
        late.situation()
            .is_some_and(|situation| situation.is_suspended)
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_slow_connect_is_told_that_it_did() {
    let driven = Driven::new(config(1));
    lock(&driven.mock().connects).push_back(Act::Sleep(Duration::from_secs(2)));
    let within = Duration::from_secs(1);
    let error = driven
        .pool
        .checkout_within(within)
        .await
        .expect_err("it takes longer");
    let phase = CheckoutPhase::Connect;
    assert!(
        matches!(error, PoolError::Timeout { phase: found, .. } if found == phase),
        "{error}"
    );
    sleep(within).await;
    driven.settle().await;
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
}
