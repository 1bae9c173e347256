//! What calls come to, for the caller and for the breaker.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use mainstay::protected;
use mainstay_actors::breaker::{CircuitBreaker, CircuitError, CircuitState, Outcome, Unanswered};
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen};
use mainstay_tests::probe::ON_PURPOSE;
use tokio::time::sleep;

use super::Wrong;
use crate::breaker::support::{advance, alone, poll_times, touchy};

#[protected(breaker = breaker)]
async fn answer(breaker: &CircuitBreaker, answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = breaker)]
fn answer_now(breaker: &CircuitBreaker, answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = breaker)]
async fn takes(breaker: &CircuitBreaker, time: Duration) -> Result<(), Wrong> {
    sleep(time).await;
    Ok(())
}

#[protected(breaker = breaker)]
async fn panics(breaker: &CircuitBreaker) -> Result<(), Wrong> {
    tokio::task::yield_now().await;
    panic!("{ON_PURPOSE}")
}

#[protected(breaker = breaker)]
fn panics_now(breaker: &CircuitBreaker) -> Result<(), Wrong> {
    panic!("{ON_PURPOSE}")
}

#[protected(breaker = breaker)]
async fn reads(breaker: &CircuitBreaker, text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    let number = text.parse()?;
    Ok(number)
}

#[protected(breaker = outer)]
async fn nested(
    outer: &CircuitBreaker,
    inner: &CircuitBreaker,
) -> Result<u8, CircuitError<&'static str>> {
    inner.execute(|| async { Err("no") }).await
}

#[protected(breaker = outer)]
fn nested_now(outer: &CircuitBreaker, inner: Result<u8, Unanswered>) -> Result<u8, Unanswered> {
    inner
}

#[protected(breaker = breaker, error = |unanswered| format!("unanswered: {unanswered}"))]
async fn told(breaker: &CircuitBreaker, text: &str) -> Result<usize, String> {
    sleep(Duration::from_secs(9)).await;
    Err(text.to_owned())
}

#[protected(breaker = breaker, classify = |answer| match answer {
    Err(error) if *error == "not found" => Outcome::Ignored,
    Err(_) => Outcome::Failure,
    Ok(slow) if *slow => Outcome::Slow,
    Ok(_) => Outcome::Success,
}, error = |_| "unanswered")]
fn judged(
    breaker: &CircuitBreaker,
    answer: Result<bool, &'static str>,
) -> Result<bool, &'static str> {
    answer
}

