//! State that outlives a crash of its actor.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Namespace;

type Cell = Arc<dyn Any + Send + Sync>;

/// The cells of a namespace, by type and name.
#[derive(Default)]
pub(super) struct Cells(Mutex<HashMap<(TypeId, Box<str>), Cell>>);

impl Cells {
    fn lock(&self) -> MutexGuard<'_, HashMap<(TypeId, Box<str>), Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        let cells = std::mem::take(&mut *self.lock());
        // Without the lock: what they hold may come back here.
        drop(cells);
    }
}

impl Namespace {
    /// The cell of this type and name, made with `make` if it is not there yet.
    ///
    /// Cells are the state of services that outlives a crash of their actors: they belong to the namespace and go with
    /// it, and each incarnation of an actor adopts the same ones. `make` must not use the namespace's cells.
    pub fn cell<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut cells = self.inner.cells.lock();
        let key = (TypeId::of::<T>(), Box::from(name));
        let cell = Arc::clone(cells.entry(key).or_insert_with(|| Arc::new(make())));
        drop(cells);
        cell.downcast()
            .unwrap_or_else(|_| unreachable!("a cell is kept under its own type"))
    }

    /// The cell of this type and name, if it is there.
    #[must_use]
    pub fn find_cell<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        let key = (TypeId::of::<T>(), Box::from(name));
        Arc::clone(self.inner.cells.lock().get(&key)?)
            .downcast()
            .ok()
    }
}
