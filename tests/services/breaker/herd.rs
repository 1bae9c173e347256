//! Many callers at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerRegistry, CircuitState};
use mainstay_supervisors::Runtime;
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen, OpenTime};

use super::support::{alone, fail, name, touchy};

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_callers_at_the_moment_of_the_reset_exactly_the_permits_run() {
    let breaker = alone(touchy().half_open(HalfOpen::new(7, 7)));
    assert!(fail(&breaker).await.is_err());
    let run = Arc::new(AtomicU32::new(0));
    let at = tokio::time::Instant::now() + Duration::from_secs(30);
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            let (breaker, run) = (breaker.clone(), Arc::clone(&run));
            tokio::spawn(async move {
                tokio::time::sleep_until(at).await;
                let call = breaker.execute(|| async {
                    run.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Ok::<_, ()>(())
                });
                let refused = call.await.err();
                let refusal = refused
                    .as_ref()
                    .map(|error| error.refusal().expect("a refusal"));
                refusal.map(|refusal| refusal.retry_after().expect("it knows when"))
            })
        })
        .collect();
    let mut refused = 0;
    for caller in callers {
        if let Some(wait) = caller.await.expect("no panic") {
            assert!(wait > Duration::ZERO);
            refused += 1;
        }
    }
    assert_eq!(run.load(Ordering::Relaxed), 7);
    assert_eq!(refused, 9_993);
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.rejected), (CircuitState::Closed, 9_993));
}

#[test]
fn of_many_threads_at_the_moment_of_the_reset_exactly_the_permits_run() {
    for _ in 0..50 {
        let config = touchy().reset_timeout(Duration::from_nanos(1));
        let breaker = alone(config.half_open(HalfOpen::new(3, 3)));
        assert!(breaker.execute_sync(|| Err::<(), _>(())).is_err());
        let run = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    if let Ok(permit) = breaker.try_acquire() {
                        run.fetch_add(1, Ordering::Relaxed);
                        std::mem::forget(permit);
                    }
                });
            }
        });
        assert_eq!(run.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn every_outcome_of_many_threads_is_counted_exactly() {
    let breaker = alone(CircuitConfig::default().failure_threshold(10_000));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for nth in 0..10_000 {
                    let result = if nth % 10 == 0 { Err(()) } else { Ok(()) };
                    assert_eq!(breaker.execute_sync(|| result).is_ok(), result.is_ok());
                }
            });
        }
    });
    let totals = breaker.stats().totals;
    assert_eq!((totals.successes, totals.failures), (36_000, 4_000));
    assert_eq!(totals.late, 0);
}

#[test]
fn refusals_of_many_threads_are_counted_exactly() {
    let breaker = alone(CircuitConfig::default());
    breaker.force_open();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    breaker.try_acquire().expect_err("it was forced open");
                }
            });
        }
    });
    assert_eq!(breaker.stats().rejected, 60_000);
}

/// When a breaker comes back that opens now.
async fn wait(breaker: &CircuitBreaker) -> Duration {
    assert!(fail(breaker).await.is_err());
    super::support::retry_after(breaker)
}

fn jittery() -> CircuitConfig {
    touchy().open(OpenTime::default().jitter(0.5))
}

#[tokio::test(start_paused = true)]
async fn breakers_of_one_dependency_do_not_come_back_together() {
    let mut waits = Vec::new();
    for _ in 0..100 {
        // As of the replicas of a program: they all have the same name.
        waits.push(wait(&alone(jittery())).await);
    }
    waits.sort_unstable();
    assert!(waits[99] - waits[0] >= Duration::from_secs(10));
    assert!(waits[0] >= Duration::from_secs(15) && waits[99] <= Duration::from_secs(30));
    waits.dedup();
    assert_eq!(waits.len(), 100);
}

/// When the breakers of a namespace come back.
async fn waits(runtime: &Runtime) -> [Duration; 2] {
    let started = runtime.namespace("production").await;
    let breakers = CircuitBreakerRegistry::of(&started.expect("it starts"));
    let breaker = |text| breakers.register_circuit(name(text), jittery());
    let (one, other) = (breaker("db").expect("new"), breaker("cache").expect("new"));
    [wait(&one).await, wait(&other).await]
}

#[tokio::test(start_paused = true)]
async fn the_same_program_comes_back_at_another_time_unless_its_seed_is_the_same() {
    let seeded = |seed| Runtime::builder().seed(seed).build();
    assert_eq!(waits(&seeded(7)).await, waits(&seeded(7)).await);
    let any = [waits(&seeded(7)).await, waits(&seeded(8)).await];
    assert_ne!(any[0][0], any[1][0]);
    assert_ne!(any[0][0], any[0][1]);
    assert_ne!(waits(&Runtime::new()).await, waits(&Runtime::new()).await);
}
