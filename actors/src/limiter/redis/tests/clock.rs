//! A clock that goes back, large numbers, and the ends of times.

use std::time::Duration;

use mainstay_specs::{Algorithm, RateLimitConfig};

use super::super::server::Server;
use super::{Asked, limiter};

const DAY: u64 = 86_400_000_000;
const START: u64 = 20_000 * DAY;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];

#[tokio::test]
async fn a_clock_that_goes_back_gives_nobody_anything_and_is_told_in_the_time_to_wait() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 2, Duration::from_micros(DAY));
        let asked = Asked::new(limiter(&server, config), 1);
        let now = START + DAY / 2;
        for _ in 0..2 {
            asked
                .take(now, 1)
                .await
                .expect("there are two")
                .1
                .give_back(0);
        }
        let wait = asked.take(now, 1).await.map(drop).expect_err("no third");
        // Back by an hour, and on again in steps.
        for back in [DAY / 24, DAY / 48, 1] {
            let later = asked.take(now - back, 1).await.map(drop);
            assert_eq!(later, Err(wait + back), "{algorithm:?}");
        }
        let early = asked.take(now + wait - 1, 1).await.map(drop);
        assert_eq!(early, Err(1), "{algorithm:?}");
        let taken = asked.take(now + wait, 1).await;
        taken.expect("its time has come").1.give_back(0);
    }
}

#[tokio::test]
async fn what_is_taken_while_the_clock_is_behind_counts_when_it_has_caught_up() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 3, Duration::from_micros(DAY));
        let asked = Asked::new(limiter(&server, config), 2);
        let now = START + DAY / 2;
        asked
            .take(now, 1)
            .await
            .expect("there are three")
            .1
            .give_back(0);
        for _ in 0..2 {
            let taken = asked.take(now - DAY / 4, 1).await;
            taken.expect("two are left").1.give_back(0);
        }
        assert!(asked.take(now - DAY / 4, 1).await.is_err(), "{algorithm:?}");
        assert!(asked.take(now, 1).await.is_err(), "{algorithm:?}");
        assert_eq!(asked.look(now).await.left, 0, "{algorithm:?}");
    }
}

#[tokio::test]
async fn the_largest_numbers_that_a_configuration_may_have_are_counted_exactly() {
    let Some(server) = Server::start() else {
        return;
    };
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    let now = START;
    for algorithm in [
        Algorithm::TokenBucket,
        Algorithm::SlidingWindowApproximate,
        Algorithm::FixedWindow,
    ] {
        let config = RateLimitConfig::new(algorithm, u32::MAX, year);
        let asked = Asked::new(limiter(&server, config), 3);
        let (left, grant) = asked.take(now, u32::MAX - 1).await.expect("all but one");
        grant.give_back(0);
        assert_eq!(left.left, 1, "{algorithm:?}");
        asked.take(now, 1).await.expect("the last").1.give_back(0);
        assert!(asked.take(now, 1).await.is_err(), "{algorithm:?}");
    }
    // A hundred years to fill, and a rate that does not come out even.
    let config = RateLimitConfig::token_bucket(7, year).burst_limit(700);
    let asked = Asked::new(limiter(&server, config), 3);
    asked
        .take(now, 7)
        .await
        .expect("as a new one has")
        .1
        .give_back(0);
    let full_in = 100 * u64::try_from(year.as_micros()).expect("it fits");
    assert_eq!(asked.look(now).await.full_in, full_in);
    let token = u64::try_from(year.as_micros())
        .expect("it fits")
        .div_ceil(7);
    assert_eq!(asked.take(now, 1).await.map(drop), Err(token));
    assert!(asked.take(now + token - 1, 1).await.is_err());
    asked
        .take(now + token, 1)
        .await
        .expect("one came")
        .1
        .give_back(0);
}
