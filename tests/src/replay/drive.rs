//! Plays the steps of a scenario one after the other, up to the first that goes another way.

use super::matching::Difference;
use super::scenario::{Scenario, Step};
use super::skip;
use super::verdict::Verdict;

/// A step, or a whole tree, that our API has no words for; with what is missing.
#[derive(Debug)]
pub(super) struct Inexpressible(pub(super) String);

/// Why a scenario is not played on.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something is not as recorded.
    Different(Difference),
    /// The step cannot be done.
    Inexpressible(Inexpressible),
}

impl From<Difference> for Halt {
    fn from(difference: Difference) -> Self {
        Self::Different(difference)
    }
}

impl From<Inexpressible> for Halt {
    fn from(why: Inexpressible) -> Self {
        Self::Inexpressible(why)
    }
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
    ) -> impl Future<Output = Result<(), Halt>> + Send;

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
        Err(why) => return skip::inexpressible(scenario, None, why),
    };
    let mut verdict = Verdict::Passed;
    for (index, step) in steps.iter().enumerate() {
        if verbose {
            println!("{} step {index}: {}", scenario.name, scenario.done[index]);
        }
        if let Err(halt) = world.play(index, step).await {
            verdict = halted(scenario, index, halt);
            break;
        }
    }
    world.close().await;
    verdict
}

fn halted(scenario: &Scenario, index: usize, halt: Halt) -> Verdict {
    match halt {
        Halt::Inexpressible(why) => skip::inexpressible(scenario, Some(index), why),
        Halt::Different(difference) => skip::different(scenario, index, difference),
    }
}
