//! Circuit breakers: they stop calling what does not answer, and find out when it does again.
//!
//! ```text
//!  caller ── try_acquire, execute ──► cell: a word, a tally ── outcomes that matter ──► machine, behind a lock
//!                                     (and when it opened)                              │ events
//!  keeper ── minds the times ───────► the same cells ◄──────── registry by name, by key ▼ subscribers
//! ```
//!
//! The cells belong to the namespace and outlive the keeper, which may crash at any moment: no caller notices, and nothing of
//! state, configuration and what breakers were told is lost.
//!
//! | file | holds |
//! |---|---|
//! | `machine/` | every decision, without a clock; [`CircuitState`] and its transitions |
//! | `rules.rs`, `window/`, `recent.rs`, `flights.rs` | what a configuration asks for, and what is counted for it |
//! | `chance.rs` | randomness from a seed |
//! | `word.rs`, `tally.rs`, `hot/` | what callers read and count without a lock |
//! | `cell.rs` | all state of a breaker |
//! | `handle.rs`, `execute.rs`, `permit.rs` | [`CircuitBreaker`], running operations, [`Permit`] |
//! | `layer.rs` | `CircuitBreakerLayer`, with the feature `tower` |
//! | `outcome.rs` | [`Outcome`], [`Classify`] |
//! | `event.rs`, `outbox.rs`, `post.rs` | [`CircuitEvent`], and how it gets to [`CircuitEvents`] in order |
//! | `signals.rs` | events of the namespace's telemetry, and its metrics |
//! | `circuits.rs`, `registry.rs`, `keyed.rs` | [`CircuitBreakerRegistry`], [`KeyedBreakers`] |
//! | `protected_config.rs` | [`ProtectedConfigServer`] |
//! | `protect.rs`, `unanswered.rs` | what `#[protected]` writes calls of; [`Unanswered`] |
//! | `keeper.rs`, `start.rs` | who minds the times |
//! | `error.rs`, `stats.rs` | [`Refusal`], [`CircuitError`], [`RegisterCircuitError`]; [`CircuitStats`] |

mod cell;
mod chance;
mod circuits;
mod error;
mod event;
mod execute;
mod flights;
mod handle;
mod hot;
mod keeper;
mod keyed;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod outbox;
mod outcome;
mod permit;
mod post;
#[doc(hidden)]
pub mod protect;
mod protected_config;
mod recent;
mod registry;
mod rules;
mod signals;
mod start;
mod stats;
mod tally;
mod unanswered;
mod window;
mod word;

pub use error::{CircuitError, Refusal, RegisterCircuitError};
pub use event::{Cause, CircuitEvent, CircuitEventKind, CircuitState, Transition};
pub use handle::CircuitBreaker;
pub use keyed::KeyedBreakers;
#[cfg(feature = "tower")]
pub use layer::{CircuitBreakerFuture, CircuitBreakerLayer, CircuitBreakerService};
pub use outcome::{ByResult, Classify, Nested, Outcome};
pub use permit::{OwnedPermit, Permit};
pub use post::{CircuitEvents, EVENTS_BACKLOG, Lagged};
pub use protected_config::{CONFIG_CHANGES, CONFIG_READS, ProtectedConfigServer};
pub use registry::{CircuitBreakerRegistry, NAME, OnMissing, execute_in};
pub use stats::{CircuitStats, ProbeStats, Totals, WindowStats};
pub use unanswered::Unanswered;
