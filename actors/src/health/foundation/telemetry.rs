//! How telemetry fares.

use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::{CheckResult, milliseconds};
use super::{Home, look};
use crate::telemetry::{HandlerStatus, NAME, TelemetryService};

/// How the telemetry of a namespace fares: `telemetry_self_check`, which is degraded while the keeper is down, as events are told all the
/// same; `telemetry_handlers`, degraded while one is left out for having panicked, or has a full queue.
#[derive(Clone, Debug)]
pub struct TelemetryHealthCheck(Home);

impl TelemetryHealthCheck {
    /// Looks at the telemetry of this namespace, as it is each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn telemetry(&self) -> Option<TelemetryService> {
        TelemetryService::in_namespace(&self.0.namespace()?)
    }

    fn handlers(&self) -> CheckResult {
        const PART: &str = "telemetry_handlers";
        look(PART, self.telemetry(), |telemetry| {
            let handlers = telemetry.status().handlers;
            let names = |is: fn(&HandlerStatus) -> bool| {
                let found = handlers.iter().filter(|handler| is(handler));
                found
                    .map(|handler| handler.name.clone())
                    .collect::<Vec<String>>()
            };
            let out = names(|handler| !handler.working);
            let full = names(|handler| {
                handler
                    .queue
                    .as_ref()
                    .is_some_and(|queue| queue.waiting >= queue.capacity)
            });
            let result = if out.is_empty() && full.is_empty() {
                CheckResult::healthy(PART, "Handlers keep up")
            } else {
                CheckResult::degraded(PART, "Handlers miss events")
            };
            result
                .with("handlers", handlers.len())
                .with("left_out", out)
                .with("full", full)
        })
    }
}

impl HealthCheckable for TelemetryHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "telemetry_self_check";
        let is_kept = self
            .0
            .namespace()
            .is_some_and(|it| it.whereis(NAME).is_some());
        look(PART, self.telemetry(), |telemetry| {
            let status = telemetry.status();
            let result = if is_kept {
                CheckResult::healthy(PART, "Telemetry operational")
            } else {
                CheckResult::degraded(PART, "The keeper is down; events are told all the same")
            };
            result
                .with("events_count", status.events_count)
                .with("subscribers_count", status.subscribers_count)
                .with("uptime_ms", status.uptime.map(milliseconds::number))
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.handlers()]
    }
}
