//! All series of a store at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::metrics::handle::MetricsStore;
use crate::metrics::histogram::Distribution;
use crate::metrics::key::SeriesKey;
use crate::metrics::name::MetricName;
use crate::metrics::series::{AnySeries, Total};

/// All series of a store: what was recorded to each since it began. To be written for others, or looked through.
///
/// Totals only ever grow as long as a series is there. The series go on when the keeper crashes; they begin anew with the namespace,
/// which [`began`](Self::began) tells.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// When the store began.
    #[serde(serialize_with = "crate::metrics::stats::rfc3339")]
    pub began: SystemTime,
    /// When the snapshot was taken.
    #[serde(serialize_with = "crate::metrics::stats::rfc3339")]
    pub taken: SystemTime,
    /// Which keeper ran: see [`MetricsStatus::generation`](crate::metrics::MetricsStatus::generation).
    pub generation: u64,
    /// What people are told of the families, of those that are [described](MetricsStore::describe).
    pub help: BTreeMap<MetricName, Arc<str>>,
    /// The series, sorted by name and tags.
    pub series: Vec<SeriesTotal>,
}

/// What was recorded to a series since it began.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SeriesTotal {
    /// The series.
    #[serde(flatten)]
    pub key: SeriesKey,
    /// How old the series is.
    #[serde(rename = "age_ms", serialize_with = "super::json::milliseconds")]
    pub age: Duration,
    /// When the series began, by the wall clock of when the store did: the same in every snapshot.
    #[serde(serialize_with = "crate::metrics::stats::rfc3339")]
    pub began: SystemTime,
    /// What was recorded.
    #[serde(flatten)]
    pub value: TotalValue,
}

/// What was recorded to a series.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TotalValue {
    /// How much a counter was counted up.
    Total(u64),
    /// What a gauge is; `None` if it has no value.
    Value(Option<f64>),
    /// The samples of a histogram.
    Samples(#[serde(serialize_with = "super::json::distribution")] Distribution),
}

impl MetricsStore {
    /// All series as they are now. Recording goes on meanwhile.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let shares: Vec<AnySeries> = self.cell.shares();
        let now = self.cell.now();
        let mut series: Vec<SeriesTotal> = shares
            .iter()
            .map(|series| SeriesTotal {
                key: series.key().clone(),
                age: now.saturating_sub(series.born()),
                began: self.cell.began() + series.born(),
                value: match series.total() {
                    Total::Counter(total) => TotalValue::Total(total),
                    Total::Gauge(value) => TotalValue::Value(value),
                    Total::Histogram(samples) => TotalValue::Samples(samples),
                },
            })
            .collect();
        series.sort_by(|one, other| one.key.order().cmp(&other.key.order()));
        Snapshot {
            began: self.cell.began(),
            taken: SystemTime::now(),
            generation: self.status().generation,
            help: self.cell.table().help(),
            series,
        }
    }
}
