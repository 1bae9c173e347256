//! The metrics of a service: one number for each family and what it says.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`PerformanceMetric`], [`MetricType`], [`PerformanceSummary`] |
//! | `family.rs` | what the series of one family say |
//! | `query.rs` | `get_metrics` and `summary` of the store |

mod family;
mod query;

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::name::MetricName;
use super::tags::Tags;
use super::unit::Unit;
use super::window::{Aggregation, TimeWindow};

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetricType {
    /// How long operations took: of a histogram of times, in microseconds.
    Latency,
    /// How many a second: of a counter, and of a histogram of times.
    Throughput,
    /// Which part of the operations failed, 0 to 1: of a histogram of times whose series are tagged with
    /// [`STATUS`](super::STATUS). What was cancelled is neither a failure nor a success.
    ErrorRate,
    /// What is used, held or waits: of a gauge, and of a histogram of anything but times.
    ResourceUsage,
}

/// One number: what all series of a family together say over a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PerformanceMetric {
    /// What it says.
    pub metric_type: MetricType,
    /// The family.
    pub name: MetricName,
    /// The number.
    pub value: f64,
    /// What it is in.
    pub unit: Unit,
    /// The tags that all series of the family have in common.
    pub tags: Tags,
    /// When it was asked for: the end of the window.
    #[serde(serialize_with = "super::stats::rfc3339")]
    pub timestamp: SystemTime,
}

/// All numbers of a service over a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PerformanceSummary {
    /// The service, as it was asked for.
    pub service: String,
    /// The window.
    pub window: TimeWindow,
    /// The mean of each family, sorted by name and type.
    pub metrics: Vec<PerformanceMetric>,
    /// When the window begins: as far back as any family reaches.
    #[serde(serialize_with = "super::stats::rfc3339")]
    pub period_start: SystemTime,
    /// When it was asked for.
    #[serde(serialize_with = "super::stats::rfc3339")]
    pub period_end: SystemTime,
    /// All aggregations of each family and type, those that are undefined left out: `aggregations[name][metric_type][aggregation]`, in
    /// the units of [`metrics`](Self::metrics).
    pub aggregations: BTreeMap<MetricName, BTreeMap<MetricType, BTreeMap<Aggregation, f64>>>,
}
