//! An event store that minds memory.

use mainstay_specs::{PressureLevel, ServiceName};
use mainstay_supervisors::Namespace;

use super::admission::{MemoryPressure, OperationClass};
use super::handle::MemoryManager;
use crate::event_store::{Event, EventId, EventStore, NAME, StoreError};

/// The event store of a namespace, for those who store: it minds how scarce memory is.
///
/// | level | an event |
/// |---|---|
/// | low | is stored |
/// | medium, high | is stored, and a cleanup of the event store is asked for once it is: [`EventStoreCleanup`](super::EventStoreCleanup), where the spec allows what deletes |
/// | critical | is refused with [`MemoryAwareStoreError::MemoryPressureCritical`], which says when to come back |
///
/// What frees memory always passes: delete, and ask, through the [`store`](Self::event_store) itself. So does what has to be on record,
/// with [`store_essential`](Self::store_essential). Alerts are stored in any case, as the store takes them by itself.
///
/// The level is one load; no message is sent for it, and whether a cleanup is asked for or goes on is waited for by nobody.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::EventStore;
/// use mainstay_actors::event_store::Event;
/// use mainstay_actors::memory::{MemoryAwareEventStore, MemoryManager, PressureLevel};
/// use mainstay_specs::{EventStoreSpec, MemoryManagerSpec, NamespaceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plan = NamespacePlan::new()
///     .service(EventStore::child(EventStoreSpec::memory()))
///     .service(MemoryManager::child(MemoryManagerSpec::default().simulation(true)));
/// let runtime = Runtime::new();
/// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
/// let store = MemoryAwareEventStore::in_namespace(&app).expect("it was just started");
///
/// MemoryManager::of(&app).simulate_pressure(PressureLevel::Critical, Duration::from_secs(60))?;
/// let refused = store.store(Event::builder("order").build()?).await.unwrap_err();
/// assert!(refused.to_string().starts_with("memory_pressure_critical"));
/// store.store_essential(Event::builder("audit").build()?).await?;
/// assert_eq!(store.event_store().get_recent(10).await?.events.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryAwareEventStore {
    store: EventStore,
    memory: MemoryManager,
    service: ServiceName,
}

/// Why an event was not stored.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryAwareStoreError {
    /// Memory is all but gone. Nothing was stored; come back when it says.
    #[error("memory_pressure_critical: {0}")]
    MemoryPressureCritical(MemoryPressure),
    /// The event store has not stored it, or is not known to.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MemoryAwareEventStore {
    /// The event store of a namespace, minding the memory of that; `None` if no event store has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let store = EventStore::in_namespace(namespace)?;
        Some(Self::new(store, MemoryManager::of(namespace)))
    }

    /// This event store, minding what this memory manager says.
    #[must_use]
    pub fn new(store: EventStore, memory: MemoryManager) -> Self {
        // A name is not empty, short, and without `/` and white space: this one is.
        let service = ServiceName::new(NAME).expect("a name");
        Self {
            store,
            memory,
            service,
        }
    }

    /// The event store itself, to ask and to delete.
    #[must_use]
    pub const fn event_store(&self) -> &EventStore {
        &self.store
    }

    /// Stores an event, as [`EventStore::store`], unless memory is all but gone.
    ///
    /// # Errors
    ///
    /// [`MemoryAwareStoreError::MemoryPressureCritical`]; those of [`EventStore::store`].
    ///
    /// Cancel safety: as that of [`EventStore::store`].
    pub async fn store(&self, event: Event) -> Result<EventId, MemoryAwareStoreError> {
        let level = self.admit()?;
        let id = self.store.store(event).await?;
        self.clean(level);
        Ok(id)
    }

    /// Stores events together or not at all, as [`EventStore::store_batch`], unless memory is all but gone.
    ///
    /// # Errors
    ///
    /// [`MemoryAwareStoreError::MemoryPressureCritical`]; those of [`EventStore::store_batch`].
    ///
    /// Cancel safety: as that of [`EventStore::store_batch`].
    pub async fn store_batch(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Vec<EventId>, MemoryAwareStoreError> {
        let level = self.admit()?;
        let ids = self.store.store_batch(events).await?;
        self.clean(level);
        Ok(ids)
    }

    /// Stores an event whatever the level is: one that has to be on record, such as who has done what.
    ///
    /// # Errors
    ///
    /// Those of [`EventStore::store`].
    ///
    /// Cancel safety: as that of [`EventStore::store`].
    pub async fn store_essential(&self, event: Event) -> Result<EventId, StoreError> {
        let level = self.memory.check_pressure();
        let id = self.store.store(event).await?;
        self.clean(level);
        Ok(id)
    }

    fn admit(&self) -> Result<PressureLevel, MemoryAwareStoreError> {
        let level = self.memory.check_pressure();
        if level < PressureLevel::Critical {
            return Ok(level);
        }
        let refusal = self.memory.refuse(OperationClass::Write, 0);
        Err(MemoryAwareStoreError::MemoryPressureCritical(refusal))
    }

    /// Asks for a cleanup, if one is called for.
    fn clean(&self, level: PressureLevel) {
        if level > PressureLevel::Low {
            self.memory.request_cleanup(&self.service, level);
        }
    }
}
