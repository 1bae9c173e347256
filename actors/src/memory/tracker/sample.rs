//! How much a process holds, if that is known.

use serde::Serialize;

/// How much memory a process holds at one moment. "Not measured" is a value of its own, and never 0 bytes.
///
/// As JSON: `{"kind": "heap", "bytes": 4096}`, `{"kind": "not_measured"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum MemorySample {
    /// What was allocated in its callbacks and polls and has not been freed: [`Process::heap_bytes`](mainstay_supervisors::Process::heap_bytes).
    Heap {
        /// So many.
        bytes: u64,
    },
    /// What its [`MemoryFootprint`](super::MemoryFootprint) says.
    Footprint {
        /// So many.
        bytes: u64,
    },
    /// Nobody knows: the program has no allocator that charges processes, and the process was given no footprint.
    #[default]
    NotMeasured,
    /// Its footprint has panicked, with this text.
    Failed {
        /// What the panic said.
        error: String,
    },
}

impl MemorySample {
    /// The bytes, if they are known.
    #[must_use]
    pub const fn bytes(&self) -> Option<u64> {
        match self {
            Self::Heap { bytes } | Self::Footprint { bytes } => Some(*bytes),
            Self::NotMeasured | Self::Failed { .. } => None,
        }
    }
}
