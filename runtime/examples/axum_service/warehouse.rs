//! Something far away that can be down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Warehouse {
    down: AtomicBool,
    restocked: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("the warehouse does not answer")]
pub(crate) struct Unreachable;

impl Warehouse {
    pub(crate) async fn cups(&self, size: u32) -> Result<u32, Unreachable> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(Unreachable),
            false => Ok(size.saturating_mul(12)),
        }
    }

    /// Takes it down, or up again: how it is then.
    pub(crate) fn turn(&self) -> &'static str {
        match self.down.fetch_xor(true, Ordering::Relaxed) {
            true => "back",
            false => "down",
        }
    }
}

/// Brings cups, and fails at every third time.
pub(crate) async fn restock(warehouse: Arc<Warehouse>) -> Result<(), Unreachable> {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if warehouse.restocked.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
            return Err(Unreachable);
        }
    }
}
