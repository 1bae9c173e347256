//! Cleanup: freeing memory when it is scarce, and when somebody asks for it.
//!
//! ```text
//!  keeper ── level has changed ──► planner ◄── request_cleanup ── any service, at any rate
//!                                     │ one run at a time: trim, cache, rebuildable, destructive
//!  sampler, reading  ◄── measured ── executor ──► task: MemoryCleanup::cleanup
//! ```
//!
//! Strategies are of a class ([`CleanupClass`]), and a class is come to only when those below have not freed enough; what deletes data is
//! off unless the spec allows it. What counts is what the allocator says is in use; what a strategy says of itself is a hint. The planner
//! decides, and is pure; the executor is a process of its own, apart from the sampler and the keeper, and runs each strategy in a task, so
//! that one that panics, hangs or takes long is in nobody's way. See [`MemoryCleanup`] for what a strategy can rely on.
//!
//! | file | holds |
//! |---|---|
//! | `plan/` | which strategy is run next, and when; pure |
//! | `strategy.rs` | [`MemoryCleanup`], [`CleanupOptions`], [`CleanupReport`], [`CleanupError`] |
//! | `request.rs` | [`CleanupRequest`], [`CleanupPriority`], [`Requested`] |
//! | `relief.rs` | what the cell keeps: the planner, the strategies, what has come of them |
//! | `executor.rs`, `run.rs` | the process that runs strategies; one run |
//! | `ask.rs` | the way in, of [`MemoryManager`](super::MemoryManager) |
//! | `trim.rs`, `config_cache.rs`, `event_store.rs` | strategies: [`AllocatorCleanup`], [`ConfigCacheCleanup`], [`EventStoreCleanup`] |
//! | `event.rs`, `signals.rs`, `stats.rs`, `error.rs` | what is told, to whom; [`CleanupStats`]; [`RegisterCleanupError`] |

mod ask;
mod config_cache;
mod error;
mod event;
mod event_store;
mod executor;
mod plan;
mod relief;
mod request;
mod run;
mod signals;
mod stats;
mod strategy;
mod trim;

pub use ask::CleanupRegistration;
pub use config_cache::ConfigCacheCleanup;
pub use error::RegisterCleanupError;
pub use event::{CleanupEnd, CleanupResult, CleanupStart, RoundEnd, RoundOutcome};
pub use event_store::EventStoreCleanup;
pub(crate) use executor::child;
pub use mainstay_specs::CleanupClass;
pub(crate) use relief::Relief;
pub use request::{CleanupPriority, CleanupRequest, Requested};
pub(crate) use signals::Told;
pub use stats::{CleanupStats, StrategyStats};
pub use strategy::{CleanupAnswer, CleanupError, CleanupOptions, CleanupReport, MemoryCleanup};
pub use trim::{AllocatorCleanup, AllocatorTrim};
