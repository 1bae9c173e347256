//! Events that are too old.

use super::samples::{event, moment};
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const EARLIEST: &str =
    "of the events before a time, the earliest go first, and no more than are asked for";
const BEFORE: &str = "an event of that very time stays";

pub(super) async fn go_the_earliest_first(trial: &mut Trial) -> Result<(), Violation> {
    let events = [5, 1, 4, 1, 3, 9].map(|at| event("e", at)).to_vec();
    trial.put(EARLIEST, events, &[1, 2, 3, 4, 5, 6]).await?;
    remove(trial, BEFORE, 1, 10, &[]).await?;
    remove(trial, EARLIEST, 5, 0, &[]).await?;
    remove(trial, EARLIEST, 5, 1, &[2]).await?;
    remove(trial, EARLIEST, 5, 2, &[4, 5]).await?;
    remove(trial, BEFORE, 5, 10, &[3]).await?;
    remove(trial, EARLIEST, 10, 10, &[1, 6]).await?;
    remove(trial, EARLIEST, 10, 10, &[]).await
}

/// Takes events away, of which these have to go.
async fn remove(
    trial: &mut Trial,
    rule: &'static str,
    before: u64,
    at_most: u32,
    gone: &[u64],
) -> Result<(), Violation> {
    let removed = trial.remove(moment(before), at_most).await?;
    let goes = |id: u64| gone.contains(&id);
    trial
        .events
        .retain(|event| event.id().is_none_or(|id| !goes(id.get())));
    same(rule, &removed, &(gone.len() as u64))?;
    trial.look(rule).await
}
