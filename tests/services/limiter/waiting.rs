//! Those who wait for their turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};
use mainstay_supervisors::specs::RateLimitConfig;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::support::{ALGORITHMS, alone, name, poll_times, remaining, seconds, settle};

fn key() -> RateKey<'static> {
    RateKey::from("a")
}

type Log = Arc<Mutex<Vec<(u32, u64)>>>;

/// Waits in a task of its own, and writes down who it was, and in which second its turn came.
fn spawn(limiter: &Limiter, log: &Log, who: u32, cost: u32, began: Instant) -> JoinHandle<()> {
    let (limiter, log) = (limiter.clone(), Arc::clone(log));
    tokio::spawn(async move {
        limiter.wait(key(), cost).await.expect("its turn comes");
        let time = began.elapsed().as_secs();
        log.lock().expect("nobody panics").push((who, time));
    })
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_first_goes_first_whatever_it_costs() {
    let limiter = alone(RateLimitConfig::token_bucket(10, seconds(10)));
    limiter.check_n(key(), 10).expect("all of it");
    let (log, began) = (Log::default(), Instant::now());
    let mut tasks = Vec::new();
    for (who, cost) in [(1, 1), (2, 5), (3, 1), (4, 10), (5, 1)] {
        tasks.push(spawn(&limiter, &log, who, cost, began));
        settle().await;
    }
    assert_eq!(limiter.stats().waiting, 5);
    for task in tasks {
        task.await.expect("it ends");
    }
    let log = log.lock().expect("nobody panics");
    assert_eq!(*log, [(1, 1), (2, 6), (3, 7), (4, 17), (5, 18)]);
    assert_eq!(limiter.stats().waiting, 0);
    assert_eq!(limiter.stats().refused, 0);
}

#[tokio::test(start_paused = true)]
async fn a_large_one_is_not_starved_by_small_ones() {
    let limiter = alone(RateLimitConfig::token_bucket(50, seconds(1)));
    limiter.check_n(key(), 50).expect("all of it");
    for _ in 0..8 {
        let limiter = limiter.clone();
        tokio::spawn(async move {
            loop {
                limiter.wait(key(), 1).await.expect("its turn comes");
            }
        });
    }
    settle().await;
    let began = Instant::now();
    limiter.wait(key(), 25).await.expect("its turn comes");
    // After the eight that were there, at 50 in a second.
    assert_eq!(began.elapsed().as_millis(), 660);
}

#[tokio::test(start_paused = true)]
async fn while_somebody_waits_nobody_else_takes_anything_of_the_key() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(60)));
        limiter.check_n(key(), 5).expect("half");
        let (log, began) = (Log::default(), Instant::now());
        let task = spawn(&limiter, &log, 1, 10, began);
        settle().await;
        assert_eq!(remaining(&limiter, "a"), 5);
        let refused = limiter.check(key()).expect_err("it comes after");
        assert!(
            refused
                .retry_after()
                .is_some_and(|time| time > Duration::ZERO)
        );
        assert!(limiter.check(RateKey::from("b")).is_ok(), "another key");
        task.await.expect("it ends");
        assert_eq!(limiter.stats().waiting, 0);
        assert_eq!(remaining(&limiter, "a"), 0, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_at_any_poll_leaves_its_turn_to_the_next() {
    for algorithm in ALGORITHMS {
        for polls in 0..4 {
            let limiter = alone(RateLimitConfig::new(algorithm, 2, seconds(60)));
            limiter.check_n(key(), 2).expect("all of it");
            assert!(!poll_times(limiter.wait(key(), 2), polls));
            assert_eq!(limiter.stats().waiting, 0);
            let mut first = Box::pin(limiter.wait(key(), 2));
            if polls > 0 {
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                assert!(first.as_mut().poll(&mut cx).is_pending());
            }
            let (log, began) = (Log::default(), Instant::now());
            let task = spawn(&limiter, &log, 2, 1, began);
            settle().await;
            drop(first);
            task.await.expect("it ends");
            let free = limiter.stats();
            assert_eq!(
                (free.waiting, free.admitted),
                (0, 2),
                "{algorithm:?} {polls}"
            );
            assert!(began.elapsed() <= seconds(120));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_polled_holds_nobody_up_and_what_it_was_granted_goes_back() {
    let limiter = alone(RateLimitConfig::token_bucket(1, seconds(1)).burst_limit(3));
    limiter.check(key()).expect("its only one");
    let mut first = Box::pin(limiter.wait(key(), 1));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let (log, began) = (Log::default(), Instant::now());
    spawn(&limiter, &log, 2, 1, began).await.expect("it ends");
    assert_eq!(*log.lock().expect("nobody panics"), [(2, 2)]);
    assert_eq!(limiter.stats().waiting, 0);
    drop(first);
    // Granted after one second, which is one ago: it has come back.
    assert_eq!(remaining(&limiter, "a"), 1);
    std::mem::forget(Box::pin(limiter.wait(key(), 3)));
    assert_eq!(limiter.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_may_and_none_that_knows_it_is_too_late() {
    let limiter = alone(RateLimitConfig::token_bucket(1, seconds(10)).waiters_max(2));
    limiter.check(key()).expect("its only one");
    let (log, began) = (Log::default(), Instant::now());
    let tasks = [1, 2].map(|who| spawn(&limiter, &log, who, 1, began));
    settle().await;
    let policy = name("api");
    let full = limiter.wait(key(), 1).await.expect_err("two wait");
    assert_eq!(
        full,
        RateLimitError::QueueFull {
            policy: policy.clone(),
            max: 2
        }
    );
    let late = limiter
        .wait_for(key(), 1, seconds(29))
        .await
        .expect_err("it takes 30");
    let (ready_in, within) = (seconds(30), seconds(29));
    assert_eq!(
        late,
        RateLimitError::TooLate {
            policy,
            ready_in,
            within
        }
    );
    assert_eq!(late.retry_after(), Some(seconds(30)));
    assert_eq!(began.elapsed(), seconds(0), "it is told at once");
    for task in tasks {
        task.await.expect("it ends");
    }
    assert!(limiter.wait_for(key(), 1, seconds(10)).await.is_ok());
    assert_eq!(began.elapsed(), seconds(30));
    let none = alone(RateLimitConfig::token_bucket(1, seconds(10)).waiters_max(0));
    assert!(
        none.wait(key(), 1).await.is_ok(),
        "there is no need to wait"
    );
    assert!(matches!(
        none.wait(key(), 1).await,
        Err(RateLimitError::QueueFull { max: 0, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn one_whose_time_is_up_is_told_so() {
    let limiter = alone(RateLimitConfig::token_bucket(10, seconds(10)));
    limiter.check_n(key(), 10).expect("all of it");
    let began = Instant::now();
    let waiter = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.wait_for(key(), 1, seconds(2)).await }
    });
    settle().await;
    // It gets worse while it waits.
    let slower = RateLimitConfig::token_bucket(1, seconds(100));
    limiter.reconfigure(slower).expect("it is valid");
    let late = waiter.await.expect("it ends").expect_err("it is too late");
    assert!(matches!(late, RateLimitError::TooLate { .. }));
    assert_eq!(began.elapsed(), seconds(2));
    assert_eq!(limiter.stats().waiting, 0);
}

#[test]
fn on_many_threads_and_a_real_clock_all_get_their_turn_and_none_too_many() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build();
    runtime.expect("a runtime").block_on(async {
        let limiter =
            alone(RateLimitConfig::token_bucket(1, Duration::from_micros(500)).burst_limit(5));
        let began = std::time::Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for nth in 0..200 {
            let limiter = limiter.clone();
            tasks.spawn(async move {
                if nth % 7 == 0 {
                    let wait = limiter.wait(key(), 3);
                    drop(tokio::time::timeout(Duration::from_millis(nth % 5), wait).await);
                } else {
                    limiter.wait(key(), 1).await.expect("its turn comes");
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(limiter.stats().waiting, 0);
        // 171 of one each, of which five at most were there.
        assert!(began.elapsed() >= Duration::from_micros(500 * (171 - 5)));
    });
}
