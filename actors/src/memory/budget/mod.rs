//! How much memory processes may hold, and what becomes of those that hold more.

use mainstay_supervisors::Child;

/// What the cell keeps of it.
#[derive(Debug, Default)]
pub(crate) struct Budgets {}

/// Who looks at the budgets, as a child beside the keeper.
pub(crate) fn child() -> Option<Child> {
    None
}
