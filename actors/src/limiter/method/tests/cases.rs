//! Windows, changes, the largest numbers.

use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig, WindowStart};

use super::{ALGORITHMS, Key, SECOND, seconds};

#[test]
fn a_unit_counts_for_exactly_one_window() {
    let mut log = Key::new(&RateLimitConfig::sliding_window(2, seconds(1)), 0, 0);
    for (now, taken) in [
        (10, Ok(1)),
        (SECOND + 9, Ok(0)),
        (SECOND + 9, Err(1)),
        (SECOND + 10, Ok(0)),
        (SECOND + 10, Err(SECOND - 1)),
        (2 * SECOND + 8, Err(1)),
        (2 * SECOND + 9, Ok(0)),
    ] {
        log.at.now = now;
        assert_eq!(log.take(1), taken, "at {now}");
    }
    let config = RateLimitConfig::fixed_window(2, seconds(1)).window_start(WindowStart::Aligned);
    let mut fixed = Key::new(&config, 0, 0);
    for (now, taken) in [
        (SECOND - 1, Ok(1)),
        (SECOND - 1, Ok(0)),
        (SECOND - 1, Err(1)),
        (SECOND, Ok(1)),
        (SECOND, Ok(0)),
        (SECOND, Err(SECOND)),
        (2 * SECOND - 1, Err(1)),
        (2 * SECOND, Ok(1)),
    ] {
        fixed.at.now = now;
        assert_eq!(fixed.take(1), taken, "at {now}");
    }
}

#[test]
fn the_windows_of_keys_begin_at_phases_of_their_own() {
    let config = RateLimitConfig::fixed_window(1, seconds(1));
    let end = |phase: u64| {
        let mut key = Key::new(&config, 0, phase);
        key.take(1).expect("the first");
        key.take(1).expect_err("the second")
    };
    assert_eq!(end(1 << 63), SECOND / 2);
    assert_eq!(end(1 << 62), SECOND / 4);
    assert_eq!(end(0), SECOND);
}

#[test]
fn a_sliding_window_never_admits_more_in_any_time_as_long_as_it_is() {
    let config = RateLimitConfig::sliding_window(7, Duration::from_nanos(1000));
    let mut key = Key::new(&config, 0, 0);
    let mut admitted = Vec::new();
    let mut dice = 12_345_u64;
    for _ in 0..20_000 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        key.at.now += dice >> 57;
        let cost = 1 + (dice >> 40) as u32 % 3;
        if key.take(cost).is_ok() {
            admitted.extend(std::iter::repeat_n(key.at.now, cost as usize));
        }
    }
    for eight in admitted.windows(8) {
        assert!(eight[7] - eight[0] >= 1000);
    }
}

#[test]
fn the_overshoot_of_the_approximation_is_at_most_the_limit() {
    let config = RateLimitConfig::sliding_window_approximate(100, seconds(1));
    let mut key = Key::new(&config, 0, 0);
    key.take(1).expect("it begins a window");
    key.at.now = SECOND - 1;
    key.take(99).expect("all at its end");
    key.at.now = 2 * SECOND - 1;
    // What was taken a nanosecond before is in sight of a true window, and has faded here.
    assert_eq!(key.left(), 99);
}

#[test]
fn who_had_used_half_has_used_half_or_as_much_as_before() {
    for algorithm in ALGORITHMS {
        let was = RateLimitConfig::new(algorithm, 100, seconds(1));
        let now = RateLimitConfig::new(algorithm, 200, seconds(1));
        for (inherit, up, down) in [
            (Inherit::Keep, 150, 0),
            (Inherit::Proportional, 100, 25),
            (Inherit::Reset, 200, 50),
        ] {
            let mut key = Key::new(&was, 0, 0);
            key.take(50).expect("half");
            key.change(&now, inherit);
            assert_eq!(key.left(), up, "{algorithm:?} {inherit:?}");
            let mut key = Key::new(&was, 0, 0);
            key.take(50).expect("half");
            let less = RateLimitConfig::new(algorithm, 50, seconds(1));
            key.change(&less, inherit);
            assert_eq!(key.left(), down, "{algorithm:?} {inherit:?}");
        }
    }
}

#[test]
fn the_largest_numbers_that_are_accepted_overflow_nothing() {
    let year = seconds(366 * 86_400);
    for (limit, window, burst) in [
        (u32::MAX, year, u32::MAX),
        (u32::MAX - 1, Duration::from_nanos(1), 1),
        (1, year, 100),
        (4_294_967_291, year - Duration::from_nanos(1), u32::MAX),
    ] {
        let config = RateLimitConfig::token_bucket(limit, window).burst_limit(burst);
        let mut key = Key::new(&config, u64::MAX >> 5, 0);
        let begun = u64::from(burst.min(limit));
        assert_eq!(key.left(), begun);
        let cost = burst.min(limit);
        key.take(cost).expect("all of it");
        key.method.look(&key.state, key.at).full_in.ceil();
        assert!(key.take(burst).is_err() || limit == u32::MAX - 1);
        for inherit in [Inherit::Keep, Inherit::Proportional] {
            key.change(
                &RateLimitConfig::token_bucket(1, year).burst_limit(100),
                inherit,
            );
            key.change(&config, inherit);
        }
    }
    for algorithm in [Algorithm::FixedWindow, Algorithm::SlidingWindowApproximate] {
        let config = RateLimitConfig::new(algorithm, u32::MAX, year);
        let mut key = Key::new(&config, u64::MAX >> 5, u64::MAX);
        assert_eq!(key.take(u32::MAX), Ok(0));
        let wait = key.take(u32::MAX).expect_err("all is gone");
        key.at.now += wait;
        assert_eq!(key.take(u32::MAX), Ok(0));
    }
}
