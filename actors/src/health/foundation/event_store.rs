//! How an event store fares.

use mainstay_supervisors::Namespace;
use tokio::time::Instant;

use super::super::checkable::HealthCheckable;
use super::super::result::{CheckResult, milliseconds};
use super::{Home, look, unavailable};
use crate::EventStore;
use crate::event_store::NAME;

/// How the event store of a namespace fares: `event_store_self_check`, `event_store_backend`, which asks the backend, and
/// `event_store_queue`, which is degraded from nine tenths of what may wait on.
#[derive(Clone, Debug)]
pub struct EventStoreHealthCheck(Home);

impl EventStoreHealthCheck {
    /// Looks at the event store of this namespace, as it is each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn store(&self) -> Option<EventStore> {
        self.0.find(NAME, EventStore::in_namespace)
    }

    async fn backend(&self) -> CheckResult {
        const PART: &str = "event_store_backend";
        let Some(store) = self.store() else {
            return unavailable(PART);
        };
        let begun = Instant::now();
        let result = match store.health().await {
            Ok(()) => CheckResult::healthy(PART, "Backend answers"),
            Err(error) => CheckResult::unhealthy(PART, error.to_string()),
        };
        result
            .with("backend", store.stats().backend)
            .timed(begun.elapsed())
    }

    fn queue(&self) -> CheckResult {
        const PART: &str = "event_store_queue";
        look(PART, self.store(), |store| {
            let (stats, (events_max, bytes_max)) = (store.stats(), store.queue_max());
            let nearly = |found: u64, max: u64| found >= max - max / 10;
            let full = nearly(stats.waiting, events_max) || nearly(stats.waiting_bytes, bytes_max);
            let result = if full {
                CheckResult::degraded(PART, "Nearly as much waits to be stored as may")
            } else {
                CheckResult::healthy(PART, "There is room")
            };
            result
                .with("waiting", stats.waiting)
                .with("waiting_max", events_max)
                .with("waiting_bytes", stats.waiting_bytes)
                .with(
                    "longest_wait_ms",
                    stats.longest_wait.map(milliseconds::number),
                )
                .with("refused", stats.events_refused)
        })
    }
}

impl HealthCheckable for EventStoreHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "event_store_self_check";
        look(PART, self.store(), |store| {
            let stats = store.stats();
            CheckResult::healthy(PART, "EventStore operational")
                .with("events", stats.events)
                .with("events_stored", stats.events_stored)
                .with("events_failed", stats.events_failed)
                .with("uptime_ms", stats.uptime.map(milliseconds::number))
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.backend().await, self.queue()]
    }
}
