//! Telemetry going by another spec while it runs.

use std::sync::Arc;

use mainstay_specs::{EventsSpec, TelemetrySpec};
use mainstay_supervisors::Namespace;

use super::handle::{NAME, TelemetryService};
use super::start::guard;
use super::tree::children;
use crate::renew::succeed_with;
use crate::{Alerts, MetricsStore, RenewError};

impl TelemetryService {
    /// What its events go by now: the spec of its start, or of the last [`renew`](Self::renew).
    #[must_use]
    pub fn events_spec(&self) -> EventsSpec {
        (*self.hub.spec()).clone()
    }

    /// Has the telemetry of a namespace go by another spec from now on, and its successors, too: its limits, its alerts and its circuit breaker.
    /// Metrics, handlers and subscribers that are there stay, also where there would be no room for them any more; a subscriber's backlog
    /// stays as long as it was made. Rules of alerts that were put or taken away by the program stay so, unless the new spec says
    /// something else of them than the one before.
    ///
    /// Which processes are measured is settled when they start: another [`processes`](TelemetrySpec::processes) counts for those that are
    /// started after the telemetry was restarted.
    ///
    /// # Errors
    ///
    /// [`RenewError`]; what comes before in the spec goes by the new one then.
    ///
    /// Cancel safety: part of it may be done when this is dropped; do it again for the rest.
    pub async fn renew(namespace: &Namespace, spec: &TelemetrySpec) -> Result<(), RenewError> {
        spec.validate().map_err(RenewError::Spec)?;
        let telemetry = Self::in_namespace(namespace).ok_or(RenewError::NotRunning)?;
        let metrics = MetricsStore::in_namespace(namespace).ok_or(RenewError::NotRunning)?;
        let alerts = Alerts::in_namespace(namespace).ok_or(RenewError::NotRunning)?;
        // First: whoever is started from here on goes by it.
        succeed_with(namespace, NAME, children(spec.clone())).await?;
        metrics.renew(&spec.metrics).map_err(RenewError::Spec)?;
        telemetry.hub.set_spec(Arc::new(spec.events.clone()));
        guard(namespace, &telemetry.hub, spec.breaker.as_ref())?;
        Ok(alerts.renew(&spec.alerts)?)
    }
}
