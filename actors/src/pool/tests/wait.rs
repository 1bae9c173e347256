//! Waiting, and deadlines.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::pool::{CheckoutPhase, PoolError};

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_is_told_how_the_pool_stood() {
    let driven = Driven::filled(config(1)).await;
    let _lease = driven.pool.checkout().await.expect("it is idle");
    let began = Instant::now();
    let error = driven.pool.checkout().await.expect_err("it is lent");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let PoolError::Timeout {
        phase,
        waited,
        situation,
    } = &error
    else {
        panic!("expected a timeout, found {error}");
    };
    assert_eq!(
        (*phase, *waited),
        (CheckoutPhase::Queue, Duration::from_secs(5))
    );
    assert_eq!((situation.leased, situation.waiting), (1, 0));
    let longest = situation.longest.as_ref().expect("one is lent");
    assert_eq!(longest.held_for, Duration::from_secs(5));
    assert!(longest.taken_at.file().ends_with("wait.rs"));
    let text = error.to_string();
    let begin = "no connection of the pool db within 5s, waiting for others to give one back: \
                 1 of 1 leased, 0 idle, 0 connecting, 0 closing, 0 waiting; the longest for 5s, taken at ";
    assert!(text.starts_with(begin), "{text}");
}

#[tokio::test(start_paused = true)]
async fn without_time_nobody_waits_for_a_lease() {
    let driven = Driven::new(config(1));
    let none = Duration::ZERO;
    // There is room for a new one.
    let lease = driven
        .pool
        .checkout_within(none)
        .await
        .expect("one is made");
    let error = driven
        .pool
        .checkout_within(none)
        .await
        .expect_err("it is lent");
    assert!(matches!(error, PoolError::Exhausted(_)), "{error}");
    drop(lease);
    assert_eq!(
        *driven.pool.checkout_within(none).await.expect("it is idle"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_came_first_is_served_first_by_sixty_four_tasks_on_one_connection() {
    let driven = Driven::filled(config(1)).await;
    let (served, mut order) = mpsc::unbounded_channel();
    for number in 0..64 {
        let (pool, served) = (driven.pool.clone(), served.clone());
        tokio::spawn(async move {
            for round in 0..4 {
                let asked = Instant::now();
                let lease = pool.checkout_within(Duration::from_secs(60)).await;
                let lease = lease.expect("it comes round");
                served
                    .send((round, number, asked.elapsed()))
                    .expect("it is read");
                sleep(Duration::from_millis(10)).await;
                drop(lease);
            }
        });
    }
    drop(served);
    let mut nth = 0;
    while let Some((round, number, waited)) = order.recv().await {
        assert_eq!((round, number), (nth / 64, nth % 64));
        // All others once.
        assert!(waited <= Duration::from_millis(640), "{waited:?}");
        nth += 1;
    }
    assert_eq!(nth, 256);
}

#[tokio::test(start_paused = true)]
async fn those_who_gave_up_are_counted_no_more() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let pool = driven.pool.clone();
            tokio::spawn(async move { pool.checkout().await.map(drop) })
        })
        .collect();
    driven.settle().await;
    assert_eq!(driven.counts()[4], 5);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    driven.settle().await;
    assert_eq!(driven.counts(), [0, 1, 0, 0, 0]);
    drop(lease);
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hand_off_in_the_last_moment_is_one() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let pool = driven.pool.clone();
    let waiting = tokio::spawn(async move { pool.checkout().await.map(|lease| *lease) });
    driven.settle().await;
    // Everybody would see that the time is up, were they asked.
    sleep(Duration::from_secs(5) - Duration::from_nanos(1)).await;
    drop(lease);
    advance(Duration::from_secs(1)).await;
    assert_eq!(
        waiting
            .await
            .expect("it ended")
            .expect("it was handed over"),
        0
    );
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_after_the_last_moment_is_not_lost() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let pool = driven.pool.clone();
    let waiting = tokio::spawn(async move { pool.checkout().await.map(drop) });
    driven.settle().await;
    sleep(Duration::from_secs(6)).await;
    drop(lease);
    let error = waiting
        .await
        .expect("it ended")
        .expect_err("its time was up");
    assert!(matches!(error, PoolError::Timeout { .. }));
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_without_a_keeper_minds_its_own_time() {
    let driven = Driven::filled(config(1)).await;
    let _lease = driven.pool.checkout().await.expect("it is idle");
    let pool = driven.pool.clone();
    let began = Instant::now();
    let before = tokio::spawn(async move { pool.checkout().await.map(drop) });
    driven.settle().await;
    driven.driver.abort();
    driven.settle().await;
    let after = driven.pool.checkout_within(Duration::from_secs(3)).await;
    assert!(matches!(after, Err(PoolError::Timeout { .. })));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    let before = before.await.expect("it ended");
    assert!(matches!(before, Err(PoolError::Timeout { .. })));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_comes_back_goes_on_where_the_other_was() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let pool = driven.pool.clone();
    let waiting = tokio::spawn(async move { pool.checkout().await.map(|lease| *lease) });
    driven.settle().await;
    driven.driver.abort();
    lease.discard();
    driven.settle().await;
    assert_eq!(driven.counts(), [0, 0, 0, 1, 1]);
    let next = drive(&driven.pool);
    assert_eq!(waiting.await.expect("it ended").expect("one is made"), 1);
    next.abort();
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_are_refused() {
    let driven = Driven::filled(config(1).waiters_max(1)).await;
    let _lease = driven.pool.checkout().await.expect("it is idle");
    let pool = driven.pool.clone();
    let waiting = tokio::spawn(async move { pool.checkout().await.map(drop) });
    driven.settle().await;
    let error = driven.pool.checkout().await.expect_err("one waits already");
    assert!(
        matches!(error, PoolError::QueueFull { max: 1, .. }),
        "{error}"
    );
    waiting.abort();
}
