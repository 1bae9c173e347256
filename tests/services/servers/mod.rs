//! Real servers, that tests start for themselves and that end with them, also when they fail.
//!
//! A server whose program is not there is told of in one line, and the test passes, unless `MAINSTAY_REQUIRE_SERVERS=1`.
//!
//! | file | holds |
//! |---|---|
//! | `postgres.rs` | [`Postgres`]: Debian's package `postgresql` |
//! | `family.rs` | a process and all its children, which are paused and killed together |
//! | the file `server.rs` of the rate limiters | [`Redis`]: Debian's package `redis-server` |

mod family;
mod postgres;
#[path = "../../../actors/src/limiter/redis/server.rs"]
mod redis;

pub(crate) use postgres::Postgres;
pub(crate) use redis::Server as Redis;

use std::time::Duration;

/// How long anything may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
