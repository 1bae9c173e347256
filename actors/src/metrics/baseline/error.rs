//! What can go wrong.

use mainstay_specs::Faults;

use super::compare::Comparison;
use super::file::BASELINE_VERSION;

/// Why a baseline was not read, or not compared.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The text is not RON, or not that of a baseline.
    #[error("the text is no baseline: {0}")]
    Ron(#[from] Faults),
    /// It is of another version.
    #[error(
        "expected a baseline of version {BASELINE_VERSION}, found version {found}: take it again"
    )]
    Version {
        /// Of which.
        found: u32,
    },
    /// What it says of an operation cannot be.
    #[error("the operation {operation} of the baseline: {what}")]
    Profile {
        /// Of which.
        operation: String,
        /// What was expected, and found.
        what: String,
    },
    /// A tolerance that is none.
    #[error("expected a number from 0 as `{field}` of the tolerance, found {found}")]
    Tolerance {
        /// Which number of it.
        field: &'static str,
        /// What was given.
        found: f64,
    },
}

/// Operations regressed, or are missing. The text is the table of all that is not the same.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("operations are worse than they were\n{0}")]
pub struct Regressions(pub(super) Box<Comparison>);

impl Regressions {
    /// The whole comparison.
    #[must_use]
    pub fn comparison(&self) -> &Comparison {
        &self.0
    }
}
