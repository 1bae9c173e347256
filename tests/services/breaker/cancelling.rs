//! Callers that give up, at every moment at which they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitState, execute_in};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen, TripRules};

use super::support::{Bed, advance, alone, fail, name, poll_times, settle, touchy};

/// Waits so many times, and succeeds.
async fn wait_times(times: usize) -> Result<(), ()> {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn half_open(permits: u32) -> CircuitBreaker {
    let breaker = alone(touchy().half_open(HalfOpen::new(permits, permits)));
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    breaker
}

#[tokio::test(start_paused = true)]
async fn a_probe_dropped_at_any_await_gives_its_permit_back_exactly_once() {
    const WAITS: usize = 6;
    for polls in 0..=WAITS {
        let breaker = half_open(1).await;
        let done = poll_times(breaker.execute(|| wait_times(WAITS)), polls);
        assert!(!done);
        let stats = breaker.stats();
        assert_eq!(
            stats.totals.cancelled,
            u64::from(polls > 0),
            "after {polls}"
        );
        assert!(stats.probes.is_empty());
        let probe = breaker.try_acquire().expect("the permit is back");
        breaker.try_acquire().expect_err("once");
        probe.success();
        assert_eq!(breaker.state(), CircuitState::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_await_is_out_no_more() {
    let trip = TripRules::default().in_flight(1, Duration::from_secs(1));
    for polls in 0..=6 {
        let breaker = alone(CircuitConfig::default().trip(trip.clone()));
        assert!(!poll_times(breaker.execute(|| wait_times(6)), polls));
        advance(10).await;
        assert_eq!(breaker.state(), CircuitState::Closed);
        assert_eq!(breaker.stats().totals.cancelled, u64::from(polls > 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_polled_was_never_made() {
    let breaker = alone(touchy());
    drop(breaker.execute(|| wait_times(1)));
    assert_eq!(breaker.stats().totals.cancelled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_was_forgotten_is_taken_back_at_its_deadline() {
    let half_open = HalfOpen::default().probe_deadline(Duration::from_secs(7));
    let breaker = alone(touchy().half_open(half_open));
    assert!(fail(&breaker).await.is_err());
    for _ in 0..1000 {
        advance(30).await;
        std::mem::forget(breaker.try_acquire().expect("the probe"));
        let refused = breaker.try_acquire().expect_err("one is out");
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));
        advance(7).await;
        let refused = breaker.try_acquire().expect_err("it counts as failed");
        assert_eq!(refused.state(), CircuitState::Open);
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));
    }
    let stats = breaker.stats();
    assert_eq!(stats.totals.expired, 1000);
    assert!(stats.probes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_permit_of_a_process_that_is_killed_comes_back_at_once() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    let caller = breaker.clone();
    let child = Child::task("prober", move |_stop| {
        let caller = caller.clone();
        async move { drop(caller.execute(std::future::pending::<Result<(), ()>>).await) }
    });
    let started = bed
        .namespace
        .start_child(child.restart(mainstay_supervisors::specs::Restart::Temporary));
    let prober = started.await.expect("it starts").process().cloned();
    let prober = prober.expect("it has a process");
    settle().await;
    let stats = breaker.stats();
    assert_eq!(stats.probes.len(), 1);
    let holder = stats.probes[0].holder.as_ref().expect("a process");
    assert_eq!((holder.pid, &holder.id), (prober.pid(), prober.id()));
    assert!(stats.probes[0].made_at.file().ends_with("cancelling.rs"));
    prober.kill();
    prober.ended().await;
    assert!(breaker.stats().probes.is_empty());
    breaker.try_acquire().expect("the permit is back").success();
    assert_eq!(breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[test]
fn a_permit_dropped_by_a_panic_has_failed_and_one_dropped_in_peace_was_cancelled() {
    let breaker = alone(touchy());
    drop(breaker.try_acquire().expect("it is closed"));
    assert_eq!(breaker.stats().totals.cancelled, 1);
    assert_eq!(breaker.state(), CircuitState::Closed);
    let caller = breaker.clone();
    let thread = std::thread::spawn(move || {
        let _permit = caller.try_acquire().expect("it is closed");
        std::panic::resume_unwind(Box::new("no more"));
    });
    assert!(thread.join().is_err());
    assert_eq!(breaker.stats().totals.panicked, 1);
    assert_eq!(breaker.state(), CircuitState::Open);
}

/// An error that tells when it is gone.
#[derive(Debug, thiserror::Error)]
#[error("no more")]
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a process ended with is dropped by whoever lets go of it last: not by a breaker, under a lock.
#[tokio::test(start_paused = true)]
async fn a_probe_whose_process_has_ended_keeps_nothing_of_it() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    let gone = Arc::new(AtomicBool::new(false));
    let (caller, flag) = (breaker.clone(), Arc::clone(&gone));
    let child = Child::task("prober", move |_stop| {
        let (caller, flag) = (caller.clone(), Arc::clone(&flag));
        async move {
            std::mem::forget(caller.try_acquire_owned().expect("the probe"));
            Err::<(), _>(Gone(flag))
        }
    });
    let child = child.restart(mainstay_supervisors::specs::Restart::Temporary);
    bed.namespace.start_child(child).await.expect("it starts");
    settle().await;
    bed.end().await;
    settle().await;
    let stats = breaker.stats();
    assert_eq!(stats.probes.len(), 1, "it has its permit yet");
    assert!(gone.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_call_by_name_that_is_dropped_at_any_await_was_cancelled() {
    for polls in 0..=6 {
        let bed = Bed::new().await;
        let breaker = bed.breaker(touchy());
        let db = name("db");
        let call = execute_in(&bed.namespace, &db, || wait_times(6));
        assert!(!poll_times(call, polls));
        let totals = breaker.stats().totals;
        assert_eq!(
            (totals.cancelled, totals.panicked),
            (u64::from(polls > 0), 0)
        );
        bed.end().await;
    }
}

#[test]
fn an_owned_permit_dropped_by_a_panic_has_failed() {
    let breaker = alone(touchy());
    let caller = breaker.clone();
    let thread = std::thread::spawn(move || {
        let _permit = caller.try_acquire_owned().expect("it is closed");
        std::panic::resume_unwind(Box::new("no more"));
    });
    assert!(thread.join().is_err());
    assert_eq!(breaker.stats().totals.panicked, 1);
    assert_eq!(breaker.state(), CircuitState::Open);
}
