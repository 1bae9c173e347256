//! Protected operations: every guard that one goes through, as one pipeline.
//!
//! ```text
//!  call ─► deadline ─► circuit ─► memory ─► rate limit ─► pool ─► operation, measured ─► every guard is told
//!             │           │          │           │          │
//!             └───────────┴──────────┴───────────┴──────────┴─► refused: by which guard, and when to come back;
//!                                                               what the others had given has gone back
//! ```
//!
//! The order has a reason: guards that cost nothing and take nothing come first. A call that is refused by one of them has taken no token
//! of a limit and no connection, one that gets no connection has its tokens given back, and neither counts as a failure of what is
//! behind the breaker. What is taken is given back exactly once, also when the caller goes away.
//!
//! An operation may itself be refused, by a bound of the service that it asks: too many calls at a time, no connection left. By default that is an
//! `Err` as any other, and so a failure. Whoever says what a result means ([`Call::run_with`], `ProtectionLayer::classify`) can say that it
//! is [`Outcome::Refused`](crate::breaker::Outcome::Refused), and by which guard: then it counts for no circuit, is told as a refusal by that
//! guard, and is not measured. Its token of the rate limit is used up all the same, as the operation was begun: whoever tries again at once
//! is not to do so for nothing. The errors of our own services say what they mean: `StoreError::outcome`, `ConfigError::outcome`.
//!
//! | file | holds |
//! |---|---|
//! | `handle.rs` | [`Protection`]: an operation and its guards |
//! | `call.rs` | [`Call`]: one call of it |
//! | `ahead.rs` | [`Call::ask_ahead`]: refusing before something is done for the call that costs |
//! | `guard.rs`, `guards.rs` | [`Guard`]; which guards there are, and where they are found |
//! | `passage.rs` | the way of a call through them |
//! | `source.rs` | where its connection comes from |
//! | `watch.rs`, `counts.rs`, `stats.rs` | what is known of calls: [`ProtectionStats`], [`ProtectionCounts`] |
//! | `layer.rs` | `ProtectionLayer`: the same around tower services, with the feature `tower` |
//! | `integrated.rs` | [`IntegratedService`]: one operation with its guards |
//! | `protect.rs` | what `#[protect]` writes calls of |
//! | `registry.rs`, `protections.rs` | [`ProtectionRegistry`]: protections by name; [`execute_protected`] |
//! | `renew.rs` | going by another spec at run time |
//! | `keeper.rs`, `start.rs`, `signals.rs` | the process that tells telemetry what was refused |
//! | `error.rs` | [`ProtectionError`], [`ConfigureProtectionError`] |

mod ahead;
mod call;
mod counts;
mod error;
mod guard;
mod guards;
mod handle;
mod integrated;
mod keeper;
#[cfg(feature = "tower")]
mod layer;
mod passage;
#[doc(hidden)]
pub mod protect;
mod protections;
mod registry;
mod renew;
mod signals;
mod source;
mod start;
mod stats;
mod watch;

pub use call::Call;
pub use error::{ConfigureProtectionError, ProtectionError};
pub use guard::Guard;
pub use handle::Protection;
pub use integrated::IntegratedService;
#[cfg(feature = "tower")]
pub use layer::{KeyOf, NoKey, ProtectionFuture, ProtectionLayer, ProtectionService};
pub use registry::{NAME, ProtectionRegistry, execute_protected};
pub use source::{Named, NoPool, Of};
pub use stats::{ProtectionCounts, ProtectionStats, WithinCounts};
