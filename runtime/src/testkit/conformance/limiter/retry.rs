//! When to come back.

use std::time::Duration;

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const NEVER_NOW: &str = "a refusal never says to come back at once";
const WHEN: &str =
    "a refusal says exactly when the same call is let through, and not a nanosecond later";

pub(super) fn says_exactly_when<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let (window, capacity) = (trial.window(), trial.setup.capacity());
    let costs = [1, capacity.div_ceil(2), capacity];
    for passes in [0, 1, window / 3, window - 1, window + 1] {
        for cost in costs {
            trial.pass(passes);
            trial.take_all(WHEN)?;
            let Err(wait) = trial.take(WHEN, cost)? else {
                continue;
            };
            same(NEVER_NOW, &(wait == Some(Duration::ZERO)), &false)?;
            let exactly = trial.wait(cost);
            same(WHEN, &wait, &Some(Duration::from_nanos(exactly)))?;
            trial.pass(exactly - 1);
            trial.take(WHEN, cost)?.ok();
            trial.pass(1);
            trial.take(WHEN, cost)?.ok();
        }
    }
    Ok(())
}
