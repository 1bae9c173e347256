//! The metrics store: how often, how fast and how much, over the last minute, hour and day.
//!
//! ```text
//!  who does something ── record ──► series: a slot for each thread        ◄── ticks ── keeper
//!  alerts, exports, operators ── view ──► the same series, and the slots kept of them
//! ```
//!
//! A series is resolved once, by name and tags, to a handle: [`Counter`], [`Gauge`] or [`Histogram`]. To record is then a few
//! nanoseconds, without a lock, an allocation or a message, and threads do not wait for each other. To ask needs no message either: a
//! [`View`] holds everything up to this moment.
//!
//! The series belong to the namespace and outlive the keeper, which may crash at any moment. It only cuts time into slots; while it is
//! down, a slot becomes longer, rates stay right and nothing is lost.
//!
//! Everything has a bound: see [`MetricsSpec`](mainstay_specs::MetricsSpec). What varies without one, such as a customer's name in a tag,
//! ends in one series a family and status, tagged [`OVERFLOW`], and is counted.
//!
//! ```
//! use mainstay_actors::metrics::{MetricsStore, TimeWindow, Unit};
//! use mainstay_specs::{MetricsSpec, NamespaceName};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
//! let runtime = Runtime::new();
//! let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
//!
//! let metrics = MetricsStore::in_namespace(&production).expect("it was just started");
//! let latency = metrics.histogram("shop.checkout", Unit::Nanoseconds, [("status", "success")])?;
//! latency.record_duration(Duration::from_millis(12));
//!
//! let minute = metrics.family("shop.checkout", TimeWindow::Minute).expect("it was recorded");
//! assert_eq!(minute.count(), 1);
//! let p99 = minute.quantile(0.99).expect("there is a sample");
//! assert!((p99 - 12e6).abs() <= 12e6 / 64.0);
//! # Ok(())
//! # }
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `name.rs`, `tags.rs`, `unit.rs`, `key.rs` | [`MetricName`], [`Tags`], [`MetricKind`] and [`Unit`]: what a series is |
//! | `window.rs`, `outcome.rs` | [`TimeWindow`], [`Aggregation`]; [`Outcome`] |
//! | `histogram/` | [`Distribution`]: log-linear histograms |
//! | `live/` | what is written to when something is recorded |
//! | `windows/` | slots of the last minute, hour and day |
//! | `view/` | [`View`]: what is seen over a window |
//! | `series.rs`, `table/` | one series; which series there are, and how many there may be |
//! | `handle.rs`, `recorder.rs` | [`MetricsStore`]; [`Counter`], [`Gauge`], [`Histogram`], [`LocalHistogram`] |
//! | `report/` | [`PerformanceMetric`]s of a service |
//! | `monitor/` | [`PerformanceMonitor`]: recording by name, and measuring futures |
//! | `baseline/` | [`Baseline`]: how operations fare, compared with how they fared |
//! | `export/` | [`Snapshot`]: all series at once, as Prometheus, OpenMetrics and JSON |
//! | `facade/` | the store as a recorder of the facade `metrics`, with the feature `metrics-facade` |
//! | `cell.rs`, `limits.rs` | the state that outlives the keeper, and how much it takes |
//! | `keeper.rs`, `beat.rs`, `own.rs`, `start.rs` | the keeper, what it does and records of itself, and how it is started |
//! | `error.rs`, `stats.rs` | [`MetricsError`]; [`MetricsStatus`] |

mod baseline;
mod beat;
mod cell;
mod error;
mod export;
#[cfg(feature = "metrics-facade")]
mod facade;
mod handle;
mod histogram;
mod keeper;
mod key;
mod limits;
mod live;
mod monitor;
mod name;
mod outcome;
mod own;
mod recorder;
mod report;
mod series;
mod start;
mod stats;
mod table;
mod tags;
mod unit;
mod view;
mod window;
mod windows;

pub use baseline::{
    BASELINE_VERSION, Baseline, BaselineError, Change, Comparison, Estimate, Measure, Profile,
    Regressions, Tolerance, Verdict,
};
pub use error::{MetricsError, MetricsStartError};
pub use export::{SeriesTotal, Snapshot, TextFormat, TotalValue};
#[cfg(feature = "metrics-facade")]
pub use facade::FacadeRecorder;
pub use handle::{MetricsStore, NAME};
pub use histogram::{Bucket, Distribution, Resolution};
pub use key::SeriesKey;
pub use monitor::{Judge, Measured, Operation, PerformanceMonitor, ResultOf, Succeeds};
pub use name::{IntoMetricName, METRIC_NAME_BYTES_MAX, MetricName, MetricNameError};
pub use outcome::{Outcome, STATUS, UnknownOutcome};
pub use recorder::{Counter, Gauge, Histogram, LocalHistogram};
pub use report::{MetricType, PerformanceMetric, PerformanceSummary};
pub use stats::MetricsStatus;
pub use table::{FAMILIES_MAX, HELP_BYTES_MAX, OVERFLOW};
pub use tags::{TAG_KEY_BYTES_MAX, TAG_VALUE_BYTES_MAX, TAGS_MAX, Tags, TagsError};
pub use unit::{MetricKind, Unit};
pub use view::{SeriesView, View};
pub use window::{Aggregation, TimeWindow};
