//! What may still be begun while memory is scarce.

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;

/// What may still be begun while memory is scarce.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AdmissionSpec {}

impl AdmissionSpec {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, _report: &mut Report, _at: &At<'_>) {}
}
