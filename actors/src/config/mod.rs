//! The config server: the configuration of a namespace, which can be read by everybody at no cost and changed while all runs.
//!
//! ```text
//!  reader ── get ──────────────► cell: the present snapshot ◄── commit ── actor ◄── update, reset ── whoever changes
//!  subscriber ◄─ its own queue ─ (and the subscribers)
//! ```
//!
//! The cell belongs to the namespace and outlives the actor, which may crash at any moment: nothing is lost of the content, its
//! version, its history and the subscriptions. Readers and subscribers do not notice; a change that was not begun is made of the
//! actor's successor.
//!
//! | file | holds |
//! |---|---|
//! | `value/` | [`ConfigValue`], the tree, and its ways from and to RON, JSON and types of the reader's |
//! | `path/` | [`ConfigPath`] |
//! | `document/` | [`Document`]: looking up, changing a copy, comparing, merging |
//! | `size/`, `rules.rs` | what is accepted: limits, [`ConfigRules`] |
//! | `history/` | when and how often each part has changed |
//! | `snapshot/` | [`Snapshot`]: one version, and the decision what comes after it |
//! | `cache/`, `shared.rs` | values that were decoded, to be had again; asking for them |
//! | `event.rs`, `audience.rs` | [`ConfigEvent`], [`ConfigEvents`] |
//! | `cell.rs`, `start.rs`, `initial.rs` | the state that outlives the actor, and where it comes from |
//! | `handle.rs`, `claim.rs`, `actor.rs` | [`ConfigServer`], its requests, and its actor |
//! | `recording.rs` | what is recorded of its use, where there is a metrics store |
//! | `guards.rs` | what stands before changes: a circuit breaker, and a limit of updates |
//! | `renew.rs` | going by another spec while it runs |
//! | `error.rs`, `stats.rs` | [`ConfigError`], [`LoadError`]; [`ConfigStatus`], [`PathStatus`] |
//!
//! Where the namespace has a [metrics store](crate::metrics) that was started before, the use of the config server is recorded:
//! latency of `foundation.config_server.get`, `.update` and `.subscribe`, tagged with the outcome; the counters `.cache_hits`, `.cache_misses`
//! and `.updates`; and each second the gauge `.cache_hit_rate`, which has no value before the first lookup. A hit is a lookup that
//! finds a value.
//!
//! Changes go through the circuit breaker `config_server` of the namespace, and updates through its rate limiter
//! `config_server.update`, as the spec says; what they refuse says when to come back ([`ConfigError::retry_after`]). Reads go
//! through nothing. The memory manager of the namespace throws decoded values away when memory is short
//! ([`ConfigCacheCleanup`](crate::memory::ConfigCacheCleanup)), and its health aggregator looks after the server by itself
//! ([`ConfigServerHealthCheck`](crate::health::ConfigServerHealthCheck)).
//!
//! What is accepted: strings of at most 1 MiB, finite numbers, integers of 64 bits, keys that are not empty, and as much and
//! as deep as [`ConfigServerSpec`](mainstay_specs::ConfigServerSpec) says.

mod actor;
mod audience;
mod cache;
mod cell;
mod claim;
mod document;
mod error;
mod event;
mod guards;
mod handle;
mod history;
mod initial;
mod path;
mod recording;
mod renew;
mod rules;
mod shared;
mod size;
mod snapshot;
mod start;
mod stats;
mod value;

pub use audience::{ConfigEvents, EVENTS_BACKLOG, Lagged};
pub use cache::CacheCleared;
pub use document::{Difference, Document};
pub use error::{ConfigError, LoadError, Obstacle};
pub use event::{Change, ConfigEvent, Reset};
pub use guards::UPDATE_LIMIT;
pub(crate) use guards::outcome;
pub use handle::{ConfigServer, NAME};
pub use initial::initial;
pub use path::{ConfigPath, IntoConfigPath, PathError, SEGMENTS_MAX};
pub use rules::ConfigRules;
pub use size::STRING_BYTES_MAX;
pub use snapshot::Snapshot;
pub use stats::{ConfigStatus, PathStatus};
pub use value::{ConfigKind, ConfigValue, DecodeError};
