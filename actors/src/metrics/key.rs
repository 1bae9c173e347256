//! What a series is.

use serde::Serialize;

use super::name::MetricName;
use super::tags::Tags;
use super::unit::{MetricKind, Unit};

/// What a series is: which of which family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SeriesKey {
    /// The family.
    pub name: MetricName,
    /// Which of the family.
    pub tags: Tags,
    /// How the family is recorded.
    pub kind: MetricKind,
    /// What its numbers are in.
    pub unit: Unit,
}

impl SeriesKey {
    /// In which order series are told.
    pub(crate) const fn order(&self) -> (&MetricName, &Tags) {
        (&self.name, &self.tags)
    }
}
