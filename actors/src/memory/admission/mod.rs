//! What may still be begun while memory is scarce.

/// What the cell keeps of it.
#[derive(Debug, Default)]
pub(crate) struct Admission {}
