//! Events as lines of the log.

use super::event::Event;

/// A handler that passes events on to `tracing`, each as an event of level debug there. It never waits for anybody but the
/// subscriber of `tracing`.
///
/// ```
/// use mainstay_actors::Telemetry;
/// use mainstay_actors::telemetry::{TelemetryError, log_event};
///
/// fn log_everything(telemetry: &Telemetry) -> Result<(), TelemetryError> {
///     telemetry.attach("log", "foundation.**", log_event)?.keep();
///     Ok(())
/// }
/// ```
pub fn log_event(event: &Event) {
    tracing::debug!(
        namespace = event.namespace().as_str(),
        number = event.number(),
        path = event.path().as_str(),
        measurements = %event.measurements(),
        metadata = %event.metadata(),
        "telemetry",
    );
}
