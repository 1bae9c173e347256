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
//! | `clock.rs` | what time it is; [`ManualClock`] |
//! | `cell/` | all state of a limiter |
//! | `taken.rs` | what came of a call |
//! | `line/` | those who wait for their turn |
//! | `handle.rs`, `admission.rs`, `reservation.rs` | [`Limiter`], [`Admission`], [`Reservation`] |
//! | `any.rs`, `turn.rs` | [`AnyLimiter`]: a limiter, wherever it keeps its counts; a call that one is asked for |
//! | `kinds.rs` | the trait [`RateLimiter`], [`TokenBucketLimiter`], [`SlidingWindowLimiter`], [`FixedWindowLimiter`] |
//! | `several.rs` | [`check_all`]: several limits as one |
//! | `limiters.rs`, `registry.rs` | [`RateLimiterRegistry`] |
//! | `service/` | [`RateLimitedService`]: a service behind limiters |
//! | `limit.rs`, `keyed.rs` | what `#[rate_limited]` writes calls of |
//! | `redis/` | `RedisLimiter`: one limit for many machines (feature `redis`) |
//! | `keeper.rs`, `start.rs` | who clears away what is idle, and tells what happens |
//! | `signals.rs` | events and metrics |
//! | `address/` | `client_ip`, `TrustedProxies`: whose request it is behind proxies; with the feature `tower` |
//! | `layer/` | `RateLimitLayer`, `RateLimitMiddleware`: limits around services that serve HTTP; with the feature `tower` |
//! | `error.rs`, `stats.rs` | [`RateLimitError`], [`RateLimitExceeded`], [`RegisterLimiterError`]; [`RateLimitStatus`], [`LimiterStats`], [`RedisStats`] |

#[cfg(feature = "tower")]
mod address;
mod admission;
mod any;
mod cell;
mod clock;
mod digest;
mod error;
mod handle;
mod keeper;
mod key;
mod keyed;
mod kinds;
#[cfg(feature = "tower")]
mod layer;
#[doc(hidden)]
pub mod limit;
mod limiters;
mod line;
mod method;
#[cfg(feature = "redis")]
mod redis;
mod registry;
mod renew;
mod reservation;
mod service;
mod several;
mod signals;
mod start;
mod stats;
mod table;
mod taken;
mod turn;

#[cfg(feature = "tower")]
pub use address::{ForwardedHeader, NoClientIp, TrustedProxies, TrustedProxiesError, client_ip};
pub use admission::Admission;
pub use any::AnyLimiter;
pub use clock::ManualClock;
pub use error::{RateLimitError, RateLimitExceeded, RegisterLimiterError, Unavailable};
pub use handle::Limiter;
pub use key::RateKey;
pub use kinds::{FixedWindowLimiter, RateLimiter, SlidingWindowLimiter, TokenBucketLimiter};
#[cfg(feature = "tower")]
pub use layer::{
    ByExtension, ByHeader, ByIp, ByRequest, Charge, EveryRequest, Extract, NoExtractor,
    ProblemJson, QuotaUnit, RateLimitFuture, RateLimitLayer, RateLimitMiddleware, RateLimitPolicy,
    RateLimitRefusal, RequestHead, RequestKeys, Respond, by_request,
};
#[cfg(feature = "redis")]
pub use redis::{DecidedBy, Decision, RedisAsk, RedisLimiter, check_all_redis};
pub use registry::{NAME, RateLimiterRegistry, check_in};
pub use reservation::Reservation;
pub use service::{LimitedCall, RateLimitedError, RateLimitedService};
pub use several::{Ask, check_all};
pub use stats::{LimiterStats, RateLimitStatus, RedisStats};
pub(crate) use turn::Turn;
