//! The telemetry service.

use serde::{Deserialize, Serialize};

use super::foundation::{is_usual_breaker, usual_breaker};
use super::{AlertsSpec, EventsSpec, MetricsSpec, ProcessMetricsSpec};
use crate::finding::Report;
use crate::path::At;
use crate::{CircuitConfig, Faults};

/// The telemetry service: metrics, events and who listens to them, and alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The circuit breaker of what has to wait for handlers, which is to flush: it opens when they are not done in time. Events and metrics
    /// wait for nobody, and are never refused. `None`: none. Default: it opens on the fifth failure in 60 s, for 30 s.
    #[serde(skip_serializing_if = "is_usual_breaker")]
    pub breaker: Option<CircuitConfig>,
}

impl Default for TelemetrySpec {
    fn default() -> Self {
        Self {
            metrics: MetricsSpec::default(),
            processes: ProcessMetricsSpec::default(),
            events: EventsSpec::default(),
            alerts: AlertsSpec::default(),
            breaker: Some(usual_breaker()),
        }
    }
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

    /// Sets the circuit breaker of what has to wait for handlers; `None` for none.
    #[must_use]
    pub fn breaker(mut self, breaker: impl Into<Option<CircuitConfig>>) -> Self {
        self.breaker = breaker.into();
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
        if let Some(breaker) = &self.breaker {
            breaker.check(report, &At::Field(at, "breaker"));
        }
    }
}
