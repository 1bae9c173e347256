//! The supervisor of all that belongs to telemetry.

use std::time::Duration;

use mainstay_specs::TelemetrySpec;
use mainstay_supervisors::{Child, Supervisor};

use super::handle::{NAME, TelemetryService};
use super::start;
use crate::{Alerts, MetricsStore, ProcessMetrics};

impl TelemetryService {
    /// The telemetry service as a child, to be started in a namespace: first of its services, which report through it.
    ///
    /// It is a supervisor, under which what comes later, and uses what comes before, is restarted with it:
    ///
    /// ```text
    /// telemetry            rest_for_one
    /// ├─ metrics_store     keeper of the metrics
    /// ├─ process_metrics   has every process measured
    /// ├─ events            keeper of handlers
    /// └─ alerts            looks at the rules
    /// ```
    ///
    /// All of them may crash without anything being lost: handlers, metrics and alerts belong to the namespace. A wrong spec fails the
    /// start with a [`TelemetryStartError`](super::TelemetryStartError) or a
    /// [`MetricsStartError`](crate::metrics::MetricsStartError).
    #[must_use]
    #[track_caller]
    pub fn child(spec: TelemetrySpec) -> Child {
        let supervisor = Supervisor::rest_for_one().intensity(10, Duration::from_secs(10));
        let supervisor = supervisor.children(children(spec));
        Child::supervisor(NAME, supervisor)
    }
}

#[track_caller]
pub(super) fn children(spec: TelemetrySpec) -> [Child; 4] {
    [
        MetricsStore::child(spec.metrics),
        ProcessMetrics::child(spec.processes),
        start::child(spec.events, spec.breaker),
        Alerts::child(spec.alerts),
    ]
}
