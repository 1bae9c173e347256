//! They decide as the model does, whatever comes.

use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig, WindowStart};
use proptest::prelude::*;

use super::{ALGORITHMS, Key, SECOND, seconds};
use crate::limiter::method::Worth;
use crate::limiter::method::model::Model;

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
