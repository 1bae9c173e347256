//! The metrics store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Faults;
use crate::finding::{Finding, Report};
use crate::path::At;

/// The metrics store of a namespace: how much it keeps.
///
/// ```
/// use mainstay_specs::MetricsSpec;
/// use std::time::Duration;
///
/// let spec = MetricsSpec::default().series_max(500).expire_after(Duration::from_secs(600));
/// assert_eq!(spec.bytes_max, 64 << 20);
/// assert!(spec.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct MetricsSpec {
    /// The most series, 16 to 1,000,000; what goes beyond is recorded to one series a family and status, tagged `overflow=true`.
    /// Default: 10,000, which is a few for each process of a large tree.
    pub series_max: u32,
    /// The most bytes that all series may take, about, at least 1 MiB. Default: 64 MiB: a busy latency histogram takes up to 64 KiB
    /// with all its windows, a counter 2 KiB.
    pub bytes_max: u64,
    /// After how long a series that nobody holds and nothing is recorded to is forgotten, at least a minute. Default: 1 hour.
    #[serde(with = "crate::duration")]
    pub expire_after: Duration,
}

impl Default for MetricsSpec {
    fn default() -> Self {
        Self {
            series_max: 10_000,
            bytes_max: 64 << 20,
            expire_after: Duration::from_secs(3600),
        }
    }
}

impl MetricsSpec {
    /// Sets the most series.
    #[must_use]
    pub const fn series_max(mut self, series: u32) -> Self {
        self.series_max = series;
        self
    }

    /// Sets the most bytes that all series may take.
    #[must_use]
    pub const fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Sets after how long a series that is no longer used is forgotten.
    #[must_use]
    pub const fn expire_after(mut self, time: Duration) -> Self {
        self.expire_after = time;
        self
    }

    /// Checks that the limits can be.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path from here.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                report.add(Finding::new(at.field(field), message));
            }
        };
        need(
            SERIES.contains(&self.series_max),
            "series_max",
            format!(
                "expected {} to {}, found {}",
                SERIES.start(),
                SERIES.end(),
                self.series_max
            ),
        );
        need(
            self.bytes_max >= BYTES_MIN,
            "bytes_max",
            format!("expected at least {BYTES_MIN}, found {}", self.bytes_max),
        );
        need(
            self.expire_after >= EXPIRE_MIN,
            "expire_after",
            format!(
                "expected at least {}, found {}",
                humantime::format_duration(EXPIRE_MIN),
                humantime::format_duration(self.expire_after)
            ),
        );
    }
}

/// The store's own series have to fit in.
const SERIES: std::ops::RangeInclusive<u32> = 16..=1_000_000;
const BYTES_MIN: u64 = 1 << 20;
/// A view of a minute should not lose what it holds.
const EXPIRE_MIN: Duration = Duration::from_secs(60);
