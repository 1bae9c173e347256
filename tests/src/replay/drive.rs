//! Plays the steps of a scenario one after the other, up to the first that goes another way.

use super::matching::Difference;
use super::scenario::{Scenario, Step};
use super::skip;
use super::verdict::{LeftOut, Mismatch, Verdict};

/// A step, or a whole tree, that our API has no words for; with what is missing.
#[derive(Debug)]
pub(super) struct Inexpressible(pub(super) String);

/// What became of a step that did not go wrong.
#[derive(Debug)]
pub(super) enum Played {
    /// It was done, and everything was as recorded.
    AsRecorded,
    /// It was not done, and nothing was to come of it but a refusal.
    NotDone(Inexpressible),
}

/// The world of a scenario.
pub(super) trait World: Sized {
    type Op;
    type Expect;

    /// Plays a step and compares.
    fn play(
        &mut self,
        index: usize,
        step: &Step<Self::Op, Self::Expect>,
    ) -> impl Future<Output = Result<Played, Difference>> + Send;

    /// Ends everything, however it is.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Plays all steps; `verbose` tells each.
pub(super) async fn drive<W: World>(
    scenario: &Scenario,
    world: Result<W, Inexpressible>,
    steps: &[Step<W::Op, W::Expect>],
    verbose: bool,
) -> Verdict {
    let mut world = match world {
        Ok(world) => world,
        Err(Inexpressible(why)) => return skip::inexpressible(scenario, &why),
    };
    let mut left_out = Vec::new();
    let mut mismatch = None;
    for (index, step) in steps.iter().enumerate() {
        if verbose {
            println!("{} step {index}: {}", scenario.name, scenario.done[index]);
        }
        match world
            .play(index, step)
            .await
            .and_then(|played| left_out_of(scenario, played))
        {
            Ok(None) => {}
            Ok(Some(reason)) => left_out.push(LeftOut {
                step: index,
                reason,
            }),
            Err(difference) => {
                let step = Some(index);
                mismatch = Some(Mismatch { step, difference });
                break;
            }
        }
    }
    world.close().await;
    mismatch.map_or(Verdict::Passed(left_out), Verdict::Failed)
}

/// Why the step was left out, if it was and may be.
fn left_out_of(scenario: &Scenario, played: Played) -> Result<Option<String>, Difference> {
    match played {
        Played::AsRecorded => Ok(None),
        Played::NotDone(Inexpressible(why)) if skip::may_leave_out(scenario) => Ok(Some(why)),
        Played::NotDone(Inexpressible(why)) => Err(not_done(&why)),
    }
}

/// The difference between a step and none.
pub(super) fn not_done(why: &str) -> Difference {
    Difference::new("the step", &"something to be done", &why)
}
