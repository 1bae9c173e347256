//! What a reload has done.

use std::fmt;

use mainstay_specs::SpecChange;

/// What a reload has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReloadReport {
    /// Everything that was different, in the order in which it was brought about. Empty if nothing was.
    pub applied: Vec<SpecChange>,
}

/// One line for each change.
impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.applied.is_empty() {
            return f.write_str("nothing has changed");
        }
        lines(&self.applied, f)
    }
}

pub(super) fn lines(changes: &[SpecChange], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (nth, change) in changes.iter().enumerate() {
        if nth > 0 {
            f.write_str("\n")?;
        }
        write!(f, "{change}")?;
    }
    Ok(())
}
