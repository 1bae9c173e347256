//! Tasks of the test, by name and place.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use crate::testkit::leak::Place;

struct Known {
    name: String,
    made_at: Place,
    abort: AbortHandle,
}

#[derive(Default)]
pub(super) struct Tasks(Mutex<Vec<Known>>);

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, name: String, made_at: Place, abort: AbortHandle) {
        let mut tasks = self.lock();
        tasks.retain(|task| !task.abort.is_finished());
        tasks.push(Known {
            name,
            made_at,
            abort,
        });
    }

    /// Those that run, oldest first.
    pub(super) fn alive(&self) -> Vec<(String, Place)> {
        let tasks = self.lock();
        let alive = tasks.iter().filter(|task| !task.abort.is_finished());
        alive
            .map(|task| (task.name.clone(), task.made_at))
            .collect()
    }

    pub(super) fn abort(&self) {
        self.lock().iter().for_each(|task| task.abort.abort());
    }
}
