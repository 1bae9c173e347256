//! How much is let through.

use std::time::Duration;

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const AT_ONCE: &str = "of a new key, exactly its limit can be had at once";
const COST: &str = "a call takes exactly what it costs, and nothing if it is refused";
const TOO_DEAR: &str =
    "a call that costs more than can ever be had is refused for good, and takes nothing";
const KEYS: &str = "what was taken of one key can be had of another";
const LOOK: &str = "looking takes nothing, and shows what is left";

pub(super) fn exactly_the_limit_at_once<L: Limits>(
    trial: &mut Trial<'_, L>,
) -> Result<(), Violation> {
    trial.take_all(AT_ONCE)
}

pub(super) fn takes_exactly_the_cost<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let capacity = trial.setup.capacity();
    for cost in [capacity.div_ceil(2), 0, capacity, 1, 2, 0] {
        // It may be more than a bucket begins with.
        trial.take(COST, cost.min(capacity))?.ok();
    }
    trial.take_all(COST)?;
    trial.take(COST, 0)?.ok();
    for _ in 0..20 {
        trial.pass(trial.window() / 7);
        for cost in [3, 2, 1] {
            trial.take(COST, capacity.min(cost))?.ok();
        }
    }
    Ok(())
}

pub(super) fn refuses_what_is_too_dear<L: Limits>(
    trial: &mut Trial<'_, L>,
) -> Result<(), Violation> {
    let capacity = trial.setup.capacity();
    for cost in [capacity + 1, u32::MAX] {
        let refused = trial.take(TOO_DEAR, cost)?;
        let wait: Option<Duration> = refused.err().flatten();
        same(TOO_DEAR, &wait, &None)?;
    }
    trial.take_all(TOO_DEAR)
}

pub(super) fn keeps_keys_apart<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let others = ["other", "", "tried "];
    let begins_with = trial.left();
    trial.take_all(KEYS)?;
    for key in others {
        let taken = (0..begins_with + 1).filter(|_| trial.limits.take(key, 1).is_ok());
        same(KEYS, &taken.count(), &(begins_with as usize))?;
    }
    trial.take(KEYS, 1).map(drop)
}

pub(super) fn looking_takes_nothing<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    for step in 0..30 {
        for _ in 0..10 {
            trial.look(LOOK, format_args!("after {step} calls"))?;
        }
        trial.take(LOOK, 1)?.ok();
        trial.pass(trial.window() / 50);
    }
    trial.take_all(LOOK)
}
