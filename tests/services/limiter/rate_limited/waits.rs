//! Calls that wait for their turn.

use std::time::Duration;

use mainstay::rate_limited;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};
use mainstay_supervisors::specs::RateLimitConfig;
use tokio::time::Instant;

use super::{Wrong, left};
use crate::limiter::support::{alone, name, poll_times, seconds};

#[rate_limited(limiter = limiter, key = User(user), on_limited = wait(within))]
async fn patient(limiter: &Limiter, user: &str, within: Duration) -> Result<Instant, Wrong> {
    Ok(Instant::now())
}

#[rate_limited(limiter = limiter, key = User(user), cost = cost, on_limited = wait)]
fn endless(
    limiter: &Limiter,
    user: String,
    cost: u32,
) -> impl Future<Output = Result<Instant, Wrong>> + Send + use<'_> {
    async { Ok(Instant::now()) }
}

fn one_a_second() -> Limiter {
    alone(RateLimitConfig::token_bucket(1, seconds(1)))
}

#[tokio::test(start_paused = true)]
async fn calls_wait_in_turn_and_are_made_at_the_moment_they_may() {
    let (limiter, begun) = (one_a_second(), Instant::now());
    let call = || endless(&limiter, "ada".to_owned(), 1);
    let (a, b, c) = tokio::join!(call(), call(), call());
    let after = |made: Result<Instant, Wrong>| made.expect("it may") - begun;
    // The timer of tokio goes by milliseconds, and is never early.
    assert_eq!(
        [after(a), after(b), after(c)],
        [seconds(0), seconds(1), seconds(2)]
    );
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_for_too_long_is_refused_at_once() {
    let (limiter, begun) = (one_a_second(), Instant::now());
    let half = Duration::from_millis(500);
    assert_eq!(patient(&limiter, "ada", half).await, Ok(begun));
    let late = RateLimitError::TooLate {
        policy: name("api"),
        ready_in: seconds(1),
        within: half,
    };
    assert_eq!(
        patient(&limiter, "ada", half).await,
        Err(Wrong::Limited(late))
    );
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let made = patient(&limiter, "ada", seconds(1)).await;
    assert_eq!(made, Ok(begun + seconds(1)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_costs_too_much_does_not_wait() {
    let limiter = one_a_second();
    let refused = endless(&limiter, "ada".to_owned(), 2).await;
    let dear = RateLimitError::TooCostly {
        policy: name("api"),
        cost: 2,
        max: 1,
    };
    assert_eq!(refused, Err(Wrong::Limited(dear)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_takes_nothing() {
    let limiter = one_a_second();
    assert!(patient(&limiter, "ada", seconds(9)).await.is_ok());
    assert!(!poll_times(patient(&limiter, "ada", seconds(9)), 2));
    assert_eq!(limiter.stats().waiting, 0);
    tokio::time::advance(seconds(1)).await;
    assert_eq!(left(&limiter, RateKey::user("ada")), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_can_be_sent_to_another_thread() {
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    let limiter = one_a_second();
    assert!(sent(patient(&limiter, "ada", seconds(1))).await.is_ok());
    assert!(sent(endless(&limiter, String::new(), 1)).await.is_ok());
}
