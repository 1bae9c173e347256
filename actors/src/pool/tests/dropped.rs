//! Checkouts that are dropped at every await: nothing is lost, whatever they held.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::*;

/// Polls so many times, and drops. What it came to, if it came to anything.
async fn poll_times<F: Future>(future: F, times: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(done) = polled {
            return Some(done);
        }
        yield_now().await;
    }
    None
}

/// All connections can be lent, and none is anywhere else.
async fn is_whole(driven: &Driven, max: u32) {
    driven.settle().await;
    let mut leases = Vec::new();
    for _ in 0..max {
        leases.push(driven.pool.checkout().await.expect("there are as many"));
    }
    assert_eq!(driven.counts(), [0, max, 0, 0, 0]);
    drop(leases);
    assert_eq!(driven.counts(), [max, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_checkout_of_an_idle_connection_may_be_dropped_anywhere() {
    let driven = Driven::filled(config(2)).await;
    for times in 0..4 {
        drop(poll_times(driven.pool.checkout(), times).await);
        is_whole(&driven, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_waits_for_a_connect_may_be_dropped_anywhere() {
    for times in 0..12 {
        let driven = Driven::new(config(2));
        lock(&driven.mock().connects).push_back(Act::Yield(6));
        let done = poll_times(driven.pool.checkout(), times).await;
        drop(done);
        driven.settle().await;
        // The connection joins the pool, whoever wanted it.
        assert_eq!(driven.counts()[0], u32::from(times > 0));
        is_whole(&driven, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_waits_for_others_may_be_dropped_anywhere() {
    for times in 0..8 {
        for given_back_after in 0..8 {
            let driven = Driven::filled(config(1)).await;
            let lease = driven.pool.checkout().await.expect("it is idle");
            let pool = driven.pool.clone();
            let back = tokio::spawn(async move {
                for _ in 0..given_back_after {
                    yield_now().await;
                }
                drop(lease);
                // Who waits after it gets it, if it does not.
                pool.checkout().await.map(|lease| *lease)
            });
            let done = poll_times(driven.pool.checkout(), times).await;
            drop(done);
            assert_eq!(back.await.expect("it ended").expect("it comes round"), 0);
            is_whole(&driven, 1).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_validates_may_be_dropped_anywhere() {
    let config = config(2).validate_after(Some(Duration::ZERO));
    for times in 0..12 {
        let driven = Driven::filled(config.clone()).await;
        let acts = [Act::Yield(3), Act::Fail, Act::Yield(2)];
        lock(&driven.mock().pings).extend(acts);
        let done = poll_times(driven.pool.checkout(), times).await;
        let is_done = done.is_some();
        drop(done);
        lock(&driven.mock().pings).clear();
        driven.settle().await;
        let closed = lock(&driven.mock().closed).len();
        // One that is being pinged is closed, as something is under way in it.
        let expected = if times == 0 || is_done { 0 } else { 1 };
        assert_eq!(closed, expected, "dropped after {times}");
        is_whole(&driven, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn checkouts_that_are_dropped_at_random_lose_nothing() {
    let mut chance = fastrand::Rng::with_seed(11);
    for _ in 0..300 {
        let max = chance.u32(1..4);
        let driven = Driven::new(config(max).validate_after(Some(Duration::from_millis(1))));
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (pool, mut chance) = (driven.pool.clone(), chance.fork());
                tokio::spawn(async move { borrow_and_give_up(&pool, &mut chance).await })
            })
            .collect();
        for _ in 0..40 {
            driven.counts();
            yield_now().await;
        }
        for (nth, task) in tasks.into_iter().enumerate() {
            if nth % 3 == 0 {
                task.abort();
            }
            drop(task.await);
        }
        is_whole(&driven, max).await;
        assert_eq!(driven.pool.stats().waiting, 0);
    }
}

async fn borrow_and_give_up(pool: &PoolManager<Mock>, chance: &mut fastrand::Rng) {
    for _ in 0..6 {
        let lease = poll_times(pool.checkout(), chance.u32(0..20)).await;
        if chance.bool() {
            sleep(Duration::from_millis(chance.u64(0..3))).await;
        }
        match lease {
            Some(Ok(lease)) if chance.u32(0..4) == 0 => lease.discard(),
            other => drop(other),
        }
    }
}

#[test]
fn threads_that_give_up_at_random_lose_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let driven = Driven::new(config(3));
        let tasks: Vec<_> = (0..16)
            .map(|seed| {
                let pool = driven.pool.clone();
                tokio::spawn(async move {
                    let mut chance = fastrand::Rng::with_seed(seed);
                    for _ in 0..500 {
                        let lease = poll_times(pool.checkout(), chance.u32(0..6)).await;
                        if chance.bool() {
                            yield_now().await;
                        }
                        drop(lease);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ended");
        }
        is_whole(&driven, 3).await;
    });
}
