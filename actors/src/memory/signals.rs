//! What a memory manager does, told to the telemetry of its namespace.

use mainstay_supervisors::Namespace;

use super::event::PressureChange;
use super::reading::Reading;
use crate::telemetry::{
    Emitter, EventDescriptor, MEMORY_CHECK, MEMORY_PRESSURE, Metadata, TelemetryService,
};

/// The way to the telemetry of a namespace, as far as there is any.
#[derive(Debug)]
pub(crate) struct Signals {
    namespace: String,
    emitters: Option<Emitters>,
}

#[derive(Debug)]
struct Emitters {
    pressure: Emitter,
    check: Emitter,
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let telemetry = TelemetryService::in_namespace(namespace);
        Self {
            namespace: namespace.name().as_str().to_owned(),
            emitters: telemetry.as_ref().and_then(Emitters::new),
        }
    }

    /// The level has changed.
    pub(crate) fn changed(&self, change: &PressureChange) {
        let Some(emitters) = &self.emitters else {
            return;
        };
        emitters.pressure.emit(|| {
            let cause = change.cause.as_ref().map_or("", |cause| cause.as_str());
            let metadata = Metadata::new()
                .with("namespace", self.namespace.clone())
                .with("level", change.to.as_str())
                .with("from", change.from.as_str())
                .with("to", change.to.as_str())
                .with("cause", cause.to_owned())
                .with("simulated", change.simulated);
            ([("pressure", change.ratio)], metadata)
        });
    }

    /// A sample was taken.
    pub(crate) fn checked(&self, reading: &Reading) {
        let Some(emitters) = &self.emitters else {
            return;
        };
        emitters.check.emit(|| {
            let cause = reading.cause.as_ref().map_or("", |cause| cause.as_str());
            let metadata = Metadata::new()
                .with("namespace", self.namespace.clone())
                .with("level", reading.level.as_str())
                .with("cause", cause.to_owned())
                .with("simulated", reading.simulated)
                .with("stale", reading.stale);
            ([("pressure", reading.ratio)], metadata)
        });
    }
}

impl Emitters {
    fn new(telemetry: &TelemetryService) -> Option<Self> {
        let emitter = |kind: EventDescriptor| telemetry.event(kind.event_path()).ok();
        Some(Self {
            pressure: emitter(MEMORY_PRESSURE)?,
            check: emitter(MEMORY_CHECK)?,
        })
    }
}
