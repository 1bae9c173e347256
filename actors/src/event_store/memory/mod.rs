//! Events in the memory of this process.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`MemoryBackend`] |
//! | `shelf.rs` | the events and where to find them; pure |
//! | `tests.rs` | the same, held against a list that is looked through |

mod shelf;
#[cfg(test)]
mod tests;

use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use super::backend::{Appended, BackendAnswer, EventBackend, EventGroup, StoreBounds, Usage};
use super::event::Event;
use super::id::EventId;
use super::query::{EventPage, EventQuery, PageBounds};
use shelf::Shelf;

/// Keeps events in the memory of this process: they outlive the keeper of the store, not the namespace. For tests, and for what need
/// not be kept.
///
/// A question is answered on the thread of whoever asks; one that has to look at all of 100,000 events takes some milliseconds, in which
/// nothing is stored.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    shelf: RwLock<Shelf>,
}

impl MemoryBackend {
    /// What kind it is.
    pub(crate) const KIND: &'static str = "memory";

    /// Without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A poisoned lock is taken all the same: the books are right after each entry.
    fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBackend for MemoryBackend {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(ready(Ok(self.write().append(&groups, bounds))))
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        Box::pin(ready(Ok(self.read().get(id))))
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(ready(Ok(self.read().query(&query, bounds))))
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        Box::pin(ready(Ok(self.write().remove_before(time, at_most))))
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        Box::pin(ready(Ok(self.read().usage())))
    }
}
