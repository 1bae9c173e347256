//! What a memory manager does, told to the telemetry and the metrics of its namespace.

use mainstay_supervisors::Namespace;

use super::event::PressureChange;
use super::reading::Reading;
use crate::MetricsStore;
use crate::metrics::{Counter, Gauge, MetricsError, Tags, Unit};
use crate::signals::Way;
use crate::telemetry::{
    Emitter, EventDescriptor, MEMORY_CHECK, MEMORY_PRESSURE, Metadata, TelemetryService,
};

/// The share that the level comes from.
const PRESSURE: &str = "foundation.memory.pressure";
/// The level: 0 is low, 3 is critical.
const LEVEL: &str = "foundation.memory.level";
/// How often the level has changed.
const CHANGES: &str = "foundation.memory.level_changes";
/// What this process has resident.
const RESIDENT: &str = "foundation.memory.resident";
/// What of the heap is in use.
const HEAP: &str = "foundation.memory.heap";

/// The way to the telemetry and the metrics of a namespace, as far as there are any.
#[derive(Debug)]
pub(crate) struct Signals(Way<Metrics, Emitters>);

#[derive(Debug)]
struct Metrics {
    pressure: Gauge,
    level: Gauge,
    changes: Counter,
    store: MetricsStore,
}

#[derive(Debug)]
struct Emitters {
    pressure: Emitter,
    check: Emitter,
}

impl Signals {
    /// No way at all.
    pub(crate) fn none(namespace: &Namespace) -> Self {
        Self(Way::none(namespace))
    }

    pub(crate) fn new(namespace: &Namespace) -> Self {
        let what = "the pressure on memory";
        Self(Way::to(namespace, what, Metrics::new, Emitters::new))
    }

    /// The level has changed.
    pub(crate) fn changed(&self, change: &PressureChange) {
        let (namespace, pressure) = (&self.0.namespace, change.ratio);
        let (from, to) = (change.from, change.to);
        let cause = change.cause.as_ref().map_or("", |cause| cause.as_str());
        if to > from {
            tracing::warn!(namespace, %from, %to, pressure, cause, simulated = change.simulated, "memory gets scarcer");
        } else {
            tracing::info!(namespace, %from, %to, pressure, cause, simulated = change.simulated, "there is more memory again");
        }
        if let Some(metrics) = &self.0.metrics {
            metrics.changes.increment(1);
        }
        if let Some(emitters) = &self.0.emitters {
            emitters.pressure.emit(|| {
                let metadata = Metadata::new()
                    .with("namespace", namespace.clone())
                    .with("level", to.as_str())
                    .with("from", from.as_str())
                    .with("to", to.as_str())
                    .with("cause", cause.to_owned())
                    .with("simulated", change.simulated);
                ([("pressure", pressure)], metadata)
            });
        }
    }

    /// A sample was taken.
    pub(crate) fn checked(&self, reading: &Reading) {
        if let Some(metrics) = &self.0.metrics {
            metrics.record(reading);
        }
        if let Some(emitters) = &self.0.emitters {
            emitters.check.emit(|| {
                let cause = reading.cause.as_ref().map_or("", |cause| cause.as_str());
                let metadata = Metadata::new()
                    .with("namespace", self.0.namespace.clone())
                    .with("level", reading.level.as_str())
                    .with("cause", cause.to_owned())
                    .with("simulated", reading.simulated)
                    .with("stale", reading.stale);
                ([("pressure", reading.ratio)], metadata)
            });
        }
    }
}

impl Metrics {
    fn new(store: MetricsStore) -> Result<Self, MetricsError> {
        Ok(Self {
            pressure: store.gauge(PRESSURE, Unit::Ratio, Tags::new())?,
            level: store.gauge(LEVEL, Unit::Count, Tags::new())?,
            changes: store.counter(CHANGES, Tags::new())?,
            store,
        })
    }

    fn record(&self, reading: &Reading) {
        self.pressure.set(reading.ratio);
        self.level.set(f64::from(reading.level as u8));
        // What is not measured has no series: 0 would be a lie.
        let sizes = [
            (RESIDENT, reading.facts.resident),
            (HEAP, reading.facts.heap),
        ];
        for (name, bytes) in sizes {
            if let Some(bytes) = bytes
                && let Ok(gauge) = self.store.gauge(name, Unit::Bytes, Tags::new())
            {
                gauge.set(bytes as f64);
            }
        }
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
