//! What all series of a name have in common.

use crate::metrics::error::MetricsError;
use crate::metrics::key::SeriesKey;
use crate::metrics::unit::{MetricKind, Unit};

/// What all series of a name have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    kind: MetricKind,
    unit: Unit,
}

impl Family {
    pub(super) const fn of(key: &SeriesKey) -> Self {
        Self {
            kind: key.kind,
            unit: key.unit,
        }
    }

    /// Whether a series may be of the family.
    pub(super) fn check(self, key: &SeriesKey) -> Result<(), MetricsError> {
        if self == Self::of(key) {
            return Ok(());
        }
        Err(MetricsError::Clash {
            name: key.name.clone(),
            kind: self.kind,
            unit: self.unit,
            found_kind: key.kind,
            found_unit: key.unit,
        })
    }
}
