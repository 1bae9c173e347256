//! What callers may come with.

use mainstay_actors::limiter::{
    Ask, Limiter, RateKey, RateLimitError, RateLimiterRegistry, RegisterLimiterError, check_all,
    check_in,
};
use mainstay_supervisors::specs::{OnMissingKey, RateLimitConfig, RateLimitersSpec};

use super::support::{ALGORITHMS, Bed, admitted, alone, local, name, remaining, seconds};

#[tokio::test(start_paused = true)]
async fn keys_and_limiters_and_namespaces_have_nothing_to_do_with_each_other() {
    let bed = Bed::new().await;
    let api = bed.limiter(RateLimitConfig::fixed_window(5, seconds(60)));
    let other = bed
        .limiters
        .register(name("login"), RateLimitConfig::fixed_window(5, seconds(60)));
    let other = local(&other.expect("it is new"));
    assert_eq!(admitted(&api, "a", 6), 5);
    assert_eq!(admitted(&api, "b", 6), 5);
    assert_eq!(admitted(&other, "a", 6), 5);
    let elsewhere = bed.runtime.namespace("other").await.expect("it starts");
    let missing = check_in(&elsewhere, &name("api"), RateKey::from("a")).await;
    assert_eq!(missing.err(), Some(RateLimitError::Missing(name("api"))));
    let limiters = RateLimiterRegistry::of(&elsewhere);
    let twin = limiters.register(name("api"), RateLimitConfig::fixed_window(5, seconds(60)));
    assert_eq!(
        admitted(&local(&twin.expect("it is new")), "a", 6),
        5,
        "it needs no keeper"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_status_takes_nothing_and_a_reset_really_resets() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 5, seconds(60)));
        for left in [5, 5] {
            assert_eq!(remaining(&limiter, "a"), left);
        }
        assert_eq!(limiter.stats().keys, 0, "it is not kept for that");
        assert_eq!(admitted(&limiter, "a", 9), 5);
        let status = limiter
            .status(RateKey::from("a"))
            .expect("a key")
            .expect("a key");
        assert_eq!(
            (status.limit, status.remaining, status.limited),
            (5, 0, true)
        );
        let refused = limiter
            .check(RateKey::from("a"))
            .expect_err("it is limited");
        assert_eq!(status.retry_after, refused.retry_after());
        assert!(status.reset_after >= status.retry_after.expect("it is limited"));
        limiter.reset(RateKey::from("a")).expect("a key");
        assert_eq!(admitted(&limiter, "a", 9), 5, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_costs_more_than_there_can_be_is_refused_for_good() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 5, seconds(60)));
        let refused = limiter
            .check_n(RateKey::from("a"), 6)
            .expect_err("it is too much");
        let policy = name("api");
        assert_eq!(
            refused,
            RateLimitError::TooCostly {
                policy,
                cost: 6,
                max: 5
            }
        );
        assert_eq!(refused.retry_after(), None);
        let waited = limiter
            .wait(RateKey::from("a"), 6)
            .await
            .expect_err("no use");
        assert_eq!(waited, refused);
        assert_eq!(remaining(&limiter, "a"), 5);
        assert_eq!(
            limiter
                .check_n(RateKey::from("a"), 5)
                .expect("all")
                .remaining(),
            Some(0)
        );
        let free = limiter
            .check_n(RateKey::from("a"), 0)
            .expect("nothing is asked for");
        assert!(!free.is_counted());
        let cheap = alone(RateLimitConfig::new(algorithm, 5, seconds(60)).cost_max(2));
        assert!(cheap.check_n(RateKey::from("a"), 3).is_err());
        assert!(cheap.check_n(RateKey::from("a"), 2).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_key_are_treated_as_the_policy_says() {
    let with = |what| alone(RateLimitConfig::fixed_window(1, seconds(60)).on_missing_key(what));
    let check = |limiter: &Limiter| limiter.check(None).map(|admission| admission.is_counted());
    let refuses = with(OnMissingKey::Refuse);
    let policy = name("api");
    assert_eq!(check(&refuses), Err(RateLimitError::MissingKey { policy }));
    let shares = with(OnMissingKey::Share);
    assert_eq!(check(&shares), Ok(true));
    assert!(check(&shares).is_err());
    assert!(shares.check(RateKey::user("")).is_ok(), "that is somebody");
    let admits = with(OnMissingKey::Admit);
    for _ in 0..10 {
        assert_eq!(check(&admits), Ok(false));
    }
    assert_eq!(admits.stats().keys, 0);
    assert_eq!(admits.status(None), Ok(None));
}

#[tokio::test(start_paused = true)]
async fn for_no_reason_does_one_that_looks_on_refuse_a_call() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 3, seconds(60));
        let looks = alone(config.clone().shadow(true));
        // Without a key, and for more than can ever be had: alone, with others, waiting, reserving.
        assert_eq!(looks.check(None).map(|a| a.is_counted()), Ok(false));
        let dear = looks.check_n(RateKey::from("a"), 4);
        assert_eq!(
            dear.map(|a| (a.is_counted(), a.remaining())),
            Ok((false, None))
        );
        let holds = alone(config.clone());
        let with = |key, cost| {
            let asked = [
                Ask::new(&holds, RateKey::from("b")),
                Ask::new(&looks, key).cost(cost),
            ];
            check_all(&asked).map(drop)
        };
        assert_eq!(with(None, 1), Ok(()));
        assert_eq!(with(Some(RateKey::from("a")), 4), Ok(()));
        assert!(looks.wait(RateKey::from("a"), 4).await.is_ok());
        drop(looks.reserve(RateKey::from("a"), 4).expect("it looks on"));
        assert_eq!(looks.status(None), Ok(None));
        let stats = looks.stats();
        assert_eq!(
            (stats.admitted, stats.refused, stats.shadowed),
            (6, 0, 6),
            "{algorithm:?}"
        );
        assert_eq!(remaining(&looks, "a"), 3, "nothing was taken");
        looks.reconfigure(config).expect("it is valid");
        assert!(looks.check(None).is_err());
        assert!(looks.check_n(RateKey::from("a"), 4).is_err());
        assert_eq!(looks.stats().refused, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_looks_on_refuses_nobody_and_counts_whom_it_would_have_refused() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 3, seconds(60));
        let limiter = alone(config.clone().shadow(true));
        assert_eq!(admitted(&limiter, "a", 10), 10);
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.refused, stats.shadowed), (10, 0, 7));
        assert_eq!(
            limiter
                .wait(RateKey::from("a"), 3)
                .await
                .map(|a| a.is_counted()),
            Ok(false)
        );
        limiter.reconfigure(config).expect("it is valid");
        assert_eq!(
            admitted(&limiter, "a", 10),
            0,
            "what was counted stays: {algorithm:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn long_strange_and_many_keys_are_keys_like_others() {
    let limiter = alone(RateLimitConfig::token_bucket(5, seconds(60)));
    let long = "x".repeat(100_000);
    let keys = [long.as_str(), "", "ключ", "🔑", "a/b", ":_", "\0", "a\0"];
    for key in keys {
        assert_eq!(admitted(&limiter, key, 8), 5, "{key:.10}");
    }
    for nth in 0..100 {
        assert_eq!(admitted(&limiter, &format!("user {nth}"), 6), 5);
    }
    let large = alone(RateLimitConfig::token_bucket(1_000_000, seconds(1)));
    assert_eq!(admitted(&large, "a", 1000), 1000);
}

#[tokio::test(start_paused = true)]
async fn names_are_taken_once_and_there_are_no_more_than_there_may_be() {
    let bed = Bed::with(RateLimitersSpec::default().limiters_max(1)).await;
    let config = RateLimitConfig::default();
    bed.limiter(config.clone());
    let taken = bed.limiters.register(name("api"), config.clone()).map(drop);
    assert_eq!(
        taken,
        Err(RegisterLimiterError::AlreadyRegistered(name("api")))
    );
    let more = bed
        .limiters
        .register(name("more"), config.clone())
        .map(drop);
    assert_eq!(more, Err(RegisterLimiterError::TooMany { max: 1 }));
    let wrong = bed
        .limiters
        .register(name("more"), RateLimitConfig::token_bucket(0, seconds(1)));
    let wrong = wrong.expect_err("it is no limit").to_string();
    assert_eq!(
        wrong,
        "the configuration of the rate limiter is wrong: limit: expected at least 1, found 0"
    );
    assert!(bed.limiters.unregister("api").is_some());
    assert!(bed.limiters.limiter("api").is_none());
    bed.limiter(config);
    bed.end().await;
}
