//! A service behind limiters.

use std::sync::atomic::{AtomicU32, Ordering};

use mainstay_actors::limiter::{
    FixedWindowLimiter, Limiter, RateKey, RateLimitError, RateLimitedError, RateLimitedService,
    RegisterLimiterError,
};
use mainstay_supervisors::specs::{RateLimitConfig, RateLimitersSpec};
use tokio::time::Instant;

use super::rate_limited::minutely;
use super::support::{Bed, alone, name, poll_times, seconds};

/// Counts how often it is called.
#[derive(Debug, Default)]
struct Search(AtomicU32);

impl Search {
    async fn find(&self, text: &str) -> Result<usize, &'static str> {
        self.find_now(text)
    }

    fn find_now(&self, text: &str) -> Result<usize, &'static str> {
        self.0.fetch_add(1, Ordering::Relaxed);
        if text.is_empty() {
            Err("nothing")
        } else {
            Ok(text.len())
        }
    }
}

type Found = Result<usize, RateLimitedError<&'static str>>;

fn is_limited(found: &Found) -> bool {
    matches!(
        found,
        Err(RateLimitedError::Limited(RateLimitError::Exceeded(_)))
    )
}

fn ada() -> RateKey<'static> {
    RateKey::user("ada")
}

fn service(limiter: Limiter) -> RateLimitedService<Search> {
    RateLimitedService::new(Search::default(), limiter)
}

#[tokio::test(start_paused = true)]
async fn a_service_is_called_exactly_as_often_as_its_limiter_lets_it() {
    let search = service(minutely(100));
    let mut found = Vec::new();
    for call in 0..200 {
        found.push(if call % 2 == 0 {
            search.call(ada()).run(|search| search.find("cup")).await
        } else {
            search.call(ada()).run_now(|search| search.find_now(""))
        });
    }
    assert!(found[100..].iter().all(is_limited));
    let failed = RateLimitedError::Failed("nothing");
    assert_eq!(found[..2], [Ok(3), Err(failed.clone())]);
    assert_eq!(failed.into_failed(), Some("nothing"));
    assert_eq!(search.unlimited().0.load(Ordering::Relaxed), 100);
    let grace = search.call(RateKey::user("grace"));
    assert_eq!(grace.run(|search| search.find("cup")).await, Ok(3));
    let refused = found.pop().expect("the last").expect_err("it is too much");
    let status = search.limiter().status(ada()).expect("a key");
    assert_eq!(
        refused.retry_after(),
        status.expect("a key").retry_after,
        "{refused}"
    );
    assert_eq!(refused.into_failed(), None);
}

#[tokio::test(start_paused = true)]
async fn a_function_may_have_a_limit_of_its_own() {
    let search = service(minutely(2)).with_function("export", minutely(5));
    let export = |cost| {
        let call = search.function("export", ada()).cost(cost);
        call.run_now(|search| search.find_now("cup"))
    };
    assert_eq!(export(4), Ok(3));
    assert!(is_limited(&export(2)));
    assert_eq!(export(1), Ok(3));
    assert_eq!(export(0), Ok(3));
    for expected in [true, true, false] {
        let found = search.call(ada()).run(|search| search.find("cup")).await;
        assert_eq!(found.is_ok(), expected);
    }
    assert!(search.limiter_of("export").is_some());
    assert!(search.limiter_of("import").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_misspelt_is_an_error_and_not_without_a_limit() {
    let search = service(minutely(2)).with_function("export", minutely(5));
    let error = RateLimitedError::UnknownFunction("exprot".to_owned());
    let unknown = Err(error.clone());
    let call = || search.function("exprot", ada());
    let found = call().run(|search| search.find("cup")).await;
    assert_eq!(found, unknown);
    assert_eq!(call().run_now(|search| search.find_now("cup")), unknown);
    let found = call().run_in_turn(|search| search.find("cup")).await;
    assert_eq!(found, unknown);
    let found = call().run_in_turn_within(seconds(1), |search| search.find("cup"));
    assert_eq!(found.await, unknown);
    assert_eq!(
        error.to_string(),
        "there is no limit for a function \"exprot\" of the service"
    );
    assert_eq!(search.unlimited().0.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_key_and_one_that_is_too_dear_say_so() {
    let search = service(minutely(2));
    let missing = RateLimitError::MissingKey {
        policy: name("api"),
    };
    let found = search.call(None).run(|search| search.find("cup")).await;
    assert_eq!(found, Err(RateLimitedError::Limited(missing)));
    let dear = RateLimitError::TooCostly {
        policy: name("api"),
        cost: 3,
        max: 2,
    };
    let call = search.call(ada()).cost(3);
    let found = call.run_in_turn(|search| search.find("cup")).await;
    assert_eq!(found, Err(RateLimitedError::Limited(dear)));
}

#[tokio::test(start_paused = true)]
async fn calls_in_turn_wait_and_are_made_at_the_moment_they_may() {
    let search = service(alone(RateLimitConfig::token_bucket(1, seconds(1))));
    let begun = Instant::now();
    let call = || {
        let call = search.call(ada());
        call.run_in_turn(async |search| {
            let found = search.find("cup").await;
            found.map(|_| begun.elapsed())
        })
    };
    let (a, b, c) = tokio::join!(call(), call(), call());
    assert_eq!([a, b, c], [Ok(seconds(0)), Ok(seconds(1)), Ok(seconds(2))]);
    let late = RateLimitError::TooLate {
        policy: name("api"),
        ready_in: seconds(1),
        within: seconds(0),
    };
    let within = |time| {
        let call = search.call(ada());
        call.run_in_turn_within(time, |search| search.find("cup"))
    };
    assert_eq!(
        within(seconds(0)).await,
        Err(RateLimitedError::Limited(late))
    );
    assert!(!poll_times(within(seconds(1)), 2));
    assert_eq!(within(seconds(1)).await, Ok(3));
    assert_eq!(search.unlimited().0.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn services_of_a_namespace_share_the_limiter_of_a_name() {
    let bed = Bed::with(RateLimitersSpec::default().limiters_max(1)).await;
    let config = RateLimitConfig::fixed_window(1, seconds(60));
    let made = |text: &str| {
        let search = Search::default();
        RateLimitedService::in_namespace(&bed.namespace, &name(text), &config, search)
    };
    let (one, other) = (
        made("search").expect("it may"),
        made("search").expect("it may"),
    );
    assert_eq!(
        one.call(ada()).run(|search| search.find("cup")).await,
        Ok(3)
    );
    let found = other.call(ada()).run(|search| search.find("cup")).await;
    assert!(is_limited(&found));
    bed.crash().await;
    let found = other.call(ada()).run(|search| search.find("cup")).await;
    assert!(is_limited(&found));
    let full = made("another").map(drop);
    assert_eq!(full, Err(RegisterLimiterError::TooMany { max: 1 }));
    drop((one, other));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_takes_any_limiter_that_there_is() {
    let config = RateLimitConfig::fixed_window(1, seconds(60));
    let limiter = FixedWindowLimiter::new(name("api"), config).expect("it is one");
    let search = RateLimitedService::new(Search::default(), limiter);
    let call = || search.call(ada()).run(|search| search.find("cup"));
    assert_eq!(call().await, Ok(3));
    assert!(is_limited(&call().await));
}
