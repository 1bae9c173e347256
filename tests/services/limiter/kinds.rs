//! The trait, and a type for each algorithm.

use mainstay_actors::limiter::{
    FixedWindowLimiter, RateKey, RateLimiter, RegisterLimiterError, SlidingWindowLimiter,
    TokenBucketLimiter,
};
use mainstay_supervisors::specs::RateLimitConfig;

use super::support::{name, seconds};

/// All that a limiter has to do, through the trait alone.
async fn limits(limiter: &impl RateLimiter) {
    let key = Some(RateKey::user("ada"));
    for left in [2, 1, 0] {
        let admission = limiter.check_rate_limit(key, 1).await.expect("it may");
        assert_eq!(admission.remaining(), Some(left));
    }
    let refused = limiter
        .check_rate_limit(key, 1)
        .await
        .expect_err("it is too much");
    let status = limiter
        .rate_limit_status(key)
        .await
        .expect("a key")
        .expect("a key");
    assert_eq!(status.retry_after, refused.retry_after());
    assert!(status.limited);
    limiter.reset_rate_limit(key).await.expect("a key");
    let status = limiter
        .rate_limit_status(key)
        .await
        .expect("a key")
        .expect("a key");
    assert_eq!((status.remaining, status.limited), (3, false));
    assert!(limiter.check_rate_limit(None, 1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn all_kinds_of_limiters_do_all_there_is_to_do() {
    let window = seconds(60);
    let bucket = TokenBucketLimiter::new(name("a"), RateLimitConfig::token_bucket(3, window));
    limits(&bucket.expect("it is one")).await;
    let log = SlidingWindowLimiter::new(name("a"), RateLimitConfig::sliding_window(3, window));
    limits(&log.expect("it is one")).await;
    let two = RateLimitConfig::sliding_window_approximate(3, window);
    limits(&SlidingWindowLimiter::new(name("a"), two).expect("it is one")).await;
    let fixed = FixedWindowLimiter::new(name("a"), RateLimitConfig::fixed_window(3, window));
    let fixed = fixed.expect("it is one");
    limits(&fixed).await;
    limits(&fixed.limiter().clone()).await;
}

#[test]
fn a_kind_of_limiter_is_of_its_own_algorithm() {
    let config = RateLimitConfig::fixed_window(3, seconds(60));
    let wrong = TokenBucketLimiter::new(name("a"), config).map(drop);
    let told = wrong.expect_err("it is another");
    assert_eq!(
        told,
        RegisterLimiterError::OtherAlgorithm {
            expected: "token_bucket",
            found: "fixed_window"
        }
    );
    assert_eq!(
        told.to_string(),
        "expected the algorithm token_bucket, found fixed_window"
    );
}
