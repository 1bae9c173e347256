//! State that outlives a crash of its actor.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Namespace;

type Cell = Arc<dyn Any + Send + Sync>;

/// The cells of a namespace, by type and name.
#[derive(Default)]
pub(super) struct Cells {
    cells: Mutex<HashMap<(TypeId, Box<str>), Cell>>,
    cleared: AtomicBool,
}

impl Cells {
    fn lock(&self) -> MutexGuard<'_, HashMap<(TypeId, Box<str>), Cell>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        let mut kept = self.lock();
        // Under the lock: a cell that is made later is made by somebody who can see this.
        self.cleared.store(true, Ordering::Release);
        let cells = std::mem::take(&mut *kept);
        drop(kept);
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

    /// Whether its tree has ended, and its cells have gone with it. A cell that is made after that stays for as long as somebody
    /// has a handle of the namespace: whoever makes one that others wait for has to look at this then.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.inner.cells.cleared.load(Ordering::Acquire)
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
