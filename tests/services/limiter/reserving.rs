//! What is taken and given back.

use mainstay_actors::limiter::{Limiter, RateKey};
use mainstay_supervisors::specs::RateLimitConfig;

use super::support::{ALGORITHMS, admitted, alone, remaining, seconds};

fn key() -> RateKey<'static> {
    RateKey::from("a")
}

fn limiters() -> impl Iterator<Item = Limiter> {
    let make = |algorithm| alone(RateLimitConfig::new(algorithm, 10, seconds(60)));
    ALGORITHMS.into_iter().map(make)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_used_goes_back_and_what_is_used_does_not() {
    for limiter in limiters() {
        let reserved = limiter.reserve(key(), 6).expect("there is enough");
        assert_eq!((reserved.cost(), remaining(&limiter, "a")), (6, 4));
        assert!(limiter.reserve(key(), 5).is_err());
        drop(reserved);
        assert_eq!(remaining(&limiter, "a"), 10);
        limiter.reserve(key(), 6).expect("there is enough").keep();
        assert_eq!(remaining(&limiter, "a"), 4);
        limiter.reserve(key(), 4).expect("there is enough").spend(1);
        assert_eq!(remaining(&limiter, "a"), 3);
        limiter.reserve(key(), 3).expect("there is enough").spend(7);
        assert_eq!(remaining(&limiter, "a"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_time_has_given_back_is_not_given_back_again() {
    for limiter in limiters() {
        let reserved = limiter.reserve(key(), 10).expect("there is enough");
        tokio::time::advance(seconds(120)).await;
        assert_eq!(admitted(&limiter, "a", 20), 10);
        drop(reserved);
        assert_eq!(remaining(&limiter, "a"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_the_limit_nothing_goes_back() {
    for limiter in limiters() {
        let reserved = limiter.reserve(key(), 10).expect("there is enough");
        let mut config = (*limiter.config()).clone();
        config.limit = 20;
        limiter.reconfigure(config).expect("it is valid");
        drop(reserved);
        assert_eq!(remaining(&limiter, "a"), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_back_goes_to_whoever_waits_for_it() {
    for limiter in limiters() {
        let reserved = limiter.reserve(key(), 10).expect("there is enough");
        let waiter = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.wait(key(), 10).await }
        });
        super::support::settle().await;
        assert_eq!(limiter.stats().waiting, 1);
        let began = tokio::time::Instant::now();
        drop(reserved);
        waiter.await.expect("it ends").expect("it is let through");
        assert_eq!(began.elapsed(), seconds(0));
        assert_eq!(limiter.stats().waiting, 0);
    }
}
