//! The methods decide as the model does, to the nanosecond.

use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig, WindowStart};
use proptest::prelude::*;

use super::model::Model;
use super::{At, Method, Worth};

/// A key on its own.
#[derive(Debug)]
struct Key {
    method: Method,
    state: Vec<u64>,
    at: At,
}

impl Key {
    fn new(config: &RateLimitConfig, now: u64, phase: u64) -> Self {
        config.validate().expect("it is valid");
        let method = Method::of(config);
        let mut state = vec![0; method.words()];
        let at = At { now, phase };
        method.begin(&mut state, at);
        Self { method, state, at }
    }

    fn take(&mut self, cost: u32) -> Result<u64, u64> {
        let taken = self.method.take(&mut self.state, self.at, cost);
        taken.map(|look| look.left.floor())
    }

    fn left(&self) -> u64 {
        self.method.look(&self.state, self.at).left.floor()
    }

    fn change(&mut self, config: &RateLimitConfig, inherit: Inherit) {
        let method = Method::of(config);
        let mut state = vec![0; method.words()];
        method.inherit(&mut state, (&self.method, &self.state), self.at, inherit);
        (self.method, self.state) = (method, state);
    }
}

const SECOND: u64 = 1_000_000_000;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];

fn config() -> impl Strategy<Value = RateLimitConfig> {
    let algorithm = prop::sample::select(ALGORITHMS.to_vec());
    let start = prop::sample::select(vec![
        WindowStart::PerKey,
        WindowStart::Aligned,
        WindowStart::FirstUse,
    ]);
    let window = prop_oneof![1_u64..50, 1_u64..10_000_000_000];
    let numbers = (1_u32..60, window, prop::option::of(1_u32..80));
    (algorithm, start, numbers).prop_map(|(algorithm, start, (limit, window, burst))| {
        let config = RateLimitConfig::new(algorithm, limit, Duration::from_nanos(window));
        let mut config = config.window_start(start);
        config.burst_limit = burst.filter(|_| algorithm == Algorithm::TokenBucket);
        config
    })
}

