//! Deleting old events.

use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};
use mainstay_supervisors::Namespace;

use super::strategy::{CleanupAnswer, CleanupError, CleanupOptions, CleanupReport, MemoryCleanup};
use crate::event_store::{EventStore, NAME};

/// Deletes events of the event store that are older than some time: usually a day, and down to an hour the more memory is wanted
/// ([`CleanupOptions::kept_for`]).
///
/// Where the store itself keeps events for less than a day, both times are shorter in the same proportion, so that there is something to be
/// deleted: of a store that keeps them for an hour, those go that are older than that, down to two and a half minutes.
///
/// Events do not come back, so its class is [`CleanupClass::Destructive`], which is not carried out unless the spec allows it. How old
/// they are is told by their wall time; a clock that leaps ahead is not believed before the store itself believes it
/// ([`EventStore::cleanup_events_older_than`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStoreCleanup {
    /// How old events have to be. Default: 24 h.
    pub retention: Duration,
    /// How old they have to be at least, however much memory is wanted. Default: 1 h.
    pub retention_min: Duration,
}

impl Default for EventStoreCleanup {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(24 * 3600),
            retention_min: Duration::from_secs(3600),
        }
    }
}

impl EventStoreCleanup {
    /// Deletes events older than this, and none younger than `least` however much memory is wanted.
    #[must_use]
    pub const fn new(retention: Duration, least: Duration) -> Self {
        Self {
            retention,
            retention_min: least,
        }
    }

    /// Both times, of a store that keeps events no longer than this.
    fn within(&self, max_age: Duration) -> (Duration, Duration) {
        if max_age >= self.retention {
            return (self.retention, self.retention_min);
        }
        let share = max_age.as_secs_f64() / self.retention.as_secs_f64();
        (max_age, self.retention_min.mul_f64(share))
    }
}

impl MemoryCleanup for EventStoreCleanup {
    fn class(&self) -> CleanupClass {
        CleanupClass::Destructive
    }

    fn cleanup<'a>(
        &'a self,
        namespace: &'a Namespace,
        service: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        Box::pin(async move {
            check(service, NAME)?;
            let store = EventStore::in_namespace(namespace)
                .ok_or_else(|| CleanupError::NoService(service.clone()))?;
            let (usual, least) = self.within(store.max_age());
            let kept_for = options.kept_for(usual, least);
            let removed = store.cleanup_events_older_than(kept_for).await;
            let removed = removed.map_err(CleanupError::failed)?;
            Ok(CleanupReport::entries(removed))
        })
    }
}

/// Whether it is for this service.
pub(super) fn check(found: &ServiceName, expected: &'static str) -> Result<(), CleanupError> {
    if found.as_str() == expected {
        return Ok(());
    }
    Err(CleanupError::OtherService {
        expected,
        found: found.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn both_times_are_shorter_where_the_store_keeps_events_for_less() {
        let cleanup = EventStoreCleanup::default();
        assert_eq!(cleanup.within(100 * HOUR), (24 * HOUR, HOUR));
        assert_eq!(cleanup.within(24 * HOUR), (24 * HOUR, HOUR));
        assert_eq!(cleanup.within(HOUR), (HOUR, Duration::from_secs(150)));
    }
}
