//! What calls come to.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use mainstay_actors::breaker::{
    ByResult, CircuitBreaker, CircuitError, CircuitState, Nested, Outcome,
};
use mainstay_supervisors::specs::{CircuitConfig, TripRules};

use super::support::{advance, alone, fail, retry_after, succeed, touchy};

#[tokio::test(start_paused = true)]
async fn the_first_call_after_the_reset_timeout_is_the_probe() {
    let breaker = alone(touchy());
    assert!(fail(&breaker).await.is_err());
    tokio::time::advance(Duration::from_nanos(29_999_999_999)).await;
    assert_eq!(retry_after(&breaker), Duration::from_nanos(1));
    assert!(matches!(
        succeed(&breaker).await,
        Err(CircuitError::Open(_))
    ));
    tokio::time::advance(Duration::from_nanos(1)).await;
    assert!(breaker.check_state().is_ok());
    assert_eq!(
        breaker.state(),
        CircuitState::Open,
        "looking changes nothing"
    );
    let run = Cell::new(0);
    let probe = breaker.execute(|| async {
        run.set(run.get() + 1);
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        Ok::<_, ()>(())
    });
    assert!(probe.await.is_ok());
    assert_eq!((run.get(), breaker.state()), (1, CircuitState::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_again_for_as_long() {
    let breaker = alone(touchy());
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    assert!(matches!(
        fail(&breaker).await,
        Err(CircuitError::Failed("no"))
    ));
    assert_eq!(retry_after(&breaker), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_dropped_and_has_failed() {
    let breaker = alone(touchy());
    let late = breaker
        .execute(std::future::pending::<Result<(), ()>>)
        .await;
    assert!(matches!(late, Err(CircuitError::Timeout(limit)) if limit == Duration::from_secs(5)));
    let stats = breaker.stats();
    assert_eq!((stats.totals.timed_out, stats.totals.failures), (1, 1));
    assert_eq!(stats.state, CircuitState::Open);
    assert_eq!(retry_after(&breaker), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_limit_takes_as_long_as_it_likes() {
    let breaker = alone(touchy().without_call_timeout());
    let long = breaker.execute(|| async {
        advance(3600).await;
        Ok::<_, ()>(7)
    });
    assert_eq!(long.await.ok(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_and_goes_on_to_the_caller() {
    let breaker = alone(touchy());
    let caller = breaker.clone();
    let ended = tokio::spawn(async move {
        let operation = || async { std::panic::resume_unwind(Box::new("no more")) };
        caller.execute::<(), (), _>(operation).await.ok()
    });
    assert!(ended.await.expect_err("it panics").is_panic());
    let stats = breaker.stats();
    assert_eq!((stats.totals.panicked, stats.totals.failures), (1, 1));
    assert_eq!(stats.state, CircuitState::Open);
}

#[test]
fn a_panic_before_the_operation_is_even_a_future_is_a_failure_too() {
    let breaker = alone(touchy());
    let operation = || -> Result<(), ()> { std::panic::resume_unwind(Box::new("no more")) };
    let call = AssertUnwindSafe(|| breaker.execute_sync(operation));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(breaker.stats().totals.panicked, 1);
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn what_the_classifier_ignores_counts_for_nothing_and_is_handed_on() {
    let breaker = alone(touchy());
    let classify = |result: &Result<(), &str>| match result {
        Err("bad path") => Outcome::Ignored,
        Err(_) => Outcome::Failure,
        Ok(()) => Outcome::Success,
    };
    let mistake = breaker.execute_with(classify, || async { Err("bad path") });
    assert!(matches!(
        mistake.await,
        Err(CircuitError::Failed("bad path"))
    ));
    assert_eq!(breaker.stats().totals.ignored, 1);
    assert_eq!(breaker.state(), CircuitState::Closed);
    let failure = breaker.execute_with(classify, || async { Err("no disk") });
    assert!(failure.await.is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_refusal_of_an_inner_breaker_is_no_failure_of_the_outer() {
    let (outer, inner) = (alone(touchy()), alone(touchy()));
    inner.force_open();
    for _ in 0..10 {
        let refused = outer
            .execute_with(Nested(ByResult), || succeed(&inner))
            .await;
        assert!(matches!(
            refused,
            Err(CircuitError::Failed(CircuitError::Open(_)))
        ));
    }
    let stats = outer.stats();
    assert_eq!(
        (stats.state, stats.totals.ignored),
        (CircuitState::Closed, 10)
    );
    inner.reset();
    assert!(
        outer
            .execute_with(Nested(ByResult), || fail(&inner))
            .await
            .is_err()
    );
    assert_eq!(outer.state(), CircuitState::Open, "its failures are");
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_though_they_succeed() {
    let trip = TripRules::default().slow_rate(0.5, 4);
    let config = CircuitConfig::default()
        .slow_after(Duration::from_secs(1))
        .trip(trip);
    let breaker = alone(config);
    for nth in 0..4 {
        let call = breaker.execute(|| async {
            // Exactly as long as it takes to be slow, every other time.
            let time = Duration::from_secs(1) - Duration::from_nanos(nth % 2);
            tokio::time::advance(time).await;
            Ok::<_, ()>(())
        });
        assert!(call.await.is_ok());
    }
    let stats = breaker.stats();
    assert_eq!(stats.totals.slow, 2);
    assert_eq!(stats.state, CircuitState::Open);
    assert_eq!(
        stats.transitions[0].cause.to_string(),
        "50.0 % of the calls were slow"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_that_do_not_come_back_open_it_while_they_are_out() {
    let trip = TripRules::default().in_flight(2, Duration::from_secs(3));
    let breaker = alone(CircuitConfig::default().trip(trip));
    let first = breaker.try_acquire().expect("it is closed");
    advance(2).await;
    let second = breaker.try_acquire().expect("it is closed");
    advance(2).await;
    breaker
        .try_acquire()
        .expect("one is out too long")
        .success();
    advance(1).await;
    let refused = breaker.try_acquire().expect_err("two are");
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));
    first.success();
    second.failure();
    let stats = breaker.stats();
    assert_eq!((stats.totals.late, stats.totals.successes), (2, 1));
}

#[test]
fn without_a_runtime_a_call_that_does_not_wait_can_be_made() {
    let breaker = alone(CircuitConfig::default().failure_threshold(2));
    assert_eq!(breaker.execute_sync(|| Ok::<_, ()>(5)).ok(), Some(5));
    for _ in 0..2 {
        assert!(breaker.execute_sync(|| Err::<(), _>("no")).is_err());
    }
    let refused = breaker.execute_sync(|| Ok::<_, &str>(()));
    assert!(matches!(refused, Err(CircuitError::Open(_))));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_which_breaker_it_is_of_and_when_to_come_back() {
    let breaker = alone(touchy());
    assert!(fail(&breaker).await.is_err());
    tokio::time::advance(Duration::from_millis(100)).await;
    let refused = breaker.try_acquire().expect_err("it is open").to_string();
    assert_eq!(refused, "the circuit db is open, come back in 29s 900ms");
}

#[tokio::test(start_paused = true)]
async fn a_panic_elsewhere_in_the_task_is_no_failure_of_what_was_called() {
    let breaker = alone(touchy());
    let caller = breaker.clone();
    let joined = tokio::spawn(async move {
        let call = caller.execute(std::future::pending::<Result<(), ()>>);
        let other = async { std::panic::resume_unwind(Box::new("no more")) };
        let _: (Result<(), _>, ()) = tokio::join!(call, other);
    });
    assert!(joined.await.expect_err("it panics").is_panic());
    let stats = breaker.stats();
    assert_eq!((stats.totals.panicked, stats.totals.cancelled), (0, 1));
    assert_eq!(stats.state, CircuitState::Closed);
}

#[test]
fn a_call_with_a_time_out_outside_of_a_runtime_is_no_failure_of_what_was_called() {
    let breaker = alone(touchy());
    let call = breaker.execute(|| async { Ok::<(), ()>(()) });
    // Told no panic hook: it is tokio's own panic.
    let panics = std::thread::scope(|scope| {
        let thread = scope.spawn(|| super::support::poll_times(call, 1));
        thread.join().is_err()
    });
    assert!(panics);
    assert_eq!(breaker.stats().totals.panicked, 0);
    assert_eq!(breaker.state(), CircuitState::Closed);
}

/// Takes a permit when it is dropped, and says nothing of it.
struct AsksAtItsEnd(CircuitBreaker);

impl Drop for AsksAtItsEnd {
    fn drop(&mut self) {
        drop(self.0.try_acquire().ok());
        drop(self.0.try_acquire_owned().ok());
    }
}

#[test]
fn a_permit_that_was_taken_while_a_panic_went_on_was_not_dropped_by_it() {
    let breaker = alone(touchy());
    let asks = AsksAtItsEnd(breaker.clone());
    let thread = std::thread::spawn(move || {
        let _asks = asks;
        std::panic::resume_unwind(Box::new("no more"));
    });
    assert!(thread.join().is_err());
    let totals = breaker.stats().totals;
    assert_eq!((totals.panicked, totals.cancelled), (0, 2));
}

#[test]
fn a_panic_of_the_classifier_is_one_of_the_call() {
    let breaker = alone(touchy().without_call_timeout());
    let classify =
        |_: &Result<(), ()>| -> Outcome { std::panic::resume_unwind(Box::new("no more")) };
    let call = breaker.execute_with(classify, || async { Ok(()) });
    let polled = AssertUnwindSafe(|| super::support::poll_times(call, 1));
    assert!(std::panic::catch_unwind(polled).is_err());
    assert_eq!(breaker.stats().totals.panicked, 1);
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn what_an_inner_breaker_ignores_the_outer_can_ignore_too() {
    let (outer, inner) = (alone(touchy()), alone(touchy()));
    let of_inner = |result: &Result<(), &str>| match result {
        Err("bad path") => Outcome::Ignored,
        Err(_) => Outcome::Failure,
        Ok(()) => Outcome::Success,
    };
    let of_outer = |result: &Result<&(), &&str>| match *result {
        Err(&"bad path") => Outcome::Ignored,
        Err(_) => Outcome::Failure,
        Ok(()) => Outcome::Success,
    };
    for (error, state) in [
        ("bad path", CircuitState::Closed),
        ("no disk", CircuitState::Open),
    ] {
        let call = || inner.execute_with(of_inner, || async { Err(error) });
        assert!(outer.execute_with(Nested(of_outer), call).await.is_err());
        assert_eq!((inner.state(), outer.state()), (state, state));
    }
}
