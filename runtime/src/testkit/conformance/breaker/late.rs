//! Calls that come back when they do not count any more.

use mainstay_actors::breaker::Outcome;

use super::Breaker;
use super::trial::{Trial, pass};
use crate::testkit::conformance::Violation;

const LATE: &str = "a call counts in the state it was let through in, and in none after it";
const LATE_PROBE: &str = "a probe counts in the trial it is of, and in none after it";
const EXPIRED: &str = "a probe that has lost its permit decides nothing";

pub(super) async fn calls_of_before_decide_nothing<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    let (failures, probes) = (trial.setup.failures, trial.setup.probes);
    let good = trial.admitted_all(LATE, probes, "while it is closed")?;
    let bad = trial.admitted_all(LATE, 2 * failures, "while it is closed")?;
    let cancelled = trial.admitted_all(LATE, probes, "while it is closed")?;
    trial.half_open(LATE).await?;
    let mut bad = bad.into_iter();
    for failed in bad.by_ref().take(failures as usize) {
        trial.settle(failed, Outcome::Failure);
    }
    trial.settle_all(good, Outcome::Success);
    let out = trial.is_half_open(LATE, "after old calls have come back")?;
    drop(cancelled);
    trial.refused(
        LATE,
        "while all probes are out, and old calls were cancelled",
    )?;
    trial.settle_all(out, Outcome::Success);
    trial.settle_all(bad.collect(), Outcome::Failure);
    trial.is_closed(LATE, "after calls of before it opened have failed")
}

pub(super) async fn probes_of_before_decide_nothing<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(LATE_PROBE).await?;
    let mut old = trial.is_half_open(LATE_PROBE, "when its time is up")?;
    if let Some(failed) = old.pop() {
        trial.settle(failed, Outcome::Failure);
    }
    pass(trial.setup.open_for).await;
    let last = old.pop();
    trial.settle_all(old, Outcome::Success);
    let probes = trial.is_half_open(LATE_PROBE, "after probes of the trial before came back")?;
    if let Some(failed) = last {
        trial.settle(failed, Outcome::Failure);
    }
    trial.refused(
        LATE_PROBE,
        "while all probes are out, and one of before failed",
    )?;
    trial.settle_all(probes, Outcome::Success);
    trial.is_closed(LATE_PROBE, "after all probes have succeeded")
}

pub(super) async fn probes_whose_time_is_up_decide_nothing<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(EXPIRED).await?;
    let expired = trial.is_half_open(EXPIRED, "when its time is up")?;
    pass(trial.setup.probe_deadline).await;
    pass(trial.setup.open_for).await;
    trial.settle_all(expired, Outcome::Success);
    trial
        .is_half_open(
            EXPIRED,
            "after probes came back that had lost their permits",
        )
        .map(drop)
}
