//! While it is half open.

use std::mem::forget;
use std::time::Duration;

use mainstay_actors::breaker::Outcome;

use super::Breaker;
use super::trial::{TICK, Trial, pass};
use crate::testkit::conformance::{Violation, same};

const PROBES: &str = "while it is half open, as many calls as there are probes are let through";
const LATER: &str = "a refusal never says to come back at once";
const HANDED_ON: &str = "the permit of a probe that tells nothing goes to another";
const CLOSES: &str = "it closes when all probes have succeeded, and not before";
const ANEW: &str = "when it has closed, it begins to count anew";
const REOPENS: &str = "it opens again when a probe fails, for as long as before";
const FORGOTTEN: &str = "a probe that never comes back does not keep others out for ever";

pub(super) async fn lets_exactly_the_probes_through<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(PROBES).await?;
    let _probes = trial.is_half_open(PROBES, "when its time is up")?;
    for _ in 0..10 {
        let wait = trial.refused(PROBES, "while all probes are out")?;
        same(LATER, &(wait == Some(Duration::ZERO)), &false)?;
    }
    Ok(())
}

pub(super) async fn hands_permits_on<B: Breaker>(trial: &Trial<'_, B>) -> Result<(), Violation> {
    trial.half_open(HANDED_ON).await?;
    for round in 0..4 {
        let probes = trial.is_half_open(HANDED_ON, "after others that told nothing")?;
        if round % 2 == 0 {
            trial.settle_all(probes, Outcome::Ignored);
        } else {
            drop(probes); // Cancelled.
        }
    }
    Ok(())
}

pub(super) async fn closes_when_all_succeed<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(CLOSES).await?;
    for probe in trial.is_half_open(CLOSES, "when its time is up")? {
        trial.refused(CLOSES, "before all probes have succeeded")?;
        trial.settle(probe, Outcome::Success);
    }
    trial.is_closed(CLOSES, "after all probes have succeeded")?;
    trial.fail(ANEW, trial.setup.failures - 1)?;
    trial.is_closed(ANEW, "with one failure too few")?;
    trial.fail(ANEW, 1)?;
    trial
        .refused(ANEW, "with as many failures as open it")
        .map(drop)
}

pub(super) async fn opens_again_when_one_fails<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(REOPENS).await?;
    for _ in 0..2 {
        let mut probes = trial.is_half_open(REOPENS, "when its time is up")?;
        if let Some(failed) = probes.pop() {
            trial.settle(failed, Outcome::Failure);
        }
        trial.refused(REOPENS, "after a probe has failed")?;
        pass(trial.setup.open_for - TICK).await;
        trial.refused(REOPENS, "before its time is up again")?;
        pass(TICK).await;
    }
    trial.close(REOPENS)?;
    trial.is_closed(REOPENS, "after all probes have succeeded")
}

pub(super) async fn waits_for_no_probe_for_ever<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.half_open(FORGOTTEN).await?;
    let probes = trial.is_half_open(FORGOTTEN, "when its time is up")?;
    probes.into_iter().for_each(forget);
    pass(trial.setup.probe_deadline - TICK).await;
    trial.refused(FORGOTTEN, "before the deadline of the probes")?;
    pass(TICK).await;
    // It may have taken that for a failure.
    pass(trial.setup.open_for).await;
    let probe = trial.admitted(FORGOTTEN, "after their deadline, and the time it is open");
    probe.map(drop)
}
