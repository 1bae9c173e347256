//! How much a store takes.

use std::time::Duration;

use mainstay_specs::{Faults, MetricsSpec};

/// How much a store takes: a spec that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) series_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) expire_after: Duration,
}

impl Limits {
    pub(crate) fn of(spec: &MetricsSpec) -> Result<Self, Faults> {
        spec.validate()?;
        Ok(Self {
            series_max: usize::try_from(spec.series_max).unwrap_or(usize::MAX),
            bytes_max: usize::try_from(spec.bytes_max).unwrap_or(usize::MAX),
            expire_after: spec.expire_after,
        })
    }
}
