//! Having the allocator give back what is free.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};
use mainstay_supervisors::Namespace;
use tokio::task::spawn_blocking;

use super::strategy::{CleanupAnswer, CleanupError, CleanupOptions, CleanupReport, MemoryCleanup};

/// The name under which the allocator is cleaned.
pub(crate) const ALLOCATOR: &str = "allocator";

/// How long it rests between two runs: even if there is nothing to give back it takes milliseconds, and the locks of the allocator.
const REST: Duration = Duration::from_secs(30);

/// An allocator that can give back to the system what is free: `mainstay::alloc::trim`, or what the application's own allocator has for it,
/// such as a purge of its arenas.
pub trait AllocatorTrim: Send + Sync + 'static {
    /// Gives back what it can, and says whether that was anything; `None` if there is no such thing here. It may take milliseconds, and is
    /// called on a thread that is there to be blocked.
    fn trim(&self) -> Option<bool>;
}

impl fmt::Debug for dyn AllocatorTrim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllocatorTrim")
    }
}

impl<F: Fn() -> Option<bool> + Send + Sync + 'static> AllocatorTrim for F {
    fn trim(&self) -> Option<bool> {
        self()
    }
}

/// Has an allocator give back what is free. In use is as much as before; what is resident is less.
#[derive(Clone, Debug)]
pub struct AllocatorCleanup(Arc<dyn AllocatorTrim>);

impl AllocatorCleanup {
    /// Of this allocator.
    #[must_use]
    pub fn new(allocator: Arc<dyn AllocatorTrim>) -> Self {
        Self(allocator)
    }
}

impl MemoryCleanup for AllocatorCleanup {
    fn class(&self) -> CleanupClass {
        CleanupClass::Trim
    }

    fn min_interval(&self) -> Option<Duration> {
        Some(REST)
    }

    fn cleanup<'a>(
        &'a self,
        _namespace: &'a Namespace,
        _service: &'a ServiceName,
        _options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        let allocator = Arc::clone(&self.0);
        Box::pin(async move {
            let trimmed = spawn_blocking(move || allocator.trim()).await;
            let gave = trimmed.map_err(CleanupError::failed)?;
            Ok(CleanupReport::entries(u64::from(gave == Some(true))))
        })
    }
}
