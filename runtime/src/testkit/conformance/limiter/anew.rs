//! Keys that begin anew.

use super::Limits;
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const ANEW: &str = "a key that is reset is as a new one, and no other key is";

const OTHER: &str = "other";

pub(super) fn is_as_new<L: Limits>(trial: &mut Trial<'_, L>) -> Result<(), Violation> {
    for _ in 0..trial.left() {
        trial.limits.take(OTHER, 1).ok();
    }
    trial.take_all(ANEW)?;
    trial.reset();
    same(ANEW, &trial.limits.remaining(OTHER), &0)?;
    trial.look(ANEW, "after it was reset")?;
    trial.take_all(ANEW)?;
    let (window, capacity) = (trial.window(), trial.setup.capacity());
    // In part used up, saved up, and within a window.
    for (passes, cost) in [
        (0, 1),
        (3 * window, capacity),
        (window / 3, capacity.div_ceil(2)),
    ] {
        trial.pass(passes);
        trial.take(ANEW, cost)?.ok();
        trial.reset();
        trial.look(ANEW, format_args!("after it was reset {passes} ns later"))?;
        trial.take_all(ANEW)?;
    }
    Ok(())
}