#[tokio::test(start_paused = true)]
async fn answers_are_handed_on_and_counted_and_refusals_are_errors() {
    let breaker = alone(CircuitConfig::default().failure_threshold(2));
    assert_eq!(answer(&breaker, Ok(7)).await, Ok(7));
    assert_eq!(answer_now(&breaker, Ok(8)), Ok(8));
    let failed = Err(Wrong::Failed);
    assert_eq!(answer(&breaker, failed.clone()).await, failed);
    assert_eq!(breaker.stats().totals.successes, 2);
    assert_eq!(answer_now(&breaker, failed.clone()), failed);
    assert_eq!(breaker.state(), CircuitState::Open);
    for refused in [answer(&breaker, Ok(7)).await, answer_now(&breaker, Ok(7))] {
        let Err(Wrong::Unanswered(Unanswered::Open(refusal))) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(refusal.retry_after(), Some(Duration::from_secs(30)));
    }
    assert_eq!(breaker.stats().rejected, 2);
    advance(30).await;
    assert_eq!(answer(&breaker, Ok(7)).await, Ok(7));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_dropped_and_a_failure() {
    let breaker = alone(touchy());
    let begun = tokio::time::Instant::now();
    let late = takes(&breaker, Duration::from_secs(9)).await;
    let limit = Duration::from_secs(5);
    assert_eq!(late, Err(Wrong::Unanswered(Unanswered::Timeout(limit))));
    assert_eq!(begun.elapsed(), limit);
    assert_eq!(breaker.stats().totals.timed_out, 1);
    let endless = alone(touchy().without_call_timeout());
    assert_eq!(takes(&endless, Duration::from_secs(999)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_and_is_a_failure() {
    let breaker = alone(CircuitConfig::default());
    let late = AssertUnwindSafe(panics(&breaker)).catch_unwind().await;
    let now = catch_unwind(AssertUnwindSafe(|| panics_now(&breaker)));
    for caught in [late, now] {
        let text = caught.expect_err("it panics").downcast::<String>();
        assert_eq!(*text.expect("a text"), ON_PURPOSE);
    }
    assert_eq!(breaker.stats().totals.panicked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_future_asks_when_it_is_polled_and_gives_its_permit_back_wherever_it_is_dropped() {
    let breaker = alone(touchy().half_open(HalfOpen::new(1, 1)));
    let before = takes(&breaker, Duration::ZERO);
    assert!(answer(&breaker, Err(Wrong::Failed)).await.is_err());
    // It was called while calls were let through, and is run now that they are not.
    assert!(before.await.expect_err("it is open").is_refusal());
    advance(30).await;
    drop(takes(&breaker, Duration::from_secs(1)));
    assert_eq!(breaker.state(), CircuitState::Open);
    for polls in 1..3 {
        assert!(!poll_times(takes(&breaker, Duration::from_secs(1)), polls));
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
    }
    assert_eq!(breaker.stats().totals.cancelled, 2);
    let held = breaker.try_acquire().expect("the permit is back");
    let file = breaker.stats().probes[0].made_at.file();
    assert!(file.ends_with("answers.rs"), "{file}");
    held.success();
}

#[tokio::test(start_paused = true)]
async fn whatever_takes_any_error_takes_refusals() {
    let breaker = alone(touchy());
    assert_eq!(reads(&breaker, "12").await.expect("a number"), 12);
    let error = reads(&breaker, "dozen").await.expect_err("no number");
    assert!(error.is::<std::num::ParseIntError>());
    let error = reads(&breaker, "12").await.expect_err("it is open");
    assert!(error.is::<Unanswered>());
    assert_eq!(
        error.to_string(),
        "the circuit db is open, come back in 30s"
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_inner_breaker_refuses_is_no_failure_for_the_outer_one() {
    let (outer, inner) = (alone(touchy()), alone(touchy()));
    inner.force_open();
    let refused = nested(&outer, &inner).await;
    assert!(matches!(refused, Err(CircuitError::Open(_))), "{refused:?}");
    let refusal = inner.try_acquire().expect_err("it is open");
    let refused = Err(Unanswered::Open(refusal));
    assert_eq!(nested_now(&outer, refused.clone()), refused);
    assert_eq!(outer.state(), CircuitState::Closed);
    assert_eq!(outer.stats().totals.ignored, 2);
    inner.reset();
    let failed = nested(&outer, &inner).await;
    assert!(matches!(failed, Err(CircuitError::Failed("no"))));
    assert_eq!(outer.state(), CircuitState::Open);
    let refused = nested(&outer, &inner).await;
    assert!(matches!(refused, Err(CircuitError::Open(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn errors_that_know_nothing_of_breakers_are_made_by_the_option() {
    let breaker = alone(touchy());
    assert_eq!(
        told(&breaker, "no").await,
        Err("unanswered: the call was not done within 5s".to_owned())
    );
    assert_eq!(
        told(&breaker, "no").await,
        Err("unanswered: the circuit db is open, come back in 30s".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_classifier_says_what_answers_mean() {
    let breaker = alone(touchy());
    assert_eq!(judged(&breaker, Err("not found")), Err("not found"));
    assert_eq!(judged(&breaker, Ok(true)), Ok(true));
    assert_eq!(judged(&breaker, Ok(false)), Ok(false));
    let totals = breaker.stats().totals;
    assert_eq!((totals.ignored, totals.slow, totals.successes), (1, 1, 2));
    assert_eq!(judged(&breaker, Err("broken")), Err("broken"));
    assert_eq!(judged(&breaker, Ok(true)), Err("unanswered"));
}
