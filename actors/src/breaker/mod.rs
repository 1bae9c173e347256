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
//! A breaker is found by the pair of its namespace and the name of the service it protects, where others write a key such as
//! `circuit_breaker:db`; a name has no prefix, as breakers share their names with nobody. Unlike the design that this one follows
//! in its simple form, the first call after `reset_timeout` *is* the probe: there it is refused, and only makes the breaker half
//! open.
//!
//! What it does not do, by intent: let the share of calls rise slowly after it has closed (the probes decide, and there can be
//! many of them; a limiter behind the breaker does the rest); make calls of its own to find out whether a backend is back; take the time it
//! is open from a backend's `Retry-After` (but [`CircuitBreaker::force_open_for`] does, for whoever reads it); give up on probes that
//! tell nothing (an event tells of them); tell of each call that comes back too late to count ([`Totals::late`] counts them).
//!
//! There is no loom model of permits: they are under the lock of the machine, and the words around it have theirs in `hot/`.
//!
//! | file | holds |
//! |---|---|
//! | `machine/` | every decision, without a clock; [`CircuitState`] and its transitions |
//! | `rules.rs`, `window/`, `recent.rs`, `flights.rs` | what a configuration asks for, and what is counted for it |
//! | `chance.rs` | randomness from a seed |
//! | `word.rs`, `notice.rs`, `tally/`, `hot/` | what callers read and count without a lock |
//! | `cell.rs` | all state of a breaker |
//! | `calls.rs`, `right.rs` | what every call does, and what it holds |
//! | `handle.rs`, `permit.rs` | [`CircuitBreaker`], [`Permit`] |
//! | `execute.rs`, `attempt.rs` | running operations, and who is to blame for a panic |
//! | `layer.rs` | `CircuitBreakerLayer`, with the feature `tower` |
//! | `outcome.rs` | [`Outcome`], [`Classify`] |
//! | `event.rs`, `outbox.rs`, `queue.rs` | [`CircuitEvent`], and how it gets to [`CircuitEvents`] in order |
//! | `post.rs` | what the breakers of a namespace share |
//! | `follow.rs` | which breakers follow whom |
//! | `signals.rs` | events of the namespace's telemetry, and its metrics |
//! | `circuits.rs`, `registry.rs`, `keyed.rs` | [`CircuitBreakerRegistry`], [`KeyedBreakers`] |
//! | `protected_config.rs` | [`ProtectedConfigServer`] |
//! | `protect.rs`, `unanswered.rs` | what `#[protected]` writes calls of; [`Unanswered`] |
//! | `keeper.rs`, `start.rs` | who minds the times |
//! | `error.rs`, `stats.rs` | [`Refusal`], [`CircuitError`], [`RegisterCircuitError`]; [`CircuitStats`] |

mod attempt;
mod calls;
mod cell;
mod chance;
mod circuits;
mod error;
mod event;
mod execute;
mod flights;
mod follow;
mod handle;
mod hot;
mod keeper;
mod keyed;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod notice;
mod outbox;
mod outcome;
mod permit;
mod post;
#[doc(hidden)]
pub mod protect;
mod protected_config;
mod queue;
mod recent;
mod registry;
mod renew;
mod right;
mod rules;
mod signals;
mod start;
mod stats;
mod tally;
mod unanswered;
mod window;
mod word;

pub(crate) use attempt::{Attempt, GiveBack};
pub use error::{CircuitError, Refusal, RegisterCircuitError};
pub use event::{Cause, CircuitEvent, CircuitEventKind, CircuitState, Transition};
pub use handle::CircuitBreaker;
pub use keyed::KeyedBreakers;
#[cfg(feature = "tower")]
pub use layer::{CircuitBreakerFuture, CircuitBreakerLayer, CircuitBreakerService};
pub use outcome::{ByResult, Classify, Nested, Outcome};
pub use permit::{OwnedPermit, Permit};
pub use protected_config::{CONFIG_CHANGES, CONFIG_READS, ProtectedConfigServer};
pub use queue::{CircuitEvents, EVENTS_BACKLOG, Lagged};
pub use registry::{CircuitBreakerRegistry, NAME, OnMissing, execute_in};
pub use stats::{CircuitStats, ProbeHolder, ProbeStats, Totals, WindowStats};
pub use unanswered::Unanswered;
