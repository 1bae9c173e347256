//! How much memory each process holds.

/// What the cell keeps of it.
#[derive(Debug, Default)]
pub(crate) struct Tracker {}
