//! Who may ask at a time: so many that one connection of the pool is left to store with.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::backend::BackendError;

/// A place for each question that may be under way. Those who wait get theirs in order.
#[derive(Debug)]
pub(super) struct Places {
    free: Semaphore,
    /// Those that there are.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    // only a single connection is taken turns on
    all: u32,
}

impl Places {
    /// Those on a pool of so many connections. On a single one, questions and stores take turns.
    pub(super) fn of(connections: u32) -> Self {
        let all = connections.saturating_sub(1).max(1);
        Self {
            free: Semaphore::new(all as usize),
            all,
        }
    }

    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, BackendError> {
        // It is never closed.
        self.free.acquire().await.map_err(BackendError::failed)
    }

    /// All at once, so that nobody asks until they are given back.
    #[cfg(feature = "sqlite")]
    pub(super) async fn enter_all(&self) -> Result<SemaphorePermit<'_>, BackendError> {
        let all = self.free.acquire_many(self.all).await;
        all.map_err(BackendError::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_is_left_to_store_with_unless_there_is_only_one() {
        for (connections, places) in [(4, 3), (2, 1), (1, 1), (0, 1)] {
            let found = Places::of(connections).free.available_permits();
            assert_eq!(found, places, "{connections}");
        }
    }
}
