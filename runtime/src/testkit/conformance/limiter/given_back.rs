//! What is given back.

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::Violation;

const AGAIN: &str = "what is given back can be had again, and no more than that";
const TWICE: &str = "what time has given back is not given again";

pub(super) fn can_be_had_again<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let half = trial.left().div_ceil(2);
    for cost in [1, half] {
        trial.take(AGAIN, 1)?.ok();
        if let Ok(taken) = trial.take(AGAIN, cost)? {
            trial.give_back(taken);
            trial.look(AGAIN, format_args!("after {cost} were given back"))?;
        }
    }
    trial.take_all(AGAIN)
}

pub(super) fn is_not_given_twice<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let all = trial.left();
    if let Ok(taken) = trial.take(TWICE, all)? {
        // As long as it takes for all to be as it was, whatever the algorithm.
        trial.pass(4 * trial.window());
        trial.give_back(taken);
        trial.look(TWICE, "after it was given back late")?;
    }
    trial.take_all(TWICE)
}
