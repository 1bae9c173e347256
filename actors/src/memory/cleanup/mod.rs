//! Giving memory back: strategies, which of them run, and the executor that runs them.

use mainstay_supervisors::Child;

use super::cell::MemoryCell;
use super::event::PressureChange;

/// What the cell keeps of it.
#[derive(Debug, Default)]
pub(crate) struct Relief {}

impl Relief {
    /// The level has changed. Called by the keeper, which does not wait for anything of this.
    pub(crate) fn level_changed(&self, _cell: &MemoryCell, _change: &PressureChange) {}
}

/// The executor, as a child beside the keeper.
pub(crate) fn child() -> Option<Child> {
    None
}
