//! Exact counts, however many come at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_actors::limiter::{Limiter, RateKey};
use mainstay_supervisors::specs::RateLimitConfig;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::support::{ALGORITHMS, admitted, alone, remaining, seconds};

/// How many of so many calls at once, each from a task of its own on one of four threads, are let through.
async fn at_once(limiter: &Limiter, keys: u64, calls: usize) -> Vec<u32> {
    let counts: Arc<Vec<AtomicU32>> = Arc::new((0..keys).map(|_| AtomicU32::new(0)).collect());
    let together = Arc::new(Barrier::new(calls * keys as usize));
    let mut tasks = JoinSet::new();
    for key in 0..keys {
        for _ in 0..calls {
            let (limiter, together, counts) =
                (limiter.clone(), Arc::clone(&together), Arc::clone(&counts));
            tasks.spawn(async move {
                together.wait().await;
                if limiter.check(RateKey::id(key)).is_ok() {
                    counts[key as usize].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }
    tasks.join_all().await;
    counts
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_calls_at_once_on_a_limit_of_100_exactly_100_are_let_through() {
    for algorithm in ALGORITHMS {
        for round in 0..20 {
            // So long that nothing comes back while the test runs.
            let limiter = alone(RateLimitConfig::new(algorithm, 100, seconds(360_000)));
            assert_eq!(
                at_once(&limiter, 1, 200).await,
                [100],
                "{algorithm:?} {round}"
            );
            assert_eq!(
                (limiter.stats().admitted, limiter.stats().refused),
                (100, 100)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_20_calls_at_once_on_a_limit_of_10_exactly_10_and_of_5_keys_10_each() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(36_000)));
        assert_eq!(at_once(&limiter, 1, 20).await, [10], "{algorithm:?}");
        let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(36_000)));
        assert_eq!(at_once(&limiter, 5, 15).await, [10; 5], "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn five_in_a_window_of_50_milliseconds_twice() {
    let window = Duration::from_millis(50);
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 5, window));
        assert_eq!(admitted(&limiter, "a", 10), 5, "{algorithm:?}");
        // The approximation has forgotten the first five only when their window is two windows ago.
        let windows = if algorithm == ALGORITHMS[2] { 2 } else { 1 };
        tokio::time::advance(window * windows).await;
        assert_eq!(admitted(&limiter, "a", 10), 5, "{algorithm:?}");
    }
}

#[test]
fn threads_at_one_time_get_exactly_what_there_is() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 4000, seconds(3_600_000)));
        let sum: u32 = std::thread::scope(|scope| {
            let spawn = |_| scope.spawn(|| admitted(&limiter, "a", 1000));
            let threads: Vec<_> = (0..64).map(spawn).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it ends"))
                .sum()
        });
        assert_eq!(sum, 4000, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_the_nanosecond() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 7, seconds(60)));
        assert_eq!(admitted(&limiter, "a", 7), 7);
        for cost in [1, 3, 7] {
            let refused = limiter
                .check_n(RateKey::from("a"), cost)
                .expect_err("all is gone");
            let wait = refused.retry_after().expect("it is known");
            assert!(wait > Duration::ZERO);
            tokio::time::advance(wait - Duration::from_nanos(1)).await;
            let refused = limiter
                .check_n(RateKey::from("a"), cost)
                .expect_err("a moment too soon");
            assert_eq!(
                refused.retry_after(),
                Some(Duration::from_nanos(1)),
                "{algorithm:?}"
            );
            tokio::time::advance(Duration::from_nanos(1)).await;
            limiter
                .check_n(RateKey::from("a"), cost)
                .expect("it said so");
            limiter
                .check_n(RateKey::from("a"), remaining(&limiter, "a"))
                .expect("the rest");
        }
    }
}
