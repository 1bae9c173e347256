//! The test that the design began with.

use std::time::Duration;

use mainstay_actors::limiter::{RateKey, RateLimitError, check_in};
use mainstay_supervisors::specs::RateLimitConfig;

use super::support::{Bed, name, seconds};

#[tokio::test(start_paused = true)]
async fn token_bucket_correctly_limits_requests() {
    let bed = Bed::new().await;
    tokio::time::advance(seconds(100)).await;
    bed.limiter(RateLimitConfig::token_bucket(5, seconds(1)).burst_limit(10));
    tokio::time::advance(seconds(100)).await;

    let api = name("api");
    for _ in 0..5 {
        let passed = check_in(&bed.namespace, &api, RateKey::from("test_key")).await;
        passed.expect("it may");
    }

    let refused = check_in(&bed.namespace, &api, RateKey::from("test_key")).await;
    let Err(RateLimitError::Exceeded(refused)) = refused else {
        panic!("the sixth is too much")
    };
    assert_eq!(refused.retry_after, Duration::from_millis(200));
    assert_eq!(
        refused.to_string(),
        "the rate limit api is reached, come back in 200ms"
    );
    bed.end().await;
}
