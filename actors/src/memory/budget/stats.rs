//! What operators see.

use serde::Serialize;

/// What has come of budgets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BudgetStats {
    /// How often it was looked.
    pub looks: u64,
    /// How often a process has come over its soft budget.
    pub soft_exceeded: u64,
    /// How often a process has come over its hard budget.
    pub hard_exceeded: u64,
    /// How often messages of a process were begun to be refused.
    pub refused: u64,
    /// How many processes were restarted for their budgets. These are no restarts to the intensity of their supervisors.
    pub restarts: u64,
    /// How often that could not be done.
    pub restarts_failed: u64,
    /// What would have been done, but for the dry run.
    pub dry: u64,
}
