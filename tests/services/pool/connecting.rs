//! Attempts to connect: off the caller, bounded, and never at the cost of capacity.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use mainstay_actors::pool::{CheckoutPhase, ConnectError, PoolError};
use tokio::time::Instant;

use super::support::{Bed, Fate, advance, counts, millis, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_does_not_abort_the_attempt() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Takes(300)]);
    let pool = bed.pool(plain(2)).await;
    let begun = Instant::now();
    let error = pool.checkout_within(millis(100)).await.unwrap_err();
    assert_eq!(begun.elapsed(), millis(100));
    let PoolError::Timeout {
        phase, situation, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(*phase, CheckoutPhase::Connect);
    assert_eq!((situation.connecting, situation.leased), (1, 0));
    advance(millis(200)).await;
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    let lease = pool.checkout().await.expect("it has joined the pool");
    assert_eq!(lease.number, 1);
    assert_eq!(bed.server.attempts(), 1);
    drop(lease);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_is_dropped_at_once_still_gets_the_pool_a_connection() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2)).await;
    let mut cx = Context::from_waker(Waker::noop());
    let mut checkout = Box::pin(pool.checkout());
    assert!(checkout.as_mut().poll(&mut cx).is_pending());
    settle().await;
    drop(checkout);
    settle().await;
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_that_panic_or_hang_cost_one_attempt_each_and_no_room() {
    let bed = Bed::new().await;
    // With two places, four of them would leave none.
    bed.server
        .connects(&[Fate::Panics, Fate::Hangs, Fate::Panics, Fate::Hangs]);
    let config = plain(2).max_retries(10).checkout_timeout(seconds(60));
    let pool = bed.pool(config).await;
    let (first, second) = tokio::join!(pool.checkout(), pool.checkout());
    let (first, second) = (first.expect("it works"), second.expect("it works"));
    assert_eq!(counts(&pool), [0, 2, 0, 0, 0, 0]);
    assert_eq!(pool.stats().totals.failed, 4);
    drop((first, second));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_became_of_an_attempt_is_told_to_who_waits() {
    for (fate, expected) in [
        (Fate::Fails, "the server says no"),
        (Fate::Panics, "a panic: out of order"),
        (Fate::Hangs, "no connection within 5s"),
    ] {
        let bed = Bed::new().await;
        bed.server.all_connects(fate);
        let config = plain(2).max_retries(0).checkout_timeout(seconds(60));
        let pool = bed.pool(config).await;
        let error = pool.checkout().await.unwrap_err();
        let PoolError::Connect { error, situation } = &error else {
            panic!("{error}");
        };
        assert_eq!(error.to_string(), expected);
        assert_eq!(situation.retry_after, Some(millis(50)));
        if fate == Fate::Hangs {
            let within = seconds(5);
            assert!(matches!(error, ConnectError::TooSlow { within: found } if *found == within));
        }
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_does_not_hold_up_the_others() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Hangs]);
    let pool = bed.pool(plain(3).checkout_timeout(seconds(60))).await;
    let begun = Instant::now();
    let timed = async || {
        let lease = pool.checkout().await.expect("it works");
        (begun.elapsed(), lease)
    };
    // Two attempts are made for two who wait: who came first has the one that works.
    let ((first, one), (second, two)) = tokio::join!(timed(), timed());
    assert_eq!((first, second), (Duration::ZERO, millis(5050)));
    drop((one, two));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_task_is_killed_has_failed_and_the_next_one_is_made() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Hangs]);
    let pool = bed.pool(plain(1).min_size(1)).await;
    assert_eq!(counts(&pool), [0, 0, 1, 0, 0, 0]);
    let connectors = bed.part("connectors").await;
    let tasks = connectors.supervisor().expect("it is one");
    for child in tasks.which_children().await.expect("it runs") {
        let mainstay_supervisors::ChildStatus::Running(task) = child.status else {
            panic!("{:?}", child.status);
        };
        task.kill();
        task.ended().await;
    }
    settle().await;
    let stats = pool.stats();
    assert_eq!((stats.connect_failures, stats.connecting), (1, 0));
    assert_eq!(
        stats.last_error.as_deref(),
        Some("the attempt was abandoned")
    );
    advance(millis(50)).await;
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_made_again_after_pauses_that_grow_one_at_a_time() {
    let bed = Bed::new().await;
    bed.server.all_connects(Fate::Fails);
    let begun = Instant::now();
    let config = plain(4).min_size(2).connects_max(4);
    let pool = bed.pool(config).await;
    advance(seconds(4)).await;
    // Two at first; then one at a time, after 100, 200, 400 ... milliseconds: two have failed already.
    for _ in 0..400 {
        advance(millis(10)).await;
    }
    let attempts = bed.server.attempts_since(begun);
    assert_eq!(attempts[..2], [0, 0]);
    // The one that was due is made at once after the jump, as the third; each one doubles the pause.
    let pauses: Vec<_> = attempts[2..]
        .windows(2)
        .map(|two| two[1] - two[0])
        .collect();
    assert_eq!(pauses, [200, 400, 800, 1600], "{attempts:?}");
    assert_eq!(counts(&pool)[..3], [0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_attempts_come_back_by_and_by() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Fails]);
    bed.server.all_connects(Fate::Takes(10));
    let pool = bed.pool(plain(16).min_size(1).connects_max(8)).await;
    assert_eq!(pool.stats().connect_failures, 1);
    pool.resize(15, 16).expect("it is valid");
    settle().await;
    assert_eq!(pool.stats().connecting, 0, "the pause is not over");
    let mut parallel = Vec::new();
    advance(millis(50)).await;
    for _ in 0..4 {
        parallel.push(pool.stats().connecting);
        advance(millis(10)).await;
    }
    // Each success doubles it: the two of the second round make four times as many.
    assert_eq!(parallel, [1, 2, 8, 4]);
    assert_eq!(counts(&pool), [15, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_start_no_more_attempts_than_there_may_be() {
    let bed = Bed::new().await;
    bed.server.all_connects(Fate::Takes(100));
    let pool = bed.pool(plain(4).connects_max(2)).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let pool = pool.clone();
        waiting.spawn(async move { drop(pool.checkout().await.expect("it is served")) });
    }
    settle().await;
    assert_eq!(counts(&pool)[2], 2);
    advance(millis(100)).await;
    while let Some(served) = waiting.join_next().await {
        served.expect("no panic");
    }
    // Two, and one beside each of those that had come back when the line was still long.
    assert_eq!(bed.server.attempts(), 4);
    bed.end().await;
}
