//! Where pressure comes from: each source says which share of its own whole is in use.
//!
//! | source | its share | where |
//! |---|---|---|
//! | `container` | what the group has in use and the kernel cannot drop at once (usage less `inactive_file`), of `memory.max` less headroom, or of `memory.high`; the highest of its own group and all above it | Linux, control groups of version 1 and 2 |
//! | `address_space` | the addresses that are taken, of `RLIMIT_AS` less headroom | Linux |
//! | `host` | what is not available, of all there is less headroom | wherever `sysinfo` knows it |
//! | `budget` | what this process has resident, of the `budget` of the spec | Linux, where one is given |
//! | `allocator` | what of the heap is in use, of `heap_budget` | where an allocator that counts is given |
//! | `psi` | the time that tasks have waited for memory | Linux, pressure stall information |
//! | others | what the application says | [`MemoryGauge`], [`MemorySource`] |
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Measured`] |
//! | `file.rs`, `text.rs` | files of the kernel that are kept open; reading numbers in them, pure |
//! | `group/` | control groups |
//! | `process.rs` | the address space, and what is resident |
//! | `psi.rs` | pressure stall information |
//! | `host.rs` | the machine |
//! | `custom.rs`, `asked.rs` | sources of the application's own; the threads of those that are asked |
//! | `all.rs` | all of them, one pass |
//! | `fixture.rs` | machines made of files, for tests |

mod all;
mod asked;
mod custom;
mod file;
#[cfg(all(test, not(mainstay_loom)))]
mod fixture;
mod group;
mod host;
mod process;
mod psi;
mod text;

pub(crate) use all::{Sample, Sources};
pub(crate) use custom::CustomSources;
pub use custom::{Measure, MemoryGauge, MemorySource, SourceError, SourceRegistration};

use mainstay_specs::ServiceName;

use super::reading::{SourceReading, SourceState};

/// The sources that are there without anybody's doing: no other may be called so. `simulation` is none, but is told as a cause.
const NAMES: [&str; 7] = [
    "container",
    "address_space",
    "host",
    "budget",
    "allocator",
    "psi",
    "simulation",
];

/// What a source of ours has found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measured {
    /// So many bytes of so many.
    Bytes { used: u64, limit: u64 },
    /// A share.
    Share(f64),
    /// There is nothing to measure here.
    Absent,
    /// It cannot be read.
    Failed(String),
}

impl Measured {
    pub(crate) fn ratio(&self) -> Option<f64> {
        match self {
            // What is no limit at all is full.
            Self::Bytes { used, limit } => Some(*used as f64 / (*limit).max(1) as f64),
            Self::Share(share) => Some(*share),
            Self::Absent | Self::Failed(_) => None,
        }
    }

    /// As readers see it. What has failed goes on with the last share there was.
    pub(crate) fn reading(self, name: ServiceName, last: Option<&SourceReading>) -> SourceReading {
        let ratio = self.ratio();
        let (used, limit, state) = match self {
            Self::Bytes { used, limit } => (Some(used), Some(limit), SourceState::Measured),
            Self::Share(_) => (None, None, SourceState::Measured),
            Self::Absent => (None, None, SourceState::Absent),
            Self::Failed(error) => {
                let last = last.filter(|last| last.name == name);
                return SourceReading {
                    name,
                    ratio: last.and_then(|last| last.ratio),
                    used: last.and_then(|last| last.used),
                    limit: last.and_then(|last| last.limit),
                    state: SourceState::Failed(error),
                };
            }
        };
        SourceReading {
            name,
            ratio,
            used,
            limit,
            state,
        }
    }
}

/// A limit without its headroom.
pub(crate) fn without_headroom(limit: u64, headroom: f64) -> u64 {
    (limit as f64 * (1.0 - headroom)) as u64
}
