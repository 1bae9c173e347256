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
//! | `link.rs`, `connection.rs` | asking, within bounds; the connection it goes over |
//! | `grant.rs` | what was taken, and goes back if nobody wants it |
//! | `terms.rs`, `cell.rs` | what a limiter goes by; all that its handles share |
//! | `turn.rs`, `verdict.rs` | a call that is asked for; what becomes of several at once |
//! | `read.rs`, `alone.rs` | what an answer is to callers; what becomes of calls without one |
//! | `line.rs` | those who wait on this machine |
//! | `limiter.rs`, `decision.rs` | [`RedisLimiter`], [`Decision`] |
//! | `several.rs` | [`check_all_redis`]: several limits as one |
//! | `server.rs`, `tests/` | a server for tests; that the scripts decide as the local methods do |

mod alone;
mod answer;
mod cell;
mod connection;
mod decision;
mod grant;
mod limiter;
mod line;
mod link;
mod outage;
mod policy;
mod question;
mod read;
mod script;
#[cfg(test)]
mod server;
mod several;
mod terms;
#[cfg(test)]
mod tests;
mod turn;
mod verdict;

pub(in crate::limiter) use grant::Grant;
pub(in crate::limiter) use link::Link;
#[cfg(feature = "tower")]
pub(in crate::limiter) use turn::Refusals;
pub(in crate::limiter) use turn::Turn;
#[cfg(feature = "tower")]
pub(in crate::limiter) use verdict::{Said, decide_all};

pub use decision::{DecidedBy, Decision};
pub use limiter::RedisLimiter;
pub use several::{RedisAsk, check_all_redis};
