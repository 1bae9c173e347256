//! Limiters that are held against the conformance suite: ours, and ones that do something wrong.

mod mutant;

use mainstay::testkit::conformance::{self, LimiterSetup, TimedLimiter, Violation};
use mainstay_supervisors::specs::Algorithm;

use super::support::ALGORITHMS;
use mutant::{Mutant, Wrong};

#[test]
fn our_limiters_of_every_algorithm_conform() {
    for algorithm in ALGORITHMS {
        let make = |setup: &LimiterSetup| TimedLimiter::new(setup.config());
        let held = conformance::rate_limiter(algorithm, make);
        assert_eq!(held, Ok(()), "{algorithm:?}");
    }
}

fn held_against_the_suite(algorithm: Algorithm, wrong: Wrong) -> Result<(), Violation> {
    conformance::rate_limiter(algorithm, |setup| Mutant::new(setup, wrong))
}

#[test]
fn one_that_does_nothing_wrong_conforms() {
    for algorithm in ALGORITHMS {
        let held = held_against_the_suite(algorithm, Wrong::Nothing);
        assert_eq!(held, Ok(()), "{algorithm:?}");
    }
}

/// What each mutant does wrong, and the rule it breaks.
const BROKEN: &[(Wrong, &str)] = &[
    (
        Wrong::LetsOneMoreThrough,
        "of a new key, exactly its limit can be had at once",
    ),
    (
        Wrong::TakesOneWhateverTheCost,
        "a call takes exactly what it costs, and nothing if it is refused",
    ),
    (
        Wrong::ChargesRefusals,
        "a call takes exactly what it costs, and nothing if it is refused",
    ),
    (
        Wrong::SaysToWaitForEver,
        "a call that costs more than can ever be had is refused for good, and takes nothing",
    ),
    (
        Wrong::MixesKeys,
        "what was taken of one key can be had of another",
    ),
    (
        Wrong::LookingTakes,
        "looking takes nothing, and shows what is left",
    ),
    (
        Wrong::SaysToComeAtOnce,
        "a refusal never says to come back at once",
    ),
    (
        Wrong::SaysMilliseconds,
        "a refusal says exactly when the same call is let through, and not a nanosecond later",
    ),
    (
        Wrong::SaysTheWindow,
        "a refusal says exactly when the same call is let through, and not a nanosecond later",
    ),
    (
        Wrong::GivesNothingBack,
        "what is given back can be had again, and no more than that",
    ),
    (
        Wrong::GivesAllBack,
        "what is given back can be had again, and no more than that",
    ),
    (
        Wrong::GivesBackTwice,
        "what time has given back is not given again",
    ),
    (
        Wrong::ResetsNothing,
        "a key that is reset is as a new one, and no other key is",
    ),
    (
        Wrong::ResetsOthersToo,
        "a key that is reset is as a new one, and no other key is",
    ),
    (
        Wrong::ResetsToMore,
        "a key that is reset is as a new one, and no other key is",
    ),
    (
        Wrong::FollowsTheClockBack,
        "a clock that goes backwards gives nothing, and takes nothing",
    ),
    (
        Wrong::LooksBeforeItTakes,
        "of threads that call at one moment, exactly as much as the limit is let through",
    ),
];

#[test]
fn each_rule_is_broken_by_a_limiter_that_does_that_wrong() {
    for algorithm in ALGORITHMS {
        for &(wrong, rule) in BROKEN {
            let broken = held_against_the_suite(algorithm, wrong).unwrap_err();
            assert_eq!(broken.rule, rule, "{algorithm:?}, {wrong:?}: {broken}");
        }
    }
}

#[test]
fn each_algorithm_has_edges_of_its_own() {
    let rules = [
        (
            Algorithm::TokenBucket,
            "tokens come evenly, and none is lost or made by rounding",
        ),
        (
            Algorithm::SlidingWindow,
            "what was taken counts for exactly one window",
        ),
        (
            Algorithm::SlidingWindowApproximate,
            "what was taken in the window before counts by as much of it as is still in sight",
        ),
        (
            Algorithm::FixedWindow,
            "a window begins where the one before has ended, to the nanosecond",
        ),
    ];
    for (algorithm, rule) in rules {
        for wrong in [Wrong::IsEarlyByANanosecond, Wrong::IsLateByANanosecond] {
            let broken = held_against_the_suite(algorithm, wrong).unwrap_err();
            assert_eq!(broken.rule, rule, "{algorithm:?}, {wrong:?}: {broken}");
        }
    }
}

#[test]
fn a_violation_says_what_should_have_come_and_what_came() {
    let broken = held_against_the_suite(Algorithm::FixedWindow, Wrong::LetsOneMoreThrough);
    assert_eq!(
        broken.unwrap_err().to_string(),
        "broken: of a new key, exactly its limit can be had at once; \
         expected 1 to be refused while 0 are left, found it let through"
    );
}
