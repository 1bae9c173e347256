//! What a memory manager goes by.

use std::sync::Arc;

use mainstay_specs::MemoryManagerSpec;

use super::cleanup::AllocatorTrim;
use super::heap::{HeapMeter, live_bytes};
use super::signals::Signals;

/// What the child of a memory manager is made with.
#[derive(Clone, Debug, Default)]
pub struct MemorySetup {
    pub(crate) spec: MemoryManagerSpec,
    /// Samples are taken when somebody asks for one, and by no thread.
    pub(crate) by_hand: bool,
    pub(crate) heap: Option<Arc<dyn HeapMeter>>,
    pub(crate) allocator: Option<Arc<dyn AllocatorTrim>>,
}

impl MemorySetup {
    /// As the spec says, with a thread that takes samples of this process.
    #[must_use]
    pub fn new(spec: MemoryManagerSpec) -> Self {
        Self {
            spec,
            by_hand: false,
            heap: None,
            allocator: None,
        }
    }

    /// Without that thread: samples are taken by [`check_now`](super::MemoryManager::check_now) only, of the sources of the application's
    /// own and of the heap, and by tokio's clock. For tests, which have their own time and are not to go by what else runs on the machine.
    #[must_use]
    pub const fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// Has this give memory that is free back to the system, such as `mainstay::alloc::trim`. Without, nothing does: the allocator keeps it.
    #[must_use]
    pub fn trim(mut self, allocator: impl AllocatorTrim) -> Self {
        self.allocator = Some(Arc::new(allocator));
        self
    }

    /// Has this asked how much of the heap is in use, and not the global allocator.
    #[must_use]
    pub fn heap(mut self, meter: Arc<dyn HeapMeter>) -> Self {
        self.heap = Some(meter);
        self
    }
}

/// What a memory manager goes by: replaced as a whole.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) setup: MemorySetup,
    pub(crate) signals: Signals,
}

impl Terms {
    pub(crate) const fn spec(&self) -> &MemoryManagerSpec {
        &self.setup.spec
    }

    /// What of the heap is in use; `None` if that is not measured.
    pub(crate) fn live_bytes(&self) -> Result<Option<u64>, String> {
        live_bytes(self.setup.heap.as_deref())
    }
}
