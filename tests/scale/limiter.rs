//! Ten million keys through a rate limiter that may have a hundred thousand; without optimisation, where that takes minutes, a
//! twentieth of both.

use std::time::Duration;

use mainstay_actors::limiter::{Limiter, RateKey};
use mainstay_supervisors::specs::RateLimitConfig;

const KEYS: u64 = if cfg!(debug_assertions) {
    500_000
} else {
    10_000_000
};
const KEYS_MAX: u32 = (KEYS / 100) as u32;
const BYTES_MAX: u64 = KEYS_MAX as u64 * 42;

#[test]
fn a_hundred_times_as_many_keys_as_may_be_take_no_more_than_the_bound_and_a_hot_key_stays_limited()
{
    // Nothing comes back while the test runs: a token is an hour.
    let config = RateLimitConfig::token_bucket(100, Duration::from_secs(360_000));
    let config = config.keys_max(KEYS_MAX).bytes_max(BYTES_MAX);
    let limiter = Limiter::new("api".parse().expect("a name"), config).expect("it is valid");
    let hot = |calls: u32| (0..calls).filter(|_| limiter.check(RateKey::from("hot")).is_ok());
    assert_eq!(hot(200).count(), 100);
    for number in 0..KEYS {
        // Most of them find no room; what becomes of them is not the matter here.
        drop(limiter.check(RateKey::id(number)));
        if number % (KEYS / 10) == 0 {
            assert_eq!(hot(10).count(), 0);
            let stats = limiter.stats();
            assert!(stats.keys <= u64::from(KEYS_MAX) && stats.bytes <= BYTES_MAX);
        }
    }
    assert_eq!(hot(10).count(), 0);
    let stats = limiter.stats();
    assert_eq!(stats.keys, u64::from(KEYS_MAX));
    assert!(stats.bytes <= u64::from(KEYS_MAX) * 24, "{}", stats.bytes);
    assert_eq!(stats.crowded, KEYS + 1 - u64::from(KEYS_MAX));
}
