//! The memory manager: how scarce memory is, who holds it, what is given back, and what may still be begun.
//!
//! ```text
//!  sources ──► sampler, a thread ──► cell: one word ◄── check_pressure, one load
//!  (container, host, PSI, heap,       │ changes
//!   the application's own)            ├──► subscribers
//!                                     └──► keeper ──► telemetry, cleanup executor
//! ```
//!
//! The cell belongs to the namespace and outlives the keeper, which may crash at any moment: the level stays, the sampler goes on, and what
//! changed meanwhile is told by its successor.
//!
//! | file | holds |
//! |---|---|
//! | `level/` | from shares to levels; pure |
//! | `pressure/` | from what sources say to a [`Reading`]: the winner, simulations, what is stale; pure |
//! | `reading.rs`, `event.rs` | [`Reading`], [`SourceReading`]; [`MemoryEvent`], [`PressureChange`] |
//! | `source/` | where pressure comes from |
//! | `sampler.rs`, `sampling.rs`, `cadence.rs` | the thread; how samples come about; how soon to look again, pure |
//! | `word.rs`, `cell.rs`, `terms.rs`, `clock.rs` | all state, what it goes by, and by which clock |
//! | `due.rs`, `changes.rs`, `audience.rs` | what falls due; what waits for the keeper; who is told of events |
//! | `simulation.rs` | [`PressureSimulation`] |
//! | `handle.rs` | [`MemoryManager`] |
//! | `heap.rs` | [`HeapMeter`]: an allocator that counts |
//! | `keeper.rs`, `start.rs`, `signals.rs` | who tells what has changed, where it comes from, telemetry and metrics |
//! | `renew.rs` | going by another spec while it runs |
//! | `error.rs`, `stats.rs`, `stream.rs` | [`MemoryError`], [`MemoryStartError`]; [`MemoryStats`]; [`MemoryEvents`] |
//! | `cleanup/`, `admission/` | giving memory back; what may still be begun |
//! | `aware.rs` | [`MemoryAwareEventStore`] |
//! | `tracker/`, `budget/` | who holds memory; how much that may be |

mod admission;
mod audience;
mod aware;
mod budget;
mod cadence;
mod cell;
mod changes;
mod cleanup;
mod clock;
mod due;
mod error;
mod event;
mod handle;
mod heap;
mod keeper;
mod level;
mod pressure;
mod reading;
mod renew;
mod sampler;
mod sampling;
mod signals;
mod simulation;
mod source;
mod start;
mod stats;
mod stream;
mod terms;
mod tracker;
mod word;

pub use mainstay_specs::PressureLevel;

pub use admission::{
    Admission, AdmissionStats, ClassAdmissions, MemoryPressure, MemoryReservation, OperationClass,
    OperationPriority, RefusalReason,
};
pub use aware::{MemoryAwareEventStore, MemoryAwareStoreError};
pub use budget::{BudgetEvent, BudgetEventKind, BudgetStats};
pub use cleanup::{
    AllocatorCleanup, AllocatorTrim, CleanupAnswer, CleanupClass, CleanupEnd, CleanupError,
    CleanupOptions, CleanupPriority, CleanupRegistration, CleanupReport, CleanupRequest,
    CleanupResult, CleanupStart, CleanupStats, ConfigCacheCleanup, EventStoreCleanup,
    MemoryCleanup, RegisterCleanupError, Requested, RoundEnd, RoundOutcome, StrategyStats,
};
pub use error::{MemoryError, MemoryStartError};
pub use event::{MemoryEvent, PressureChange};
pub use handle::{MemoryManager, NAME};
pub use heap::HeapMeter;
pub use reading::{Facts, Glance, Reading, SourceReading, SourceState};
pub use simulation::PressureSimulation;
pub use source::{Measure, MemoryGauge, MemorySource, SourceError, SourceRegistration};
pub use stats::{MemoryStats, SamplerStats};
pub use stream::MemoryEvents;
pub use terms::MemorySetup;
pub use tracker::{
    MemoryFootprint, MemoryGrowth, MemoryReport, MemorySample, ProcessMemoryEntry,
    ProcessMemoryTracker,
};
