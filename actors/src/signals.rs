//! The way from a service to the telemetry and the metrics of its namespace.

use std::sync::OnceLock;

use mainstay_supervisors::Namespace;

use crate::MetricsStore;
use crate::metrics::MetricsError;
use crate::telemetry::{Emitter, EventDescriptor, TelemetryService};

/// The way to both, as far as they are there: what is recorded, and what is emitted.
#[derive(Debug)]
pub(crate) struct Way<M, E> {
    /// The name of the namespace.
    pub(crate) namespace: String,
    pub(crate) metrics: Option<M>,
    pub(crate) emitters: Option<E>,
}

impl<M, E> Way<M, E> {
    /// No way at all.
    pub(crate) fn none(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.name().as_str().to_owned(),
            metrics: None,
            emitters: None,
        }
    }

    /// To what is there now. If there is no room for the metrics of `what`, the log says so.
    pub(crate) fn to(
        namespace: &Namespace,
        what: &'static str,
        metrics: impl FnOnce(MetricsStore) -> Result<M, MetricsError>,
        emitters: impl FnOnce(&TelemetryService) -> Option<E>,
    ) -> Self {
        let told = |error: &MetricsError| tracing::warn!(%error, "{what} is not recorded");
        let store = MetricsStore::in_namespace(namespace);
        let telemetry = TelemetryService::in_namespace(namespace);
        Self {
            namespace: namespace.name().as_str().to_owned(),
            metrics: store.and_then(|store| metrics(store).inspect_err(told).ok()),
            emitters: telemetry.as_ref().and_then(emitters),
        }
    }
}

/// Emitters of several kinds of event, from when there is telemetry.
#[derive(Debug)]
pub(crate) struct Emitters<const N: usize>(OnceLock<[Emitter; N]>);

impl<const N: usize> Emitters<N> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Those of these kinds, which are the same each time.
    pub(crate) fn of(
        &self,
        namespace: &Namespace,
        kinds: &[EventDescriptor; N],
    ) -> Option<&[Emitter; N]> {
        if let Some(emitters) = self.0.get() {
            return Some(emitters);
        }
        let telemetry = TelemetryService::in_namespace(namespace)?;
        let emitter = |kind: &EventDescriptor| telemetry.event(kind.event_path()).ok();
        let emitters: Option<Vec<_>> = kinds.iter().map(emitter).collect();
        let emitters = emitters?.try_into().ok()?;
        Some(self.0.get_or_init(|| emitters))
    }
}

impl<const N: usize> Default for Emitters<N> {
    fn default() -> Self {
        Self::new()
    }
}
