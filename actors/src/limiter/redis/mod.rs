//! Rate limits that machines share: their counts are in a Redis.
//!
//! ```text
//!  caller ── check ─► key ─ hash ─► question ── link ── EVALSHA ─► script ─► one state a key, with an end
//!                                                │ no answer in time, or a pause after several
//!                                                └─► on_unavailable: open, closed, or a part of the limit here
//! ```
//!
//! One round trip a call, by the clock of the server. What the script says is what it knew before: everything that is told to callers is
//! computed from that here, by the methods that local limits go by.
//!
//! | file | holds |
//! |---|---|
//! | `lua/` | the scripts: `begin.lua`, one file for each method, `end.lua` |
//! | `script.rs` | how they are put together |
//! | `policy.rs` | a limit in the units of the server; pure |
//! | `question.rs`, `answer.rs` | what is asked, and what the answer means; pure |
//! | `outage.rs` | whether it makes sense to ask; pure |
//! | `link.rs`, `grant.rs` | the connection; what was taken, and goes back if nobody wants it |
//! | `terms.rs` | what a limiter goes by |
//! | `limiter.rs`, `decision.rs`, `reservation.rs` | [`RedisLimiter`], [`Decision`], [`RedisReservation`] |
//! | `several.rs` | [`check_all_redis`]: several limits as one |
//! | `stats.rs` | [`RedisStats`], [`RedisLimiterStats`] |
//! | `server.rs`, `tests/` | a server for tests; that the scripts decide as the local methods do |

mod answer;
mod decision;
mod grant;
mod limiter;
mod link;
mod outage;
mod policy;
mod question;
mod reservation;
mod script;
#[cfg(test)]
mod server;
mod several;
mod stats;
mod terms;
#[cfg(test)]
mod tests;

pub(in crate::limiter) use link::Link;

pub use decision::{DecidedBy, Decision};
pub use limiter::RedisLimiter;
pub use reservation::RedisReservation;
pub use several::{RedisAsk, check_all_redis};
pub use stats::{RedisLimiterStats, RedisStats};
