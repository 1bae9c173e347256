//! Breakers that are held against the conformance suite: ours, a plain one, and ones that do something wrong.

mod plain;

use std::sync::Mutex;

use mainstay::testkit::TestContext;
use mainstay::testkit::conformance::{self, BreakerSetup};
use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerRegistry};
use mainstay_supervisors::specs::CircuitBreakersSpec;

use super::support::{alone, name};
use plain::{Mutant, Plain, Wrong};

#[mainstay::test(start_paused = true)]
async fn a_breaker_that_stands_alone_conforms() {
    let make = |setup: &BreakerSetup| alone(setup.config());
    assert_eq!(conformance::circuit_breaker(make).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn breakers_of_a_namespace_with_a_keeper_conform_by_name_and_by_key(cx: TestContext) {
    let child = CircuitBreakerRegistry::child(CircuitBreakersSpec::default());
    cx.start_supervised(child).await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let by_name = |setup: &BreakerSetup| -> CircuitBreaker {
        drop(breakers.unregister("db"));
        let made = breakers.register_circuit(name("db"), setup.config());
        made.expect("there is none")
    };
    assert_eq!(conformance::circuit_breaker(by_name).await, Ok(()));
    let count = Mutex::new(0);
    let by_key = |setup: &BreakerSetup| -> CircuitBreaker {
        let family = format!("shards-{}", setup.failures);
        let family = breakers.keyed(name(&family), setup.config());
        let mut count = count.lock().expect("no panic");
        *count += 1;
        let made = family.expect("it is valid").breaker(&count.to_string());
        made.expect("there is room")
    };
    assert_eq!(conformance::circuit_breaker(by_key).await, Ok(()));
}

/// A breaker that does this wrong breaks this rule, and none before it.
async fn each_breaks_its_rule(rules: &[(Wrong, &str)]) {
    for &(wrong, rule) in rules {
        let broken = held_against_the_suite(wrong).await;
        let broken = broken.expect_err("it does something wrong");
        assert_eq!(broken.rule, rule, "{wrong:?}: {broken}");
    }
}

async fn held_against_the_suite(wrong: Wrong) -> Result<(), conformance::Violation> {
    conformance::circuit_breaker(|setup| Mutant(Plain::new(setup, wrong))).await
}

#[mainstay::test(start_paused = true)]
async fn a_plain_breaker_conforms() {
    assert_eq!(held_against_the_suite(Wrong::Nothing).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn each_rule_about_closed_breakers_is_broken_by_one_that_does_that_wrong() {
    let nth = "it opens on exactly the n-th failure within the window";
    let rules = [
        (
            Wrong::LimitsCalls,
            "while it is closed, calls are let through, any number at once",
        ),
        (Wrong::OpensTooLate, nth),
        (Wrong::OpensTooEarly, nth),
        (
            Wrong::NeverForgets,
            "a failure that is older than the window does not count",
        ),
        (
            Wrong::CountsIgnored,
            "calls that were ignored or cancelled tell nothing",
        ),
        (
            Wrong::ForgetsPanics,
            "a permit that is dropped by a panic is a failure",
        ),
    ];
    each_breaks_its_rule(&rules).await;
}

#[mainstay::test(start_paused = true)]
async fn each_rule_about_open_breakers_is_broken_by_one_that_does_that_wrong() {
    let rules = [
        (
            Wrong::LetsSomeThrough,
            "while it is open, calls are refused",
        ),
        (
            Wrong::SaysToComeAtOnce,
            "a refusal says how long it is open yet, if it says anything",
        ),
        (
            Wrong::StaysOpen,
            "when the time is up, a call is let through",
        ),
    ];
    each_breaks_its_rule(&rules).await;
}

#[mainstay::test(start_paused = true)]
async fn each_rule_about_half_open_breakers_is_broken_by_one_that_does_that_wrong() {
    let rules = [
        (
            Wrong::LetsAllThrough,
            "while it is half open, as many calls as there are probes are let through",
        ),
        (
            Wrong::SaysToComeAtOnceToProbes,
            "a refusal never says to come back at once",
        ),
        (
            Wrong::KeepsPermits,
            "the permit of a probe that tells nothing goes to another",
        ),
        (
            Wrong::ClosesTooEarly,
            "it closes when all probes have succeeded, and not before",
        ),
        (
            Wrong::RemembersFailures,
            "when it has closed, it begins to count anew",
        ),
        (
            Wrong::StaysOpenLonger,
            "it opens again when a probe fails, for as long as before",
        ),
        (
            Wrong::WaitsForEver,
            "a probe that never comes back does not keep others out for ever",
        ),
    ];
    each_breaks_its_rule(&rules).await;
}

#[mainstay::test(start_paused = true)]
async fn each_rule_about_calls_that_come_late_is_broken_by_a_breaker_that_does_that_wrong() {
    let late = "a call counts in the state it was let through in, and in none after it";
    let rules = [
        (Wrong::OldSuccessCloses, late),
        (Wrong::OldFailureOpens, late),
        (Wrong::OldCancelFreesPermits, late),
        (
            Wrong::MixesTrials,
            "a probe counts in the trial it is of, and in none after it",
        ),
        (
            Wrong::ExpiredProbesCount,
            "a probe that has lost its permit decides nothing",
        ),
    ];
    each_breaks_its_rule(&rules).await;
}

#[mainstay::test(start_paused = true)]
async fn the_rule_about_many_callers_is_broken_by_a_breaker_that_looks_before_it_takes() {
    let rules = [(
        Wrong::LooksBeforeItTakes,
        "of threads that call when the time is up, as many as there are probes are let through",
    )];
    each_breaks_its_rule(&rules).await;
}

#[mainstay::test(start_paused = true)]
async fn a_violation_says_what_should_have_come_and_what_came() {
    let broken = held_against_the_suite(Wrong::OpensTooLate).await;
    assert_eq!(
        broken.unwrap_err().to_string(),
        "broken: it opens on exactly the n-th failure within the window; expected a refusal after failure 1, found a permit"
    );
}
