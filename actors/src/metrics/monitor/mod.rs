//! Recording by name, and measuring what a future comes to.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`PerformanceMonitor`] |
//! | `operation.rs` | [`Operation`]: the latencies of one operation, by how it ended |
//! | `measured.rs` | [`Measured`]: a future that is timed |

mod measured;
mod operation;

use std::time::Duration;

use mainstay_supervisors::Namespace;

pub use measured::{Judge, Measured, ResultOf, Succeeds};
pub use operation::Operation;

use super::error::MetricsError;
use super::handle::MetricsStore;
use super::name::IntoMetricName;
use super::report::{PerformanceMetric, PerformanceSummary};
use super::tags::Tags;
use super::unit::Unit;
use super::window::{Aggregation, TimeWindow};

/// Records by name, and asks by service: the simple face of a [`MetricsStore`]. Cheap to clone.
///
/// Each call looks its series up, which takes a tenth of a microsecond and a little memory for a while. Where that matters, hold an
/// [`Operation`] or a handle of the store.
#[derive(Clone, Debug)]
pub struct PerformanceMonitor {
    store: MetricsStore,
}

impl PerformanceMonitor {
    /// One that records in this store.
    #[must_use]
    pub const fn new(store: MetricsStore) -> Self {
        Self { store }
    }

    /// One that records in the metrics store of a namespace; `None` if none has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        MetricsStore::in_namespace(namespace).map(Self::new)
    }

    /// The store it records in.
    #[must_use]
    pub const fn store(&self) -> &MetricsStore {
        &self.store
    }

    /// Records how long something took, to a histogram in nanoseconds. To have it in the error rate, tag it with
    /// [`STATUS`](super::STATUS).
    ///
    /// # Errors
    ///
    /// Those of [`MetricsStore::counter`]; nothing was recorded then.
    pub fn record_latency(
        &self,
        path: impl IntoMetricName,
        latency: Duration,
        tags: impl Into<Tags>,
    ) -> Result<(), MetricsError> {
        let histogram = self.store.histogram(path, Unit::Nanoseconds, tags)?;
        histogram.record_duration(latency);
        Ok(())
    }

    /// Counts something.
    ///
    /// # Errors
    ///
    /// Those of [`MetricsStore::counter`]; nothing was counted then.
    pub fn increment_counter(&self, path: impl IntoMetricName) -> Result<(), MetricsError> {
        self.store.counter(path, Tags::new())?.increment(1);
        Ok(())
    }

    /// A future that comes to what `future` comes to, and records how long that took and how it ended: see [`Operation::measure`].
    ///
    /// # Errors
    ///
    /// Those of [`MetricsStore::counter`], before anything of the future has run.
    ///
    /// ```
    /// # use mainstay_actors::metrics::{Aggregation, MetricType, MetricsStore, PerformanceMonitor, TimeWindow};
    /// # use mainstay_specs::{MetricsSpec, NamespaceName};
    /// # use mainstay_supervisors::{NamespacePlan, Runtime};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
    /// # let runtime = Runtime::new();
    /// # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let monitor = PerformanceMonitor::in_namespace(&namespace).expect("it was started");
    /// let parsed = monitor.measure("shop.parse", async { "12".parse::<u32>() })?.await;
    /// assert_eq!(parsed, Ok(12));
    /// let parsed = monitor.measure("shop.parse", async { "twelve".parse::<u32>() })?.await;
    /// assert!(parsed.is_err());
    ///
    /// let metrics = monitor.get_metrics("shop", TimeWindow::Minute, Aggregation::Avg)?;
    /// let errors = metrics.iter().find(|metric| metric.metric_type == MetricType::ErrorRate);
    /// assert_eq!(errors.map(|metric| metric.value), Some(0.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn measure<F, T, E>(
        &self,
        path: impl IntoMetricName,
        future: F,
    ) -> Result<Measured<F, ResultOf>, MetricsError>
    where
        F: Future<Output = Result<T, E>>,
        E: 'static,
    {
        Ok(self.store.operation(path, Tags::new())?.measure(future))
    }

    /// See [`MetricsStore::get_metrics`].
    ///
    /// # Errors
    ///
    /// [`MetricsError::UnknownService`].
    pub fn get_metrics(
        &self,
        service: &str,
        window: TimeWindow,
        aggregation: Aggregation,
    ) -> Result<Vec<PerformanceMetric>, MetricsError> {
        self.store.get_metrics(service, window, aggregation)
    }

    /// See [`MetricsStore::summary`].
    ///
    /// # Errors
    ///
    /// [`MetricsError::UnknownService`].
    pub fn summary(
        &self,
        service: &str,
        window: TimeWindow,
    ) -> Result<PerformanceSummary, MetricsError> {
        self.store.summary(service, window)
    }
}