#[derive(Clone, Debug)]
enum Step {
    /// Time goes by: so many thousandths of the window, and so many nanoseconds.
    Pass(u64, u64),
    /// As long as the last refusal said, less one nanosecond, and then that one.
    Wait,
    Take(u32),
    /// What was taken last is given back at once.
    Undo,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_u64..3000, 0_u64..3).prop_map(|(part, more)| Step::Pass(part, more)),
        (0_u64..100, 0_u64..3).prop_map(|(part, more)| Step::Pass(part, more)),
        Just(Step::Wait),
        (1_u32..5).prop_map(Step::Take),
        (1_u32..80).prop_map(Step::Take),
        Just(Step::Undo),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_method_decides_as_its_model_does(config in config(), steps in steps(), phase: u64, born in 0_u64..100_000) {
        let mut key = Key::new(&config, born, phase);
        let mut model = Model::default();
        let mut last = None;
        // A new key is born with the first question.
        model.take(&config, key.at, 1).then(|| key.take(1).expect("the same"));
        let mut wait = None;
        for step in steps {
            match step {
                Step::Pass(part, more) => {
                    let window = config.window.as_nanos() as u64;
                    key.at.now += window * part / 1000 + more;
                    (last, wait) = (None, None);
                }
                Step::Wait => {
                    if let Some((time, cost)) = wait.take() {
                        let time: u64 = time;
                        key.at.now += time - 1;
                        prop_assert_eq!(key.take(cost), Err(1));
                        key.at.now += 1;
                        prop_assert!(model.take(&config, key.at, cost));
                        prop_assert!(key.take(cost).is_ok());
                    }
                    last = None;
                }
                Step::Take(cost) => {
                    let cost = cost.min(config.capacity());
                    let took = key.method.take(&mut key.state, key.at, cost);
                    let may = model.take(&config, key.at, cost);
                    prop_assert_eq!(took.is_ok(), may);
                    match took {
                        Ok(look) => {
                            last = Some((key.at.now, cost, look.mark));
                            wait = None;
                        }
                        Err(time) => {
                            prop_assert_eq!(time, model.wait(&config, key.at.now, cost));
                            wait = Some((time, cost));
                        }
                    }
                }
                Step::Undo => {
                    if let Some((at, cost, mark)) = last.take() {
                        key.method.refund(&mut key.state, key.at, mark, cost);
                        // A window that began with it is there all the same.
                        if config.window_start == WindowStart::FirstUse || config.algorithm == Algorithm::SlidingWindowApproximate {
                            prop_assert!(u128::from(key.left()) >= u128::from(cost));
                            return Ok(());
                        }
                        model.undo(at, cost);
                        wait = None;
                    }
                }
            }
            prop_assert_eq!(u128::from(key.left()), model.left(&config, key.at.now));
        }
    }

    #[test]
    fn what_is_forgotten_when_it_is_worth_nothing_decides_as_if_it_were_there(config in config(), steps in steps(), phase: u64) {
        let mut kept = Key::new(&config, 0, phase);
        let mut swept = Key::new(&config, 0, phase);
        for step in steps {
            if let Step::Pass(part, more) = step {
                let window = config.window.as_nanos() as u64;
                kept.at.now += window * part / 1000 + more;
                swept.at = kept.at;
            }
            let worth = swept.method.worth(&swept.state, swept.at.now);
            if worth == Worth::Nothing {
                swept.method.begin(&mut swept.state, swept.at);
            }
            if let Step::Take(cost) = step {
                let cost = cost.min(config.capacity());
                prop_assert_eq!(kept.take(cost), swept.take(cost));
            }
            prop_assert_eq!(kept.left(), swept.left());
        }
    }

    #[test]
    fn a_bucket_that_loses_its_savings_is_never_given_more(limit in 1_u32..20, burst in 1_u32..60, steps in steps()) {
        let config = RateLimitConfig::token_bucket(limit, seconds(1)).burst_limit(burst);
        let (mut kept, mut swept) = (Key::new(&config, 0, 0), Key::new(&config, 0, 0));
        for step in steps {
            if let Step::Pass(part, more) = step {
                kept.at.now += SECOND * part / 1000 + more;
                swept.at = kept.at;
                if swept.method.worth(&swept.state, swept.at.now) != Worth::Debt {
                    swept.method.begin(&mut swept.state, swept.at);
                }
            }
            if let Step::Take(cost) = step {
                let cost = cost.min(config.capacity());
                // Only what both can have, so that they stay comparable.
                if swept.take(cost).is_ok() {
                    prop_assert!(kept.take(cost).is_ok());
                }
            }
            prop_assert!(swept.left() <= kept.left());
        }
    }

    #[test]
    fn what_is_given_back_late_never_comes_to_more_than_if_it_had_not_been_taken(
        limit in 1_u32..20, burst in 1_u32..30, cost in 1_u32..10, before in 0_u32..30, between in prop::collection::vec((0_u64..SECOND, 1_u32..4), 0..8),
    ) {
        let config = RateLimitConfig::token_bucket(limit, seconds(1)).burst_limit(burst);
        let cost = cost.min(burst);
        let (mut with, mut without) = (Key::new(&config, 5 * SECOND, 0), Key::new(&config, 5 * SECOND, 0));
        for _ in 0..before {
            prop_assert_eq!(with.take(1), without.take(1));
        }
        let Ok(taken) = with.method.take(&mut with.state, with.at, cost) else { return Ok(()) };
        for (time, cost) in between {
            with.at.now += time;
            without.at = with.at;
            let cost = cost.min(burst);
            if with.take(cost).is_ok() {
                prop_assert!(without.take(cost).is_ok());
            }
        }
        with.method.refund(&mut with.state, with.at, taken.mark, cost);
        prop_assert!(with.left() <= without.left());
        prop_assert!(with.take(1).is_err() || without.take(1).is_ok());
    }

    #[test]
    fn after_a_change_nobody_waits_longer_than_the_new_window_or_has_more_than_the_new_limit(
        from in config(), to in config(), steps in steps(), phase: u64, even: bool,
    ) {
        let mut to = to;
        to.algorithm = from.algorithm;
        to.burst_limit = None;
        let mut key = Key::new(&from, 0, phase);
        for step in steps {
            match step {
                Step::Pass(part, more) => key.at.now += from.window.as_nanos() as u64 * part / 1000 + more,
                Step::Take(cost) => drop(key.take(cost.min(from.capacity()))),
                Step::Wait | Step::Undo => {}
            }
        }
        let left = key.left();
        let inherit = if even { Inherit::Proportional } else { Inherit::Keep };
        key.change(&to, inherit);
        prop_assert!(key.left() <= u64::from(to.capacity()));
        let gain = to.capacity().saturating_sub(from.capacity());
        if from.algorithm == Algorithm::TokenBucket && !even {
            prop_assert!(key.left() <= left + u64::from(gain));
        }
        let wait = key.take(1).err().unwrap_or(0);
        prop_assert!(u128::from(wait) <= to.window.as_nanos());
        let wait = key.take(to.limit).err().unwrap_or(0);
        prop_assert!(u128::from(wait) <= 2 * to.window.as_nanos());
    }
}

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
