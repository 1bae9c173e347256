//! Who knows how much of the heap is in use.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay_supervisors::HeapUse;

use crate::telemetry::panic;

/// An allocator that counts, in place of that of `mainstay::alloc`, which is asked where none is given.
pub trait HeapMeter: fmt::Debug + Send + Sync {
    /// How many bytes of the heap are in use now; `None` if that is not measured, as when the allocator is not installed. Asked on the
    /// thread of the sampler, and before and after each cleanup where that runs, so it is not to wait for anybody.
    fn live_bytes(&self) -> Option<u64>;
}

/// What of the heap is in use, as this meter says or, without one, the global allocator.
pub(crate) fn live_bytes(meter: Option<&dyn HeapMeter>) -> Result<Option<u64>, String> {
    let Some(meter) = meter else {
        return Ok(HeapUse::live_now());
    };
    catch_unwind(AssertUnwindSafe(|| meter.live_bytes())).map_err(|payload| {
        let error = format!("it has panicked: {}", panic::text_of(&*payload));
        panic::discard(payload);
        error
    })
}
