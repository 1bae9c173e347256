//! What seldom happens: the end of time, keys without room, resets and changes in the middle of things.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mainstay_actors::limiter::{Admission, Ask, Limiter, RateKey, RateLimitError, check_all};
use mainstay_supervisors::specs::{
    Inherit, OnFull, RateLimitConfig, RateLimitersSpec, WindowStart,
};
use tokio::time::Instant;

use super::support::{ALGORITHMS, Bed, admitted, alone, name, remaining, seconds, settle};

fn key() -> RateKey<'static> {
    RateKey::from("a")
}

type Waiting = Pin<Box<dyn Future<Output = Result<Admission, RateLimitError>> + Send>>;

fn waiting(limiter: &Limiter, key: RateKey<'static>, cost: u32) -> Waiting {
    let limiter = limiter.clone();
    Box::pin(async move { limiter.wait(key, cost).await })
}

/// Polls it once, with a waker that does nothing; whether it is ready.
fn poll(waiting: &mut Waiting) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    waiting.as_mut().poll(&mut cx).is_ready()
}

/// Full, with one key that has used all it may; all others share one limit.
fn full(algorithm: mainstay_supervisors::specs::Algorithm, limit: u32) -> Limiter {
    let config = RateLimitConfig::new(algorithm, limit, seconds(60)).keys_max(1);
    let limiter = alone(config.on_full(OnFull::Share));
    limiter.check_n(RateKey::id(1), limit).expect("all of it");
    limiter
}

#[tokio::test(start_paused = true)]
async fn a_forecast_of_a_thousand_years_is_made_and_none_holds_up_anybody() {
    let year = seconds(366 * 86_400);
    for algorithm in ALGORITHMS {
        // With 17, a nanosecond has parts.
        for limit in [1, 17] {
            let limiter = alone(RateLimitConfig::new(algorithm, limit, year));
            limiter.check_n(key(), limit).expect("all of it");
            let mut line: Vec<_> = (0..1024).map(|_| waiting(&limiter, key(), limit)).collect();
            assert!(!line.iter_mut().any(poll), "{algorithm:?}");
            assert_eq!(limiter.stats().waiting, 1024);
            let refused = limiter.check(key()).expect_err("it comes after");
            assert!(refused.retry_after() >= Some(year * 500), "{refused}");
            assert!(limiter.check(RateKey::from("b")).is_ok());
            drop(line);
            assert_eq!(limiter.stats().waiting, 0);
        }
    }
}

/// A waker that has a place in the line itself, which is lost with it.
struct Holds {
    _place: Mutex<Waiting>,
}

