//! Who knows how much of the heap is in use.

use std::fmt;

/// An allocator that counts: the wrapper of `mainstay::alloc`, or one of the application's own.
pub trait HeapMeter: fmt::Debug + Send + Sync {
    /// How many bytes of the heap are in use now; `None` if that is not measured, as when the allocator is not installed. Asked on the
    /// thread of the sampler, so it is not to wait for anybody.
    fn live_bytes(&self) -> Option<u64>;
}
