//! A clock that goes backwards.

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::Violation;

const BACKWARDS: &str = "a clock that goes backwards gives nothing, and takes nothing";

pub(super) fn may_go_backwards<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    let window = trial.window();
    trial.pass(5 * window);
    for back in [1, window / 2, window, 3 * window, u64::MAX] {
        trial.take_all(BACKWARDS)?;
        trial.put_back(back);
        trial.look(BACKWARDS, format_args!("when it was put back by {back} ns"))?;
        for _ in 0..3 {
            trial.take(BACKWARDS, 1)?.ok();
        }
        // On again, to the moment before one can be had.
        let wait = trial.wait(1);
        trial.pass(wait - 1);
        trial.take(BACKWARDS, 1)?.ok();
        trial.pass(1);
        trial.take(BACKWARDS, 1)?.ok();
        trial.put_back(back);
        trial.take(BACKWARDS, 1)?.ok();
        trial.pass(window / 3);
        trial.look(BACKWARDS, "when it was on again")?;
    }
    Ok(())
}