impl Wake for Holds {
    fn wake(self: Arc<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn a_waker_whose_end_gives_up_another_place_in_the_line_may() {
    let limiter = alone(RateLimitConfig::token_bucket(1, seconds(60)));
    limiter.check(key()).expect("its only one");
    let mut inner = waiting(&limiter, key(), 1);
    assert!(!poll(&mut inner));
    let mut outer = waiting(&limiter, key(), 1);
    let waker = Waker::from(Arc::new(Holds {
        _place: Mutex::new(inner),
    }));
    let polled = outer.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop(waker);
    assert_eq!(limiter.stats().waiting, 2);
    // The first waker is replaced, and what it holds ends with it.
    assert!(!poll(&mut outer));
    let mut last = waiting(&limiter, key(), 1);
    assert!(!poll(&mut last));
    let waker = Waker::from(Arc::new(Holds {
        _place: Mutex::new(last),
    }));
    let polled = outer.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
    drop(waker);
    drop(outer);
    assert_eq!(limiter.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_reserved_before_a_reset_does_not_come_back_after_it() {
    for algorithm in ALGORITHMS {
        let limiter = alone(RateLimitConfig::new(algorithm, 10, seconds(60)));
        let before = limiter.reserve(key(), 6).expect("there is enough");
        let other = limiter.reserve(RateKey::from("b"), 4).expect("another");
        limiter.reset(key()).expect("a key");
        assert_eq!(admitted(&limiter, "a", 20), 10);
        drop(before);
        assert_eq!(remaining(&limiter, "a"), 0, "{algorithm:?}");
        drop(other);
        assert_eq!(remaining(&limiter, "b"), 10, "that of another does");
        limiter.reset(key()).expect("a key");
        drop(limiter.reserve(key(), 6).expect("there is enough"));
        assert_eq!(remaining(&limiter, "a"), 10, "one made after it does");
    }
}

#[tokio::test(start_paused = true)]
async fn part_of_what_was_reserved_goes_back_to_its_window_and_to_no_other() {
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 10, seconds(60));
        let limiter = alone(config.window_start(WindowStart::FirstUse));
        let reserved = limiter.reserve(key(), 8).expect("there is enough");
        reserved.spend(3);
        assert_eq!(remaining(&limiter, "a"), 7, "{algorithm:?}");
        let reserved = limiter.reserve(key(), 7).expect("there is enough");
        tokio::time::advance(seconds(120)).await;
        limiter.check_n(key(), 9).expect("all is back but for one");
        reserved.spend(1);
        assert_eq!(remaining(&limiter, "a"), 1, "{algorithm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_new_keys_share_goes_over_to_another_limit_as_keys_do() {
    for algorithm in ALGORITHMS {
        for (inherit, left) in [
            (Inherit::Keep, 15),
            (Inherit::Proportional, 10),
            (Inherit::Reset, 20),
        ] {
            let limiter = full(algorithm, 10);
            limiter.check_n(RateKey::id(2), 5).expect("half of it");
            let mut config = (*limiter.config()).clone();
            config.limit = 20;
            limiter
                .reconfigure(config.on_change(inherit))
                .expect("it is valid");
            if inherit == Inherit::Reset {
                limiter.check(RateKey::id(1)).expect("it keeps its place");
            }
            let let_through =
                (100..150).filter(|&number| limiter.check(RateKey::id(number)).is_ok());
            assert_eq!(let_through.count(), left, "{algorithm:?} {inherit:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_without_room_waits_as_long_as_it_takes_and_is_counted_once() {
    for algorithm in ALGORITHMS {
        let limiter = full(algorithm, 2);
        // That of the key ends later than what the others share.
        limiter
            .check_n(RateKey::id(2), 2)
            .expect("all that is shared");
        let refused = limiter.check(RateKey::id(3)).expect_err("all is gone");
        let wait = refused.retry_after().expect("it is known");
        let stats = limiter.stats();
        let late = limiter
            .wait_for(RateKey::id(3), 1, Duration::from_secs(1))
            .await;
        let late = late.expect_err("it takes longer");
        assert_eq!(late.retry_after(), Some(wait), "{algorithm:?}");
        let mut waiting = waiting(&limiter, RateKey::id(3), 1);
        assert!(!poll(&mut waiting));
        let refused = limiter.check(RateKey::id(3)).expect_err("one waits");
        assert!(refused.retry_after() >= Some(wait), "{algorithm:?}");
        let began = Instant::now();
        for _ in 0..50 {
            limiter.check(RateKey::id(3)).expect_err("one waits");
        }
        waiting.await.expect("its turn comes");
        assert!(began.elapsed() >= wait);
        assert!(began.elapsed() < wait + Duration::from_millis(2));
        let after = limiter.stats();
        assert_eq!(after.refused - stats.refused, 51, "{algorithm:?}");
        // At the end of their windows, its own key is idle; before that, it is let through with those that share.
        let windows = [ALGORITHMS[1], ALGORITHMS[3]].contains(&algorithm);
        assert_eq!(
            after.crowded - stats.crowded,
            u64::from(!windows),
            "{algorithm:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_reserved_without_room_goes_back_to_all() {
    for algorithm in ALGORITHMS {
        let limiter = full(algorithm, 2);
        let reserved = limiter
            .reserve(RateKey::id(2), 2)
            .expect("all that is shared");
        limiter.check(RateKey::id(3)).expect_err("all is gone");
        drop(reserved);
        limiter.check_n(RateKey::id(3), 2).expect("it is back");
    }
}

#[tokio::test(start_paused = true)]
async fn several_limits_at_once_let_nobody_go_for_keys_that_are_known() {
    let config = RateLimitConfig::token_bucket(5, seconds(5)).burst_limit(10);
    let limiter = alone(config.keys_max(128));
    for number in 0..128 {
        limiter.check(RateKey::id(number)).expect("there is room");
    }
    tokio::time::advance(seconds(60)).await;
    for number in 0..10 {
        let asked = [Ask::new(&limiter, RateKey::id(number))];
        check_all(&asked).expect("there is enough");
    }
    let stats = limiter.stats();
    assert_eq!((stats.keys, stats.evicted), (128, 0));
    let asked = [Ask::new(&limiter, RateKey::id(500))];
    let admissions = check_all(&asked).expect("one goes, and this one comes");
    assert!(admissions[0].is_counted());
    assert_eq!(limiter.stats().evicted, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_another_limit_refuses_is_counted_by_none_as_let_through() {
    let none = Limiter::new(name("none"), RateLimitConfig::fixed_window(1, seconds(60)));
    let none = none.expect("it is valid");
    none.check(key()).expect("its only one");
    for algorithm in ALGORITHMS {
        let config = RateLimitConfig::new(algorithm, 1, seconds(60)).shadow(true);
        let shadow = alone(config.keys_max(1).on_full(OnFull::Share));
        for number in [1, 2] {
            shadow.check(RateKey::id(number)).expect("it looks on");
        }
        let before = shadow.stats();
        for number in [1, 2] {
            let asked = [
                Ask::new(&shadow, RateKey::id(number)),
                Ask::new(&none, key()),
            ];
            check_all(&asked).expect_err("the other refuses");
        }
        let after = shadow.stats();
        assert_eq!(
            (after.admitted, after.shadowed),
            (before.admitted, before.shadowed),
            "{algorithm:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_looks_on_says_of_nobody_when_to_come_back() {
    let limiter = alone(RateLimitConfig::fixed_window(1, seconds(60)).shadow(true));
    limiter.check(key()).expect("it looks on");
    let status = limiter.status(key()).expect("a key").expect("a key");
    assert_eq!((status.limited, status.retry_after), (false, None));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_counts_nowhere_says_nothing_of_what_is_left() {
    let config = RateLimitConfig::fixed_window(1, seconds(60)).keys_max(1);
    let limiter = alone(config.on_full(OnFull::Admit));
    limiter.check(RateKey::id(1)).expect("there is room");
    let admission = limiter.check(RateKey::id(2)).expect("it is let through");
    assert_eq!(
        (admission.remaining(), admission.reset_after()),
        (None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_that_begins_with_the_first_use_does_not_begin_with_a_change() {
    let config = RateLimitConfig::fixed_window(5, seconds(60)).window_start(WindowStart::FirstUse);
    let limiter = alone(config.clone());
    limiter.check(key()).expect("its first");
    tokio::time::advance(seconds(60)).await;
    let mut next = config;
    next.limit = 6;
    limiter.reconfigure(next).expect("it is valid");
    tokio::time::advance(seconds(50)).await;
    let admission = limiter.check(key()).expect("its window begins");
    assert_eq!(admission.reset_after(), Some(seconds(60)));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_as_long_as_can_be_said_and_one_that_is_leaked_hold_nobody_up() {
    let limiter = alone(RateLimitConfig::token_bucket(1, seconds(10)).burst_limit(2));
    limiter.check(key()).expect("its only one");
    let mut leaked = waiting(&limiter, key(), 1);
    assert!(!poll(&mut leaked));
    std::mem::forget(leaked);
    let began = Instant::now();
    let waited = limiter.wait_for(key(), 1, Duration::MAX).await;
    waited.expect("its turn comes");
    assert_eq!(began.elapsed(), seconds(20));
    assert_eq!(limiter.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_limiter_of_the_spec_that_finds_no_room_is_no_silent_default() {
    let spec = RateLimitersSpec::default().limiters_max(1);
    let spec = spec.limiter(name("login"), RateLimitConfig::default());
    let runtime = mainstay_supervisors::Runtime::new();
    let namespace = runtime.namespace("bed").await.expect("it starts");
    let limiters = mainstay_actors::limiter::RateLimiterRegistry::of(&namespace);
    limiters
        .register(name("api"), RateLimitConfig::default())
        .expect("it is new");
    let child = mainstay_actors::limiter::RateLimiterRegistry::child(spec);
    let started = namespace.start_child(child).await;
    let told = format!("{:?}", started.map(drop).expect_err("there is no room"));
    assert_eq!(told, "StartFailed(Failed(TooMany { max: 1 }))");
    runtime.stop(seconds(5)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_does_not_come_back_when_the_keeper_does() {
    let spec = RateLimitersSpec::default().limiter(name("login"), RateLimitConfig::default());
    let bed = Bed::with(spec).await;
    assert!(bed.limiters.unregister("login").is_some());
    bed.crash().await;
    settle().await;
    assert!(bed.limiters.limiter("login").is_none());
    bed.end().await;
}
