//! What can go wrong with Redis.

use std::time::Duration;

use ::redis::RedisError;

/// Why a connection to Redis cannot be made, or does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisPoolError {
    /// The address is not one, or asks for TLS.
    #[error("expected an address such as `redis://user:password@host:6379/0` or `unix:///path`")]
    Address(#[source] RedisError),
    /// An option cannot be meant.
    #[error("{field}: expected {expected}, found {found:?}")]
    Option {
        /// Which.
        field: &'static str,
        /// What would do.
        expected: &'static str,
        /// What is there.
        found: Duration,
    },
    /// The server cannot be reached, or does not let the user in.
    #[error("cannot connect")]
    Connect(#[source] RedisError),
    /// The server does not answer as it should.
    #[error("the server does not answer")]
    Ping(#[source] RedisError),
    /// The connection cannot be brought back; the server has to be a Redis 6.2 or later for that.
    #[error("the connection cannot be brought back")]
    Reset(#[source] RedisError),
}
