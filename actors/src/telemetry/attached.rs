//! Handlers that are attached.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::error::TelemetryError;
use super::hub::Hub;
use super::queue::Ended;

/// A handler is attached as long as this is there, or as long as its namespace.
///
/// Dropping it detaches the handler and waits for nobody: on other threads, the call that is under way goes on to its end.
#[derive(Debug)]
#[must_use = "the handler is detached when this is dropped; `keep` it otherwise"]
pub struct Attached {
    name: String,
    seat: u64,
    hub: Weak<Hub>,
}

impl Attached {
    pub(crate) const fn new(name: String, seat: u64, hub: Weak<Hub>) -> Self {
        Self { name, seat, hub }
    }

    /// The name of the handler.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves the handler attached, until it is detached by its name or the namespace ends.
    pub fn keep(mut self) {
        self.hub = Weak::new();
    }

    /// Detaches the handler and, if it has a thread, waits for that to end. What waits in its queue is let go of.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::NotAttached`] if it was detached by its name, or the namespace has ended;
    /// [`TelemetryError::StillRunning`] if its thread had not ended within the spec's `drain_max`.
    ///
    /// Cancel safety: the handler is detached when this is first polled; only the waiting is given up.
    pub async fn detach(mut self) -> Result<(), TelemetryError> {
        let hub = std::mem::take(&mut self.hub);
        let name = std::mem::take(&mut self.name);
        detach(hub.upgrade().as_ref(), name, |_| Some(self.seat)).await
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.leave(self.seat);
        }
    }
}

/// Detaches the handler whose seat `find` gives.
pub(crate) async fn detach(
    hub: Option<&Arc<Hub>>,
    name: String,
    find: impl FnOnce(&Hub) -> Option<u64>,
) -> Result<(), TelemetryError> {
    let left = hub.and_then(|hub| Some((hub.leave(find(hub)?)?, hub.spec().drain_max)));
    let Some((threads, limit)) = left else {
        return Err(TelemetryError::NotAttached { name });
    };
    if ended_within(threads, limit).await {
        Ok(())
    } else {
        Err(TelemetryError::StillRunning { name, limit })
    }
}

/// Waits for all of these, by the real clock, which is that of the threads: tokio's may be paused. Says whether all came in time.
pub(crate) async fn ended_within(ends: Vec<Ended>, limit: Duration) -> bool {
    if ends.is_empty() {
        return true;
    }
    let wait = move || {
        let deadline = Instant::now() + limit;
        ends.iter().all(|end| end.wait_until(deadline))
    };
    // It is refused only by a tokio runtime that is being shut down.
    tokio::task::spawn_blocking(wait).await.unwrap_or(false)
}
