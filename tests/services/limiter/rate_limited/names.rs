//! Limiters that are found by name, or by an expression.

use mainstay::rate_limited;
use mainstay_actors::limiter::{
    FixedWindowLimiter, RateLimitError, RateLimiterRegistry, RegisterLimiterError,
};
use mainstay_supervisors::specs::{RateLimitConfig, RateLimitersSpec, ServiceName};

use super::Wrong;
use crate::limiter::support::{Bed, name, seconds};

fn one() -> RateLimitConfig {
    RateLimitConfig::fixed_window(1, seconds(60))
}

#[rate_limited(limiter = "api", key = Global)]
fn ask() -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "api", key = Global, on_missing = allow)]
async fn ask_anyway() -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "api", key = Global, on_missing = allow, on_limited = wait)]
async fn wait_anyway() -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "made", key = Global, on_missing = create(one()), on_limited = fallback(|_| Ok(0)))]
fn made() -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "wrong", key = Global, on_missing = create(RateLimitConfig::fixed_window(0, seconds(1))), on_limited = fallback(|_| Ok(0)))]
fn wrong() -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = service, key = Global)]
async fn of_service(service: &ServiceName) -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = limiters.register(name("again"), one()), key = Global)]
fn of_result(limiters: &RateLimiterRegistry) -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = kind, key = Global)]
fn of_kind(kind: &FixedWindowLimiter) -> Result<u8, Wrong> {
    Ok(7)
}

fn limited(error: RateLimitError) -> Result<u8, Wrong> {
    Err(Wrong::Limited(error))
}

fn is_refused(answer: &Result<u8, Wrong>) -> bool {
    matches!(answer, Err(Wrong::Limited(RateLimitError::Exceeded(_))))
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_for_in_the_namespace_of_the_current_process() {
    let bed = Bed::new().await;
    let limiter = bed.limiter(one());
    let calls = async {
        assert_eq!(ask(), Ok(7));
        assert!(is_refused(&ask()));
        assert!(is_refused(&ask_anyway().await));
        assert!(is_refused(&of_service(&name("api")).await));
        tokio::time::advance(seconds(60)).await;
        assert_eq!(of_service(&name("api")).await, Ok(7));
        assert_eq!(wait_anyway().await, Ok(7));
    };
    bed.keeper().scope(calls).await;
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused), (3, 3));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_an_error_unless_it_is_said_what_else() {
    let bed = Bed::with(RateLimitersSpec::default().limiters_max(1)).await;
    let calls = async {
        let missing = || limited(RateLimitError::Missing(name("api")));
        assert_eq!(ask(), missing());
        assert_eq!(of_service(&name("api")).await, missing());
        for _ in 0..3 {
            assert_eq!(ask_anyway().await, Ok(7));
            assert_eq!(wait_anyway().await, Ok(7));
        }
        assert_eq!(made(), Ok(7));
        assert_eq!(made(), Ok(0));
        // A fallback is for what is refused, and not for what is amiss.
        let faults = RateLimitConfig::fixed_window(0, seconds(1)).validate();
        let error = RegisterLimiterError::Config(faults.expect_err("it is wrong"));
        assert_eq!(wrong(), limited(RateLimitError::Register(Box::new(error))));
        let full = RegisterLimiterError::TooMany { max: 1 };
        let full = limited(RateLimitError::Register(Box::new(full)));
        assert_eq!(of_result(&bed.limiters), full);
    };
    bed.keeper().scope(calls).await;
    let made = bed.limiters.limiter("made").expect("it was made");
    assert_eq!(*made.config(), one());
    assert_eq!(bed.limiters.limiters().len(), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_processes_there_is_no_name_to_be_found() {
    let nowhere = |text| limited(RateLimitError::NoNamespace(name(text)));
    assert_eq!(ask(), nowhere("api"));
    assert_eq!(made(), nowhere("made"));
    assert_eq!(ask_anyway().await, Ok(7));
    assert_eq!(
        ask().expect_err("no process").to_string(),
        "there is no namespace to look for the rate limiter api in: no process of one runs here"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_is_at_hand_is_given_as_it_is() {
    let kind = FixedWindowLimiter::new(name("api"), one()).expect("it is one");
    assert_eq!(of_kind(&kind), Ok(7));
    assert!(is_refused(&of_kind(&kind)));
    let bed = Bed::new().await;
    assert_eq!(of_result(&bed.limiters), Ok(7));
    let again = RegisterLimiterError::AlreadyRegistered(name("again"));
    let again = limited(RateLimitError::Register(Box::new(again)));
    assert_eq!(of_result(&bed.limiters), again);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_is_there_is_found_as_it_is_by_all_who_would_make_it() {
    let bed = Bed::with(RateLimitersSpec::default().limiters_max(1)).await;
    let first = bed.limiters.limiter_or_register(&name("api"), &one());
    let other = RateLimitConfig::token_bucket(9, seconds(1));
    let second = bed.limiters.limiter_or_register(&name("api"), &other);
    assert_eq!(*second.expect("it is there").config(), one());
    drop(first.expect("it was made"));
    let full = bed.limiters.limiter_or_register(&name("b"), &other);
    assert_eq!(
        full.map(drop),
        Err(RegisterLimiterError::TooMany { max: 1 })
    );
    bed.end().await;
}
