//! What calls come to.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay::rate_limited;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError, RateLimitedError};
use mainstay_supervisors::specs::RateLimitConfig;
use mainstay_tests::probe::ON_PURPOSE;

use super::{Wrong, left, minutely};
use crate::limiter::support::{alone, seconds};

#[rate_limited(limiter = limiter, key = Global)]
async fn answer(limiter: &Limiter, answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[rate_limited(limiter = limiter, key = Global)]
fn answer_now(limiter: &Limiter, answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[rate_limited(limiter = limiter, key = Global, cost = cost * 2)]
fn costs(limiter: &Limiter, cost: u32) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = Global)]
fn panics(limiter: &Limiter) -> Result<(), Wrong> {
    panic!("{ON_PURPOSE}")
}

#[rate_limited(limiter = limiter, key = Global)]
async fn reads(limiter: &Limiter, text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    let number = text.parse()?;
    Ok(number)
}

#[rate_limited(limiter = limiter, key = Global)]
fn wrapped(limiter: &Limiter) -> Result<u8, RateLimitedError<&'static str>> {
    Err(RateLimitedError::Failed("no"))
}

#[rate_limited(limiter = limiter, key = Global, error = |limited| format!("too much: {limited}"))]
fn told(limiter: &Limiter) -> Result<(), String> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = Global, on_limited = fallback(|_| Ok(greeting + "?")))]
fn greet(limiter: &Limiter, greeting: String) -> Result<String, Wrong> {
    Ok(greeting + "!")
}

#[rate_limited(limiter = limiter, key = Global, on_limited = fallback(async later))]
async fn greet_later(limiter: &Limiter) -> Result<u128, Wrong> {
    Ok(0)
}

async fn later(refusal: RateLimitError) -> Result<u128, Wrong> {
    tokio::time::sleep(seconds(1)).await;
    let wait = refusal.retry_after().ok_or(Wrong::Failed)?;
    Ok(wait.as_nanos())
}

#[tokio::test(start_paused = true)]
async fn exactly_so_many_calls_are_let_through_and_the_others_are_errors() {
    let limiter = alone(RateLimitConfig::token_bucket(100, seconds(100)));
    let mut answers = Vec::new();
    for call in 0..200 {
        let failed = Err(Wrong::Failed);
        answers.push(match call % 4 {
            0 => answer(&limiter, Ok(1)).await,
            1 => answer(&limiter, failed).await,
            2 => answer_now(&limiter, Ok(1)),
            _ => answer_now(&limiter, failed),
        });
    }
    let refused = answers.split_off(100);
    // A call that fails was made.
    let good = answers.iter().filter(|answer| **answer == Ok(1)).count();
    let failed = answers
        .iter()
        .filter(|answer| **answer == Err(Wrong::Failed));
    assert_eq!((good, failed.count()), (50, 50));
    for refused in refused {
        let Err(Wrong::Limited(RateLimitError::Exceeded(refused))) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((refused.limit, refused.retry_after), (100, seconds(1)));
    }
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused), (100, 100));
    tokio::time::advance(seconds(3)).await;
    for expected in [true, true, true, false] {
        assert_eq!(answer(&limiter, Ok(1)).await.is_ok(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_costs_what_its_arguments_say() {
    let limiter = minutely(10);
    assert_eq!(costs(&limiter, 3), Ok(()));
    assert_eq!(left(&limiter, RateKey::global()), 4);
    let refused = costs(&limiter, 3).expect_err("4 are left");
    assert!(matches!(
        refused,
        Wrong::Limited(RateLimitError::Exceeded(_))
    ));
    assert_eq!(costs(&limiter, 2), Ok(()));
    assert_eq!(costs(&limiter, 0), Ok(()));
    let refused = costs(&limiter, 6).expect_err("it is too dear");
    assert_eq!(
        refused.to_string(),
        "a call through the rate limit api may cost 10 at most, and this one costs 12"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_and_was_a_call() {
    let limiter = minutely(1);
    let caught = catch_unwind(AssertUnwindSafe(|| panics(&limiter)));
    let text = caught.expect_err("it panics").downcast::<String>();
    assert_eq!(*text.expect("a text"), ON_PURPOSE);
    assert!(panics(&limiter).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_future_asks_when_it_is_polled() {
    let limiter = minutely(1);
    let before = answer(&limiter, Ok(1));
    assert_eq!(answer_now(&limiter, Ok(2)), Ok(2));
    assert!(before.await.is_err());
    let limiter = minutely(1);
    drop(answer(&limiter, Ok(1)));
    assert_eq!(left(&limiter, RateKey::global()), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_of_any_kind_take_refusals() {
    let limiter = minutely(2);
    assert_eq!(reads(&limiter, "12").await.expect("a number"), 12);
    assert_eq!(wrapped(&limiter), Err(RateLimitedError::Failed("no")));
    let error = reads(&limiter, "12").await.expect_err("it is too much");
    assert!(error.is::<RateLimitError>());
    let refused = wrapped(&limiter).expect_err("it is too much");
    assert!(refused.retry_after().is_some());
    let told = told(&limiter).expect_err("it is too much");
    let begins = "too much: the rate limit api is reached, come back in ";
    assert!(told.starts_with(begins), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_stands_in_for_refused_calls_and_has_all_arguments() {
    let limiter = minutely(2);
    let hello = || "hello".to_owned();
    assert_eq!(greet(&limiter, hello()), Ok("hello!".to_owned()));
    assert_eq!(greet_later(&limiter).await, Ok(0));
    assert_eq!(greet(&limiter, hello()), Ok("hello?".to_owned()));
    let status = limiter.status(RateKey::global()).expect("a key");
    let wait = status.and_then(|status| status.retry_after).expect("none");
    assert_eq!(greet_later(&limiter).await, Ok(wait.as_nanos()));
}
