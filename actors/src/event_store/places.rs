//! Who may ask at a time: so many that one connection of the pool is left to store with.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::backend::BackendError;

/// A place for each question that may be under way. Those who wait get theirs in order.
#[derive(Debug)]
pub(super) struct Places(Semaphore);

impl Places {
    /// Those on a pool of so many connections. On a single one, questions and stores take turns.
    pub(super) fn of(connections: u32) -> Self {
        let places = connections.saturating_sub(1).max(1);
        Self(Semaphore::new(places as usize))
    }

    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, BackendError> {
        // It is never closed.
        self.0.acquire().await.map_err(BackendError::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_is_left_to_store_with_unless_there_is_only_one() {
        for (connections, places) in [(4, 3), (2, 1), (1, 1), (0, 1)] {
            let found = Places::of(connections).0.available_permits();
            assert_eq!(found, places, "{connections}");
        }
    }
}
