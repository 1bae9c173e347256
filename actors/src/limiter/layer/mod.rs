//! Rate limits around services that serve HTTP, with the feature `tower`.
//!
//! ```text
//!  request ─► keys: whose is it ─► all limits at once ─┬─► inner service ─► response, with what is left
//!                                                      └─► 429, with when to come back
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `service.rs` | [`RateLimitLayer`], [`RateLimitMiddleware`] |
//! | `future.rs` | [`RateLimitFuture`] |
//! | `policy.rs` | [`RateLimitPolicy`]: a limiter, and what a request costs there |
//! | `gate.rs` | asking all limiters of this process at once |
//! | `servers.rs` | asking those of servers after them |
//! | `head.rs`, `keys.rs`, `extract.rs` | [`RequestHead`]; [`RequestKeys`]: whose request it is; [`Extract`] and ways to do it |
//! | `by_ip.rs` | [`ByIp`] |
//! | `fields.rs` | the header fields `RateLimit` and `RateLimit-Policy` |
//! | `refusal.rs` | [`RateLimitRefusal`], [`Respond`]: what a refused client is told |
//! | `charge.rs` | [`Charge`]: which requests count |
//!
//! # Header fields
//!
//! `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-11 (May 2026; the syntax is that of
//! revision 10 as well), lists of structured fields (RFC 9651):
//!
//! ```text
//! RateLimit-Policy: "api";q=100;w=60
//! RateLimit: "api";r=42;t=18
//! Retry-After: 3
//! ```
//!
//! * `q` is the limit, `w` the window in seconds; a window that is no whole number of seconds is rounded up, so that who goes by it is
//!   never refused.
//! * `r` is what can be had at once, which a bucket that holds more than its limit can be more than `q`. `t` is the seconds, rounded up,
//!   until there is more again if nothing is left, and otherwise until the key is as if it had not been used for long.
//! * `Retry-After` is the seconds, rounded up and never 0, after which the same request will be let through if nobody else takes
//!   anything meanwhile. In a refusal no `t` is later.
//! * They are in every response of the inner service to a request that was counted, and in refusals. `pk` is never sent: it would
//!   tell clients what they are counted by. Limits of others that are in the response already stay; these are added as further lines.
//! * A limiter that only looks on (`shadow`) refuses nobody, and nothing of it is in the header: clients are not to go by a limit that
//!   does not hold yet. What it would have refused is in its statistics and in telemetry.

mod by_ip;
mod charge;
mod extract;
mod fields;
mod future;
mod gate;
mod head;
mod keys;
mod policy;
mod refusal;
#[cfg(feature = "redis")]
mod servers;
mod service;

pub use by_ip::ByIp;
pub use charge::{Charge, EveryRequest};
pub use extract::{ByExtension, ByHeader, ByRequest, Extract, by_request};
pub use future::RateLimitFuture;
pub use head::RequestHead;
pub use keys::{NoExtractor, RequestKeys};
pub use policy::{QuotaUnit, RateLimitPolicy};
pub use refusal::{ProblemJson, RateLimitRefusal, Respond};
pub use service::{RateLimitLayer, RateLimitMiddleware};
