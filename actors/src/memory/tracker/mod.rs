//! How much memory each process holds.
//!
//! ```text
//!  Process::heap_bytes     what was allocated in its polls      ┐
//!  (an allocator of mainstay::alloc)                            ├─► MemorySample ─► MemoryReport
//!  MemoryFootprint         what a service says of itself        ┘   or "not measured"
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `sample.rs` | [`MemorySample`]: so many bytes, or why not |
//! | `growth.rs` | how fast a process grows; pure |
//! | `footprint.rs` | [`MemoryFootprint`] |
//! | `tracked.rs` | which processes are tracked |
//! | `report.rs` | [`MemoryReport`], [`ProcessMemoryEntry`] |
//! | `handle.rs` | [`ProcessMemoryTracker`] |

mod footprint;
mod growth;
mod handle;
mod report;
mod sample;
mod tracked;

pub use footprint::{MemoryFootprint, ProgramHeap};
pub use growth::MemoryGrowth;
pub use handle::ProcessMemoryTracker;
pub use report::{MemoryReport, ProcessMemoryEntry};
pub use sample::MemorySample;
pub(crate) use tracked::Tracker;
