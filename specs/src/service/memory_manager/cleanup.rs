//! How memory is given back.

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;

/// How memory is given back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CleanupSpec {}

impl CleanupSpec {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, _report: &mut Report, _at: &At<'_>) {}
}
