//! What a service says of its own size.

use std::fmt;

use mainstay_supervisors::HeapUse;

use super::super::heap::HeapMeter;

/// Knows how much memory a service holds: better than the allocator does where what the service keeps was allocated by its callers,
/// or lies outside of the heap.
///
/// It is asked by whoever asks for a report and by the process that looks at budgets, so it is to be quick and to wait for nobody.
/// A panic in it is caught, and shows as [`MemorySample::Failed`](super::MemorySample::Failed). Closures are such.
pub trait MemoryFootprint: Send + Sync + 'static {
    /// How many bytes it holds now; `None` if it cannot say.
    fn footprint_bytes(&self) -> Option<u64>;
}

impl<F: Fn() -> Option<u64> + Send + Sync + 'static> MemoryFootprint for F {
    fn footprint_bytes(&self) -> Option<u64> {
        self()
    }
}

impl fmt::Debug for dyn MemoryFootprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryFootprint")
    }
}

/// The heap of this program, as its allocator counts it: [`HeapUse::live_now`]. `None` where it has none of `mainstay::alloc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProgramHeap;

impl HeapMeter for ProgramHeap {
    fn live_bytes(&self) -> Option<u64> {
        HeapUse::live_now()
    }
}
