//! Replays one registry scenario.

mod owner;
mod world;

use super::drive::drive;
use super::scenario::{RegistryExpect, RegistryOp, RegistrySpec, Scenario, Step};
use super::verdict::Verdict;
use world::Names;

/// Replays a registry scenario.
pub(super) async fn replay(
    scenario: &Scenario,
    spec: &RegistrySpec,
    steps: &[Step<RegistryOp, RegistryExpect>],
    verbose: bool,
) -> Verdict {
    drive(scenario, Names::new(spec).await, steps, verbose).await
}
