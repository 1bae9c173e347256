//! When what was taken can be had again.

use mainstay_specs::Algorithm;

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::Violation;

const TOKENS: &str = "tokens come evenly, and none is lost or made by rounding";
const SLIDES: &str = "what was taken counts for exactly one window";
const FADES: &str =
    "what was taken in the window before counts by as much of it as is still in sight";
const FOLLOWS: &str = "a window begins where the one before has ended, to the nanosecond";

pub(super) fn are_exact<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let rule = match trial.setup.algorithm {
        Algorithm::SlidingWindow => SLIDES,
        Algorithm::SlidingWindowApproximate => FADES,
        Algorithm::FixedWindow => FOLLOWS,
        _ => TOKENS,
    };
    at_each_edge(trial, rule)?;
    in_small_steps(trial, rule)
}

/// Goes to where one more can be had, by a nanosecond each side.
fn at_each_edge<L: Limits>(trial: &mut Trial<'_, L>, rule: &'static str) -> Result<(), Violation> {
    for _ in 0..4 {
        trial.take_all(rule)?;
        let wait = trial.wait(1);
        for passes in [wait - 1, 1, 1, trial.window() - 2, 1, 1] {
            trial.pass(passes);
            trial.look(rule, format_args!("{passes} ns later"))?;
            trial.take(rule, 1)?.ok();
            trial.take(rule, 1)?.ok();
        }
    }
    Ok(())
}

/// Goes on by steps that never come out even.
fn in_small_steps<L: Limits>(
    trial: &mut Trial<'_, L>,
    rule: &'static str,
) -> Result<(), Violation> {
    let (window, capacity) = (trial.window(), trial.setup.capacity());
    for step in 0..300 {
        trial.pass(window / 97 + step % 13);
        trial.look(rule, format_args!("at step {step}"))?;
        trial.take(rule, capacity.min(1 + (step % 3) as u32))?.ok();
    }
    Ok(())
}
