//! Replays one task supervisor scenario.

mod runs;
mod world;

use super::drive::drive;
use super::scenario::{Scenario, Step, TaskExpect, TaskOp, TaskSpec};
use super::verdict::Verdict;
use world::Tasks;

/// Replays a task supervisor scenario.
pub(super) async fn replay(
    scenario: &Scenario,
    spec: &TaskSpec,
    steps: &[Step<TaskOp, TaskExpect>],
    verbose: bool,
) -> Verdict {
    drive(scenario, Tasks::new(spec).await, steps, verbose).await
}
