//! The supervisor of all that belongs to telemetry.

use std::time::Duration;

use mainstay_specs::TelemetrySpec;
use mainstay_supervisors::{Child, Supervisor};

use super::handle::{NAME, TelemetryService};
use super::start;

impl TelemetryService {
    /// The telemetry service as a child, to be started in a namespace: first of its services, which report through it.
    ///
    /// It is a supervisor, under which what comes later, and uses what comes before, is restarted with it:
    ///
    /// ```text
    /// telemetry   rest_for_one
    /// └─ events   keeper of handlers
    /// ```
    ///
    /// All three may crash without anything being lost: handlers, metrics and alerts belong to the namespace. A wrong spec fails the
    /// start with a [`TelemetryStartError`](super::TelemetryStartError).
    #[must_use]
    #[track_caller]
    pub fn child(spec: TelemetrySpec) -> Child {
        let supervisor = Supervisor::rest_for_one()
            .intensity(10, Duration::from_secs(10))
            .child(start::child(spec.events));
        Child::supervisor(NAME, supervisor)
    }
}
