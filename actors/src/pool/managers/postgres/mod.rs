//! Connections to PostgreSQL.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Postgres`], the manager |
//! | `options.rs` | [`PostgresOptions`]: where the server is, what a reset undoes |
//! | `connection.rs` | [`PostgresConnection`]: the client, and the task that talks to the server for it |
//! | `reset.rs` | how a session is brought back |
//! | `error.rs` | [`PostgresError`] |
//!
//! ```no_run
//! use mainstay_actors::pool::managers::postgres::{Postgres, PostgresOptions};
//! use mainstay_actors::pool::ConnectionPool;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::new("postgres://shop@10.0.0.5/shop?connect_timeout=5")?;
//! let connection = Postgres.create_connection(&options).await?;
//! let row = connection.query_one("SELECT 40 + 2", &[]).await?;
//! assert_eq!(row.get::<_, i32>(0), 42);
//! Postgres.close_connection(connection).await;
//! # Ok(())
//! # }
//! ```

mod connection;
mod error;
mod options;
mod reset;

pub use connection::PostgresConnection;
pub use error::PostgresError;
pub use mainstay_specs::PostgresReset;
pub use options::PostgresOptions;
/// The crate that connections are used with.
pub use tokio_postgres;

use crate::pool::manager::{Condition, ConnectionPool, LeaseEnd};

/// Connections to PostgreSQL, without TLS: what is sent can be read on the way, so the server should be on the same machine or in a
/// network that is trusted. An address that asks for TLS is refused.
///
/// | when a lease ends and | the connection is |
/// |---|---|
/// | it was not used, or was [marked clean](PostgresConnection::mark_clean) | clean |
/// | it was used | dirty: it is reset as [`PostgresOptions::reset`] says |
/// | it has ended, or the borrower panicked or died | broken |
///
/// The protocol does not tell this side whether a transaction is open, so each connection that was used is reset before it is lent
/// again, off the way of whoever borrowed it. A query that nobody waits for any more is cancelled: a reset that is not done within
/// [`PostgresOptions::cancel_after`] has one before it. The connection is closed then, because the server may heed the cancellation
/// late, when it would hit the next borrower.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl ConnectionPool for Postgres {
    type Conn = PostgresConnection;
    type Options = PostgresOptions;
    type Error = PostgresError;

    async fn create_connection(
        &self,
        options: &PostgresOptions,
    ) -> Result<PostgresConnection, PostgresError> {
        PostgresConnection::open(options).await
    }

    /// Says goodbye, and waits until the server has heard it. A query that still runs is cancelled. If this is dropped before, the
    /// socket is closed at once.
    async fn close_connection(&self, connection: PostgresConnection) {
        connection.close().await;
    }

    fn is_open(&self, connection: &PostgresConnection) -> bool {
        connection.is_open()
    }

    async fn ping_connection(
        &self,
        connection: &mut PostgresConnection,
    ) -> Result<(), PostgresError> {
        connection.ping().await
    }

    async fn reset_connection(
        &self,
        connection: &mut PostgresConnection,
    ) -> Result<(), PostgresError> {
        connection.reset().await
    }

    fn condition(&self, connection: &mut PostgresConnection, end: LeaseEnd) -> Condition {
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped => connection.condition(),
            LeaseEnd::Cancelled if connection.is_reset() => connection.condition(),
            LeaseEnd::Cancelled | LeaseEnd::Panicked | LeaseEnd::OwnerDied => Condition::Broken,
        }
    }
}
