//! Connections to Redis, or Valkey.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Redis`], the manager |
//! | `options.rs` | [`RedisOptions`]: where the server is, what becomes of a connection that something is left in |
//! | `connection.rs` | [`RedisConnection`], which keeps book of what is left in it |
//! | `traces.rs` | which commands leave something in a connection; pure |
//! | `error.rs` | [`RedisPoolError`] |
//!
//! ```no_run
//! use mainstay_actors::pool::ConnectionPool;
//! use mainstay_actors::pool::managers::redis::redis::cmd;
//! use mainstay_actors::pool::managers::redis::{Redis, RedisOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = RedisOptions::new("redis://10.0.0.5/")?;
//! let mut connection = Redis.create_connection(&options).await?;
//! cmd("SET").arg("answer").arg(42).exec_async(&mut connection).await?;
//! Redis.close_connection(connection).await;
//! # Ok(())
//! # }
//! ```

mod connection;
mod error;
mod options;
mod traces;

/// The crate that connections are used with.
pub use ::redis;
pub use connection::RedisConnection;
pub use error::RedisPoolError;
pub use mainstay_specs::RedisReset;
pub use options::RedisOptions;

use crate::pool::manager::{Condition, ConnectionPool, LeaseEnd};

/// Connections to a Redis, without TLS: what is sent can be read on the way.
///
/// A multiplexed connection can be shared by many callers, and needs no pool. This is for what it cannot be shared for: `WATCH`
/// and `MULTI` in several trips, `SELECT`, commands that block, and large answers that others should not have to wait for.
///
/// | when a lease ends and | the connection is |
/// |---|---|
/// | all commands were answered, and none of them changed the connection | clean |
/// | a command was not waited for, or one changed the connection | dirty: it is reset, or closed, as [`RedisOptions::reset`] says |
/// | it has ended, was turned into a subscriber or a monitor, or the borrower panicked or died | broken |
#[derive(Clone, Copy, Debug, Default)]
pub struct Redis;

impl ConnectionPool for Redis {
    type Conn = RedisConnection;
    type Options = RedisOptions;
    type Error = RedisPoolError;

    async fn create_connection(
        &self,
        options: &RedisOptions,
    ) -> Result<RedisConnection, RedisPoolError> {
        RedisConnection::open(options).await
    }

    /// Closes the socket, which is all the goodbye that a Redis wants.
    async fn close_connection(&self, connection: RedisConnection) {
        drop(connection);
    }

    fn is_open(&self, connection: &RedisConnection) -> bool {
        connection.is_open()
    }

    async fn ping_connection(
        &self,
        connection: &mut RedisConnection,
    ) -> Result<(), RedisPoolError> {
        connection.ping().await
    }

    async fn reset_connection(
        &self,
        connection: &mut RedisConnection,
    ) -> Result<(), RedisPoolError> {
        connection.reset().await
    }

    fn condition(&self, connection: &mut RedisConnection, end: LeaseEnd) -> Condition {
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped | LeaseEnd::Cancelled => connection.condition(),
            LeaseEnd::Panicked | LeaseEnd::OwnerDied => Condition::Broken,
        }
    }
}
