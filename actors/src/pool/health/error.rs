//! What is wrong with a pool.

use mainstay_specs::ServiceName;

use crate::pool::error::{ConnectError, PoolError};

/// What is wrong with a pool.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolSick {
    /// None of the connections that were idle answers. They were closed.
    #[error("none of the {pinged} idle connections of the pool {pool} answers")]
    Pings {
        /// The pool.
        pool: ServiceName,
        /// How many were pinged.
        pinged: u32,
    },
    /// There is no connection, and the last attempts to make one have failed.
    #[error("the pool {pool} has failed to connect {failures} times in a row: {error}")]
    Connect {
        /// The pool.
        pool: ServiceName,
        /// How many attempts in a row.
        failures: u32,
        /// Why the last one has.
        error: ConnectError,
    },
    /// A connection could not be had.
    #[error(transparent)]
    Unavailable(PoolError),
}
