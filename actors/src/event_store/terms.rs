//! What a store goes by.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::EventStoreSpec;
use mainstay_supervisors::Namespace;
use tokio::sync::Semaphore;

use super::backend::{EventBackend, StoreBounds};
use super::error::EventStoreStartError;
use super::guards::Guards;
use super::query::{EventQuery, PageBounds};
use super::queue::Load;
use super::signals::Signals;

/// What the child of a store was made with.
pub(crate) struct Setup {
    pub(crate) spec: EventStoreSpec,
    /// In place of the one that the spec names.
    pub(crate) backend: Option<Arc<dyn EventBackend>>,
}

/// What a store goes by: replaced as a whole.
pub(crate) struct Terms {
    pub(crate) setup: Arc<Setup>,
    pub(crate) backend: Arc<dyn EventBackend>,
    /// A place for each question that may be answered at a time.
    pub(crate) places: Arc<Semaphore>,
    /// A place for each question that may wait for one of those.
    pub(crate) turns: Semaphore,
    pub(crate) signals: Signals,
    pub(crate) guards: Guards,
}

impl Terms {
    pub(crate) fn new(
        setup: Arc<Setup>,
        backend: Arc<dyn EventBackend>,
        namespace: &Namespace,
    ) -> Result<Self, EventStoreStartError> {
        let places = |count: u32| Semaphore::new((count as usize).min(Semaphore::MAX_PERMITS));
        let guards = Guards::of(namespace, &setup.spec);
        Ok(Self {
            signals: Signals::new(namespace, backend.kind()),
            guards: guards.map_err(EventStoreStartError::Breaker)?,
            places: Arc::new(places(setup.spec.queries_max)),
            turns: places(setup.spec.queries_waiting_max),
            setup,
            backend,
        })
    }

    pub(crate) fn spec(&self) -> &EventStoreSpec {
        &self.setup.spec
    }

    pub(crate) fn bounds(&self) -> StoreBounds {
        StoreBounds::new(self.spec().max_events, self.spec().bytes_max)
    }

    pub(crate) fn queue_max(&self) -> Load {
        Load {
            events: self.spec().queue_max.into(),
            bytes: self.spec().queue_bytes_max,
        }
    }

    /// How much a subscriber may be behind.
    pub(crate) fn backlog_max(&self) -> Load {
        Load {
            events: self.spec().backlog_max.into(),
            bytes: self.spec().backlog_bytes_max,
        }
    }

    pub(crate) fn page(&self, query: &EventQuery) -> PageBounds {
        let limit = query.limit.unwrap_or_else(|| self.spec().query_limit);
        PageBounds::new(limit, self.spec().query_bytes_max)
    }

    /// How long the keeper has to store what waits when it is told to stop.
    pub(crate) fn drain_max(spec: &EventStoreSpec) -> Duration {
        spec.time_limit.saturating_add(Duration::from_secs(5))
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("spec", self.spec())
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
