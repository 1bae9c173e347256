//! What can go wrong with PostgreSQL.

use std::time::Duration;

/// Why a connection to PostgreSQL cannot be made, or does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The address is not one.
    #[error("expected an address such as `postgres://user:password@host:5432/database`")]
    Address(#[source] tokio_postgres::Error),
    /// The address names no server.
    #[error(
        "the address names no server: expected a host, an IP address or the folder of a socket"
    )]
    NoHost,
    /// The address asks for what only TLS gives.
    #[error(
        "the address asks for TLS by `{asked}`, and connections are made without: expected `sslmode=prefer` or `sslmode=disable`, and a network that is trusted"
    )]
    Tls {
        /// What asks for it.
        asked: &'static str,
    },
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
    Connect(#[source] tokio_postgres::Error),
    /// What every new connection is to run failed.
    #[error("the setup of the connection failed")]
    Setup(#[source] tokio_postgres::Error),
    /// The server does not answer as it should.
    #[error("the server does not answer")]
    Ping(#[source] tokio_postgres::Error),
    /// The session cannot be brought back.
    #[error("the session cannot be brought back")]
    Reset(#[source] tokio_postgres::Error),
    /// A query was still running that nobody waited for. It was cancelled, and the connection is to be closed.
    #[error(
        "a query was still running {after:?} after the connection was given back, and was cancelled"
    )]
    StillRunning {
        /// How long it was waited for.
        after: Duration,
    },
}
