//! The telemetry service.

use serde::{Deserialize, Serialize};

use super::{AlertsSpec, EventsSpec, MetricsSpec, ProcessMetricsSpec};
use crate::Faults;
use crate::finding::Report;
use crate::path::At;

/// The telemetry service: metrics, events and who listens to them, and alerts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TelemetrySpec {
    /// The metrics store.
    pub metrics: MetricsSpec,
    /// Which processes are measured. Default: all.
    pub processes: ProcessMetricsSpec,
    /// Events, their handlers and subscribers.
    pub events: EventsSpec,
    /// Alerts on metrics.
    pub alerts: AlertsSpec,
}

impl TelemetrySpec {
    /// Sets the limits of the metrics store.
    #[must_use]
    pub fn metrics(mut self, spec: MetricsSpec) -> Self {
        self.metrics = spec;
        self
    }

    /// Sets which processes are measured.
    #[must_use]
    pub fn processes(mut self, spec: ProcessMetricsSpec) -> Self {
        self.processes = spec;
        self
    }

    /// Sets the limits of events.
    #[must_use]
    pub fn events(mut self, spec: EventsSpec) -> Self {
        self.events = spec;
        self
    }

    /// Sets the alerts.
    #[must_use]
    pub fn alerts(mut self, spec: AlertsSpec) -> Self {
        self.alerts = spec;
        self
    }

    /// Checks the spec by itself, as it is checked within a node.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.metrics.check(report, &At::Field(at, "metrics"));
        self.processes.check(report, &At::Field(at, "processes"));
        self.events.check(report, &At::Field(at, "events"));
        self.alerts.check(report, &At::Field(at, "alerts"));
    }
}
