//! The end of the keeper, which nobody notices.

use mainstay_actors::limiter::RateKey;
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::{RateLimitConfig, RateLimitersSpec};

use super::support::{ALGORITHMS, Bed, admitted, local, name, seconds, settle};

#[tokio::test(start_paused = true)]
async fn limits_and_configuration_survive_the_keeper() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 5, seconds(60));
        let spec = RateLimitersSpec::default().limiter(name("api"), config.clone());
        let bed = Bed::with(spec).await;
        let limiter = bed.limiters.limiter("api").expect("it is in the spec");
        let limiter = local(&limiter);
        assert_eq!(admitted(&limiter, "a", 9), 5);
        let next = RateLimitConfig::new(algorithm, 7, seconds(60));
        limiter.reconfigure(next.clone()).expect("it is valid");
        bed.crash().await;
        let found = local(&bed.limiters.limiter("api").expect("it is there"));
        assert_eq!(*found.config(), next);
        assert_eq!(found.stats().config_version, 2);
        assert_eq!(admitted(&found, "a", 9), 2, "no crash is a refill");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_need_no_keeper_that_runs_and_those_who_wait_go_on() {
    for fault in [
        Fault::Hang,
        Fault::error("no more"),
        Fault::panic("quiet: no more"),
    ] {
        let bed = Bed::new().await;
        let limiter = bed.limiter(RateLimitConfig::token_bucket(1, seconds(10)));
        let keeper = bed.keeper();
        assert!(keeper.inject(fault));
        settle().await;
        assert_eq!(admitted(&limiter, "a", 2), 1);
        let began = tokio::time::Instant::now();
        limiter
            .wait(RateKey::from("a"), 1)
            .await
            .expect("its turn comes");
        assert_eq!(began.elapsed(), seconds(10));
        keeper.kill();
        keeper.ended().await;
        settle().await;
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_end_of_the_namespace_a_limiter_goes_on() {
    let bed = Bed::new().await;
    let limiter = bed.limiter(RateLimitConfig::token_bucket(5, seconds(60)));
    assert_eq!(admitted(&limiter, "a", 3), 3);
    bed.end().await;
    assert_eq!(admitted(&limiter, "a", 9), 2);
}
