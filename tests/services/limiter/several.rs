//! Several limits as one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mainstay_actors::limiter::{Ask, Limiter, RateKey, RateLimitError, check_all};
use mainstay_supervisors::specs::{OnFull, OnMissingKey, RateLimitConfig};

use super::support::{ALGORITHMS, alone, name, remaining, seconds};

fn limiter(text: &str, config: RateLimitConfig) -> Limiter {
    Limiter::new(name(text), config).expect("it is valid")
}

#[tokio::test(start_paused = true)]
async fn if_one_refuses_none_takes_anything() {
    for first in ALGORITHMS {
        for second in ALGORITHMS {
            let wide = limiter("wide", RateLimitConfig::new(first, 10, seconds(60)));
            let narrow = limiter("narrow", RateLimitConfig::new(second, 3, seconds(60)));
            let call = |cost| {
                let asked = [
                    Ask::new(&wide, RateKey::from("a")).cost(cost),
                    Ask::new(&narrow, RateKey::from("b")),
                ];
                check_all(&asked)
            };
            for left in [8, 6, 4] {
                let admissions = call(2).expect("both may");
                assert_eq!(admissions[0].remaining(), Some(left));
            }
            let refused = call(2).expect_err("the narrow one is used up");
            let Err(alone) = narrow.check(RateKey::from("b")) else {
                panic!("it is used up")
            };
            assert_eq!(refused, alone);
            assert_eq!(remaining(&wide, "a"), 4);
            assert!(matches!(
                call(11),
                Err(RateLimitError::TooCostly { max: 10, .. })
            ));
            assert_eq!((remaining(&wide, "a"), remaining(&narrow, "b")), (4, 0));
            assert_eq!(wide.stats().admitted, 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_limiter_and_one_key_may_be_asked_more_than_once() {
    for algorithm in ALGORITHMS {
        let api = alone(RateLimitConfig::new(algorithm, 5, seconds(60)));
        let twice = || {
            let ask = Ask::new(&api, RateKey::from("a")).cost(2);
            check_all(&[ask, ask, Ask::new(&api, RateKey::from("b"))])
        };
        assert!(twice().is_ok());
        assert!(twice().is_err());
        assert_eq!((remaining(&api, "a"), remaining(&api, "b")), (1, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_is_told_and_one_that_looks_on_has_no_say() {
    let second = limiter("second", RateLimitConfig::token_bucket(1, seconds(1)));
    let minute = limiter("minute", RateLimitConfig::token_bucket(1, seconds(60)));
    let shadow = limiter(
        "shadow",
        RateLimitConfig::token_bucket(1, seconds(3600)).shadow(true),
    );
    let free = limiter(
        "free",
        RateLimitConfig::default().on_missing_key(OnMissingKey::Admit),
    );
    let key = RateKey::global();
    let call = || {
        check_all(&[
            Ask::new(&second, key),
            Ask::new(&free, None),
            Ask::new(&shadow, key),
            Ask::new(&minute, key),
        ])
    };
    let admissions = call().expect("all may");
    assert_eq!(admissions[1].limit(), None);
    let refused = call().expect_err("two refuse");
    assert_eq!(refused.retry_after(), Some(seconds(60)));
    tokio::time::advance(seconds(60)).await;
    let admissions = call().expect("those that have a say may");
    assert!(admissions[0].is_counted() && !admissions[2].is_counted());
    assert!(matches!(
        check_all(&[Ask::new(&second, None)]),
        Err(RateLimitError::MissingKey { .. })
    ));
    assert!(check_all(&[]).expect("nobody refuses").is_empty());
}

#[tokio::test(start_paused = true)]
async fn new_keys_without_room_give_back_what_they_shared() {
    let full = RateLimitConfig::fixed_window(1, seconds(60)).keys_max(1);
    let full = limiter("full", full.on_full(OnFull::Share));
    full.check(RateKey::id(1)).expect("there is room");
    let none = limiter("none", RateLimitConfig::fixed_window(1, seconds(60)));
    none.check(RateKey::global()).expect("its only one");
    let both = [
        Ask::new(&full, RateKey::id(2)),
        Ask::new(&none, RateKey::global()),
    ];
    assert!(check_all(&both).is_err());
    full.check(RateKey::id(3)).expect("it was given back");
    full.check(RateKey::id(4)).expect_err("now it is gone");
}

#[test]
fn threads_that_ask_for_two_in_another_order_neither_hang_nor_take_too_much() {
    let one = limiter(
        "one",
        RateLimitConfig::token_bucket(500, seconds(3_600_000)),
    );
    let other = limiter(
        "other",
        RateLimitConfig::fixed_window(300, seconds(3_600_000)),
    );
    let count = Arc::new(AtomicU32::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (one, other, count) = (&one, &other, &count);
            scope.spawn(move || {
                for _ in 0..1000 {
                    let mut asked = [
                        Ask::new(one, RateKey::global()),
                        Ask::new(other, RateKey::global()),
                    ];
                    if thread % 2 == 0 {
                        asked.reverse();
                    }
                    count.fetch_add(u32::from(check_all(&asked).is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 300);
    let left = one
        .status(RateKey::global())
        .expect("a key")
        .expect("a key");
    assert_eq!(left.remaining, 200);
}
