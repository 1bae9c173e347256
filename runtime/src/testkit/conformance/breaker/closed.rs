//! While it is closed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mainstay_actors::breaker::Outcome;

use super::Breaker;
use super::trial::{TICK, Trial, pass};
use crate::testkit::conformance::Violation;

const CLOSED: &str = "while it is closed, calls are let through, any number at once";
const NTH: &str = "it opens on exactly the n-th failure within the window";
const WINDOW: &str = "a failure that is older than the window does not count";
const NEUTRAL: &str = "calls that were ignored or cancelled tell nothing";
const PANIC: &str = "a permit that is dropped by a panic is a failure";

pub(super) fn lets_calls_through<B: Breaker>(trial: &Trial<'_, B>) -> Result<(), Violation> {
    for _ in 0..2 {
        let calls = trial.admitted_all(CLOSED, 100, "at once")?;
        trial.settle_all(calls, Outcome::Success);
    }
    Ok(())
}

pub(super) fn opens_on_the_nth_failure<B: Breaker>(trial: &Trial<'_, B>) -> Result<(), Violation> {
    for nth in 1..=trial.setup.failures {
        // What succeeds in between takes nothing back.
        let good = trial.admitted(NTH, format!("before failure {nth}"))?;
        trial.settle(good, Outcome::Success);
        let bad = trial.admitted(NTH, format!("for failure {nth}"))?;
        trial.settle(bad, Outcome::Failure);
    }
    let after = format!("after failure {}", trial.setup.failures);
    trial.refused(NTH, after).map(drop)
}

pub(super) async fn forgets_old_failures<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    if trial.setup.failures == 1 {
        return Ok(()); // There is no old one beside the one that opens it.
    }
    trial.fail(WINDOW, trial.setup.failures - 1)?;
    pass(trial.setup.window + TICK).await;
    trial.fail(WINDOW, 1)?;
    let call = trial.admitted(WINDOW, "after one failure more than the window later")?;
    trial.settle(call, Outcome::Success);
    Ok(())
}

pub(super) fn learns_nothing_from_neutral_calls<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    for _ in 0..=trial.setup.failures {
        let ignored = trial.admitted(NEUTRAL, "for a call that is ignored")?;
        trial.settle(ignored, Outcome::Ignored);
        drop(trial.admitted(NEUTRAL, "for a call that is cancelled")?);
    }
    trial.fail(NEUTRAL, trial.setup.failures - 1)?;
    trial.is_closed(NEUTRAL, "with one failure too few")
}

pub(super) fn counts_panics<B: Breaker>(trial: &Trial<'_, B>) -> Result<(), Violation> {
    for _ in 0..trial.setup.failures {
        let permit = trial.admitted(PANIC, "for a call that panics")?;
        let panics = AssertUnwindSafe(|| {
            let _permit = permit;
            // Tells no panic hook.
            resume_unwind(Box::new(()))
        });
        catch_unwind::<_, ()>(panics).err();
    }
    trial
        .refused(PANIC, "after as many panics as failures open it")
        .map(drop)
}
