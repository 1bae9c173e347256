//! Rates of buckets.

use std::time::Duration;

use mainstay_specs::RateLimitConfig;

use super::{Key, SECOND, seconds};

#[test]
fn no_rate_drifts_in_a_million_steps_or_a_year() {
    let rates = [
        (3, 1_u64),
        (7, 60),
        (100, 60),
        (300_000_000, 1),
        (1001, 1),
        (99_991, 86_400),
    ];
    for (limit, window) in rates {
        let config = RateLimitConfig::token_bucket(limit, seconds(window)).burst_limit(1);
        let mut key = Key::new(&config, 0, 0);
        key.take(1).expect("the first");
        let mut admitted = 0_u128;
        for _ in 0..1_000_000 {
            let wait = key.take(1).expect_err("one at a time");
            key.at.now += wait;
            key.take(1).expect("it said so");
            admitted += 1;
        }
        let exact =
            u128::from(key.at.now) * u128::from(limit) / (u128::from(window) * u128::from(SECOND));
        assert!(
            admitted <= exact,
            "{limit} in {window} s: {admitted} of {exact}"
        );
        // A nanosecond at most is lost at each step by waiting for a whole one; where a token is many, nothing.
        if u128::from(window) * u128::from(SECOND) / u128::from(limit) > 1_000_000 {
            assert!(
                admitted + 1 >= exact,
                "{limit} in {window} s: {admitted} of {exact}"
            );
        }
        // A year later it has exactly what it may have.
        key.at.now += 366 * 86_400 * SECOND;
        assert_eq!((key.take(1), key.left()), (Ok(0), 0));
    }
}

#[test]
fn a_bucket_that_is_asked_each_nanosecond_fills_all_the_same() {
    let config = RateLimitConfig::token_bucket(3, Duration::from_micros(1)).burst_limit(1);
    let mut key = Key::new(&config, 0, 0);
    let mut admitted = 0;
    for now in 0..1_000_000 {
        key.at.now = now;
        admitted += u32::from(key.take(1).is_ok());
    }
    // A bucket of one token is full after 333⅓ nanoseconds, is asked at the 334th, and what came meanwhile is lost. One of
    // three loses nothing.
    assert_eq!(admitted, 2995);
    let mut waited = Key::new(&config.clone().burst_limit(3), 0, 0);
    let mut all = 0;
    for now in 0..1_000_000 {
        waited.at.now = now;
        all += u32::from(waited.take(1).is_ok());
    }
    assert_eq!(all, 3 + 2999);
}

#[test]
fn a_bucket_begins_with_the_limit_and_saves_up_to_the_burst() {
    let config = RateLimitConfig::token_bucket(5, seconds(1)).burst_limit(10);
    let mut key = Key::new(&config, 7 * SECOND, 0);
    for left in (0..5).rev() {
        assert_eq!(key.take(1), Ok(left));
    }
    assert_eq!(key.take(1), Err(200_000_000));
    key.at.now += 2 * SECOND;
    assert_eq!(key.left(), 10);
    assert_eq!(key.take(10), Ok(0));
    let small = RateLimitConfig::token_bucket(100, seconds(1)).burst_limit(10);
    assert_eq!(Key::new(&small, 0, 0).left(), 10);
}
