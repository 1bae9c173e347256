//! How much memory processes may hold.

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;

/// How much memory processes may hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BudgetsSpec {}

impl BudgetsSpec {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, _report: &mut Report, _at: &At<'_>) {}
}
