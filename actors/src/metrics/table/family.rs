//! What all series of a name have in common.

use std::time::Duration;

use crate::metrics::error::MetricsError;
use crate::metrics::key::SeriesKey;
use crate::metrics::unit::{MetricKind, Unit};

/// What all series of a name have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    kind: MetricKind,
    pub(super) unit: Unit,
    /// Until when something may have been recorded to series that have expired.
    pub(super) lost_until: Option<Duration>,
}

impl Family {
    pub(super) const fn of(key: &SeriesKey) -> Self {
        Self {
            kind: key.kind,
            unit: key.unit,
            lost_until: None,
        }
    }

    /// Whether a series may be of the family.
    pub(super) fn check(self, key: &SeriesKey) -> Result<(), MetricsError> {
        if (self.kind, self.unit) == (key.kind, key.unit) {
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
