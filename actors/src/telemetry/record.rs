//! Recording to the metrics store by name.

use super::error::TelemetryError;
use super::handle::TelemetryService;
use crate::metrics::{IntoMetricName, Tags, Unit};

/// For what happens seldom: each call looks the series up. What happens often is recorded through the handles that
/// [`MetricsStore`](crate::MetricsStore) gives. Where there is no metrics store, nothing is recorded, and that is no error.
impl TelemetryService {
    /// Counts a counter of the metrics store up.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Metrics`]: a wrong name or wrong tags, or a metric of this name that is recorded otherwise.
    pub fn emit_counter(
        &self,
        name: impl IntoMetricName,
        by: u64,
        tags: impl Into<Tags>,
    ) -> Result<(), TelemetryError> {
        if let Some(store) = self.metrics() {
            store.counter(name, tags)?.increment(by);
        }
        Ok(())
    }

    /// Sets a gauge of the metrics store.
    ///
    /// # Errors
    ///
    /// Those of [`emit_counter`](Self::emit_counter).
    pub fn emit_gauge(
        &self,
        name: impl IntoMetricName,
        value: f64,
        unit: Unit,
        tags: impl Into<Tags>,
    ) -> Result<(), TelemetryError> {
        if let Some(store) = self.metrics() {
            store.gauge(name, unit, tags)?.set(value);
        }
        Ok(())
    }

    /// Records a sample to a histogram of the metrics store, in this unit.
    ///
    /// # Errors
    ///
    /// Those of [`emit_counter`](Self::emit_counter).
    pub fn emit_histogram(
        &self,
        name: impl IntoMetricName,
        value: u64,
        unit: Unit,
        tags: impl Into<Tags>,
    ) -> Result<(), TelemetryError> {
        if let Some(store) = self.metrics() {
            store.histogram(name, unit, tags)?.record(value);
        }
        Ok(())
    }
}
