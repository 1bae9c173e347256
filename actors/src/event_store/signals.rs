//! What an event store does, told to the telemetry and the metrics of its namespace.
//!
//! Nothing of this is told of alerts that are stored: they would lead to more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_supervisors::Namespace;
use tokio::time::Instant;

use super::backend::BackendError;
use super::hush::Hush;
use crate::MetricsStore;
use crate::metrics::{Counter, Histogram, MetricsError, Tags, Unit};
use crate::telemetry::{
    EVENT_STORE_FAILED, EVENT_STORE_PRUNED, EVENT_STORE_REFUSED, EVENT_STORE_STORED, Emitter,
    EventDescriptor, Metadata, TelemetryService, Value,
};

const STORED: &str = "foundation.event_store.stored";
const REFUSED: &str = "foundation.event_store.refused";
const FAILED: &str = "foundation.event_store.failed";
/// How long callers wait for what they store.
const STORE: &str = "foundation.event_store.store";
/// How long callers wait for what they ask, of those that are answered.
const QUERY: &str = "foundation.event_store.query";
/// How long transactions take.
const COMMIT: &str = "foundation.event_store.commit";

/// The way to the telemetry and the metrics of a namespace, as far as there are any. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Signals(Arc<Ways>);

#[derive(Debug)]
struct Ways {
    namespace: String,
    backend: &'static str,
    metrics: Option<Metrics>,
    emitters: Option<Emitters>,
    /// What the log was told.
    failures: Mutex<Hush>,
    refusals: Mutex<Hush>,
}

/// Whether the log is to be told again, and how often it was not.
fn again(hush: &Mutex<Hush>) -> Option<u64> {
    let mut hush = hush.lock().unwrap_or_else(PoisonError::into_inner);
    hush.again(Instant::now())
}

#[derive(Debug)]
struct Metrics {
    stored: Counter,
    refused: Counter,
    failed: Counter,
    store: Histogram,
    query: Histogram,
    commit: Histogram,
}

#[derive(Debug)]
struct Emitters {
    stored: Emitter,
    pruned: Emitter,
    refused: Emitter,
    failed: Emitter,
}

impl Metrics {
    fn new(store: &MetricsStore) -> Result<Self, MetricsError> {
        let counter = |name: &str| store.counter(name, Tags::new());
        let histogram = |name: &str| store.histogram(name, Unit::Nanoseconds, Tags::new());
        Ok(Self {
            stored: counter(STORED)?,
            refused: counter(REFUSED)?,
            failed: counter(FAILED)?,
            store: histogram(STORE)?,
            query: histogram(QUERY)?,
            commit: histogram(COMMIT)?,
        })
    }
}

impl Emitters {
    fn new(telemetry: &TelemetryService) -> Option<Self> {
        let emitter = |kind: EventDescriptor| telemetry.event(kind.event_path()).ok();
        Some(Self {
            stored: emitter(EVENT_STORE_STORED)?,
            pruned: emitter(EVENT_STORE_PRUNED)?,
            refused: emitter(EVENT_STORE_REFUSED)?,
            failed: emitter(EVENT_STORE_FAILED)?,
        })
    }
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace, backend: &'static str) -> Self {
        let metrics = MetricsStore::in_namespace(namespace).map(|store| Metrics::new(&store));
        let metrics = metrics.and_then(|metrics| match metrics {
            Ok(metrics) => Some(metrics),
            Err(error) => {
                tracing::warn!(%error, "the use of the event store is not recorded");
                None
            }
        });
        let telemetry = TelemetryService::in_namespace(namespace);
        Self(Arc::new(Ways {
            namespace: namespace.name().as_str().to_owned(),
            backend,
            metrics,
            emitters: telemetry.as_ref().and_then(Emitters::new),
            failures: Mutex::default(),
            refusals: Mutex::default(),
        }))
    }

    fn metadata(&self) -> Metadata {
        Metadata::new()
            .with("namespace", self.0.namespace.clone())
            .with("backend", self.0.backend)
    }

    /// A transaction has stored so many events.
    pub(crate) fn committed(&self, count: u64, took: Duration) {
        if count == 0 {
            return;
        }
        if let Some(metrics) = &self.0.metrics {
            metrics.stored.increment(count);
            metrics.commit.record_duration(took);
        }
        if let Some(emitters) = &self.0.emitters {
            let duration = super::event::nanoseconds(took);
            emitters
                .stored
                .emit(|| ([("count", count), ("duration", duration)], self.metadata()));
        }
    }

    /// A caller has waited so long.
    pub(crate) fn waited(&self, time: Duration) {
        if let Some(metrics) = &self.0.metrics {
            metrics.store.record_duration(time);
        }
    }

    /// A caller was answered after so long.
    pub(crate) fn asked(&self, time: Duration) {
        if let Some(metrics) = &self.0.metrics {
            metrics.query.record_duration(time);
        }
    }

    /// So many events were not stored, or are not known to be.
    pub(crate) fn failed(&self, count: u64, error: &BackendError) {
        if let Some(before) = again(&self.0.failures) {
            tracing::error!(namespace = self.0.namespace, count, before, %error, "events were not stored");
        }
        if count == 0 {
            return;
        }
        if let Some(metrics) = &self.0.metrics {
            metrics.failed.increment(count);
        }
        if let Some(emitters) = &self.0.emitters {
            emitters.failed.emit(|| {
                let metadata = self.metadata().with("error", Value::text_of(error));
                ([("count", count)], metadata)
            });
        }
    }

    /// So many events were refused since this was told last.
    pub(crate) fn refused(&self, count: u64, waiting: u64) {
        if count == 0 {
            return;
        }
        if let Some(before) = again(&self.0.refusals) {
            let namespace = &self.0.namespace;
            tracing::warn!(namespace, count, before, waiting, "events were refused");
        }
        if let Some(metrics) = &self.0.metrics {
            metrics.refused.increment(count);
        }
        if let Some(emitters) = &self.0.emitters {
            emitters
                .refused
                .emit(|| ([("count", count), ("waiting", waiting)], self.metadata()));
        }
    }

    /// So many events have gone as there was no room.
    pub(crate) fn evicted(&self, count: u64) {
        self.gone(count, "room");
    }

    /// So many events have gone, for this reason: `age`, `room` or `request`.
    pub(crate) fn gone(&self, count: u64, reason: &'static str) {
        if count == 0 {
            return;
        }
        tracing::debug!(
            namespace = self.0.namespace,
            count,
            reason,
            "events have gone"
        );
        if let Some(emitters) = &self.0.emitters {
            emitters.pruned.emit(|| {
                let metadata = self.metadata().with("reason", reason);
                ([("count", count)], metadata)
            });
        }
    }
}
