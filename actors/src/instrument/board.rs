//! Which processes are measured, by path.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::{Pid, Process};

use super::series::Depth;
use crate::metrics::MetricsStore;

/// The processes that are measured and alive. It belongs to the namespace, and outlives the keeper.
#[derive(Debug)]
pub(super) struct Board {
    store: MetricsStore,
    places: Mutex<HashMap<Box<str>, Place>>,
}

/// Those that have one path. Mostly one.
#[derive(Debug, Default)]
struct Place {
    processes: Vec<Process>,
    /// Of a path with mailboxes, once it was looked at.
    depth: Option<Depth>,
}

impl Board {
    pub(super) fn new(store: MetricsStore) -> Self {
        Self {
            store,
            places: Mutex::default(),
        }
    }

    pub(super) fn enter(&self, path: &str, process: &Process) {
        let mut places = self.places();
        let place = places.entry(path.into()).or_default();
        place.processes.push(process.clone());
    }

    /// The last one to leave a path leaves none that waits.
    pub(super) fn leave(&self, path: &str, pid: Pid) {
        let mut places = self.places();
        let Some(place) = places.get_mut(path) else {
            return;
        };
        let index = place.processes.iter().position(|one| one.pid() == pid);
        let left = index.map(|index| place.processes.swap_remove(index));
        let gone = if place.processes.is_empty() {
            if let Some(depth) = &place.depth {
                depth.note(&[]);
            }
            places.remove(path)
        } else {
            None
        };
        drop(places);
        // Without the lock: it may be the last to know of the process.
        drop((left, gone));
    }

    /// Notes how many messages wait now.
    pub(super) fn note(&self) {
        for (path, place) in self.places().iter_mut() {
            if place.depth.is_none() && place.processes.iter().any(|one| one.waiting().is_some()) {
                place.depth = Some(Depth::new(&self.store, path));
            }
            if let Some(depth) = &place.depth {
                depth.note(&place.processes);
            }
        }
    }

    /// A poisoned lock is taken all the same: nothing but the map's own code runs under it.
    fn places(&self) -> MutexGuard<'_, HashMap<Box<str>, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
