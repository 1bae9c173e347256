//! A limit that changes while it is in use.

use mainstay_actors::limiter::{RateKey, RegisterLimiterError};
use mainstay_supervisors::specs::{Inherit, RateLimitConfig};

use super::support::{ALGORITHMS, admitted, alone, remaining, seconds, settle};

#[tokio::test(start_paused = true)]
async fn keys_take_over_what_the_new_configuration_says() {
    for algorithm in ALGORITHMS {
        for (inherit, left) in [
            (Inherit::Keep, 15),
            (Inherit::Proportional, 10),
            (Inherit::Reset, 20),
        ] {
            let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(60)));
            assert_eq!(admitted(&limiter, "a", 5), 5);
            let next = RateLimitConfig::new(algorithm, 20, seconds(60)).on_change(inherit);
            limiter.reconfigure(next).expect("it is valid");
            assert_eq!(remaining(&limiter, "a"), left, "{algorithm:?} {inherit:?}");
            assert_eq!(remaining(&limiter, "new"), 20);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_changes_nothing() {
    let limiter = alone(RateLimitConfig::token_bucket(10, seconds(60)));
    assert_eq!(admitted(&limiter, "a", 5), 5);
    let other = RateLimitConfig::fixed_window(10, seconds(60));
    let refused = limiter.reconfigure(other.clone());
    assert_eq!(
        refused,
        Err(RegisterLimiterError::Algorithm { found: "keep" })
    );
    let wrong = limiter.reconfigure(RateLimitConfig::token_bucket(0, seconds(60)));
    assert!(matches!(wrong, Err(RegisterLimiterError::Config(_))));
    for number in 0..1000 {
        limiter.check(RateKey::id(number)).expect("its first");
    }
    let small = RateLimitConfig::token_bucket(10, seconds(60)).bytes_max(512);
    let refused = limiter.reconfigure(small);
    assert!(matches!(
        refused,
        Err(RegisterLimiterError::TooManyBytes { max: 512, .. })
    ));
    assert_eq!(
        (remaining(&limiter, "a"), limiter.stats().config_version),
        (5, 1)
    );
    limiter
        .reconfigure(other.on_change(Inherit::Reset))
        .expect("all begin anew");
    assert_eq!(
        (remaining(&limiter, "a"), limiter.stats().config_version),
        (10, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn fewer_keys_than_there_are_lets_no_new_ones_in_until_some_are_idle() {
    let limiter = alone(RateLimitConfig::fixed_window(2, seconds(60)));
    for number in 0..100 {
        limiter.check(RateKey::id(number)).expect("its first");
    }
    let fewer = RateLimitConfig::fixed_window(2, seconds(60)).keys_max(10);
    limiter.reconfigure(fewer).expect("it is valid");
    assert_eq!(limiter.stats().keys, 100);
    for number in 0..100 {
        limiter.check(RateKey::id(number)).expect("its second");
        limiter.check(RateKey::id(number)).expect_err("its third");
    }
    tokio::time::advance(seconds(60)).await;
    let counted = (1000..3000).filter(|&number| {
        let admission = limiter.check(RateKey::id(number));
        admission.is_ok_and(|admission| admission.is_counted())
    });
    // Each that comes lets idle ones go, until there are as many as there may be, all of them new.
    assert_eq!(counted.count(), 10);
    assert_eq!((limiter.stats().keys, limiter.stats().evicted), (10, 100));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_hear_of_a_change() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(3600)));
        limiter.check_n(RateKey::from("a"), 10).expect("all of it");
        let wait = |cost| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.wait(RateKey::from("a"), cost).await })
        };
        let (small, large) = (wait(5), wait(10));
        settle().await;
        let began = tokio::time::Instant::now();
        let more = RateLimitConfig::new(algorithm, 15, seconds(3600));
        limiter.reconfigure(more).expect("it is valid");
        small.await.expect("it ends").expect("there is enough");
        assert_eq!(began.elapsed(), seconds(0), "{algorithm:?}");
        let less = RateLimitConfig::new(algorithm, 7, seconds(3600));
        limiter.reconfigure(less).expect("it is valid");
        let refused = large.await.expect("it ends").expect_err("it can never be");
        assert!(
            refused
                .to_string()
                .ends_with("may cost 7 at most, and this one costs 10")
        );
        assert_eq!(began.elapsed(), seconds(0), "{algorithm:?}");
    }
}
