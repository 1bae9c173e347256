//! Rate limiters: so much in each window of time, for each key.
//!
//! ```text
//!  caller ── check ──► cell: key ─ digest ─► shard, behind a lock ─► slot ─► method: may it, or when
//!  caller ── wait ───► line of its key ──┘         ▲
//!  keeper ── sweeps idle keys ─────────────────────┘          registry by name
//! ```
//!
//! The cells belong to the namespace and outlive the keeper, which may crash at any moment: no caller notices, and no limit begins
//! anew.
//!
//! | file | holds |
//! |---|---|
//! | `method/` | every decision, without a clock: token bucket, sliding and fixed windows |
//! | `table/` | the keys: a bound in number and bytes, and who goes when there is no room |
//! | `key.rs`, `digest.rs` | [`RateKey`], and what is kept of it |
//! | `clock.rs` | what time it is |
//! | `cell.rs` | all state of a limiter |
//! | `taken.rs` | what came of a call |
//! | `line.rs` | those who wait for their turn |
//! | `handle.rs`, `admission.rs`, `reservation.rs` | [`Limiter`], [`Admission`], [`Reservation`] |
//! | `kinds.rs` | the trait [`RateLimiter`], [`TokenBucketLimiter`], [`SlidingWindowLimiter`], [`FixedWindowLimiter`] |
//! | `several.rs` | [`check_all`]: several limits as one |
//! | `limiters.rs`, `registry.rs` | [`RateLimiterRegistry`] |
//! | `keeper.rs`, `start.rs` | who clears away what is idle |
//! | `error.rs`, `stats.rs` | [`RateLimitError`], [`RateLimitExceeded`], [`RegisterLimiterError`]; [`RateLimitStatus`], [`LimiterStats`] |

mod admission;
mod cell;
mod clock;
mod digest;
mod error;
mod handle;
mod keeper;
mod key;
mod kinds;
mod limiters;
mod line;
mod method;
mod registry;
mod reservation;
mod several;
mod start;
mod stats;
mod table;
mod taken;

pub use admission::Admission;
pub use error::{RateLimitError, RateLimitExceeded, RegisterLimiterError};
pub use handle::Limiter;
pub use key::RateKey;
pub use kinds::{FixedWindowLimiter, RateLimiter, SlidingWindowLimiter, TokenBucketLimiter};
pub use registry::{NAME, RateLimiterRegistry, check_in};
pub use reservation::Reservation;
pub use several::{Ask, check_all};
pub use stats::{LimiterStats, RateLimitStatus};
