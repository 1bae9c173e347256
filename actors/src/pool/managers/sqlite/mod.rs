//! Connections to SQLite, which is part of the program: nothing has to be installed or started.
//!
//! ```text
//!  borrower ── call(|c| …) ─► a thread for what blocks ─► statement by statement ─► the answer
//!                 │ dropped
//!                 └─► the statement is interrupted; the connection is busy until the work has ended, and no one else's till then
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Sqlite`], the manager |
//! | `options.rs` | [`SqliteOptions`]: where the database is, and how it is used |
//! | `open.rs`, `restore.rs` | how a connection is opened, and made as it was |
//! | `connection.rs` | [`SqliteConnection`]: work on a thread of its own |
//! | `error.rs` | [`SqliteError`] |
//!
//! ```
//! use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
//! use mainstay_actors::pool::ConnectionPool;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sqlite, options) = (Sqlite::new(), SqliteOptions::memory());
//! let mut connection = sqlite.create_connection(&options).await?;
//! let sum = connection.call(|c| c.query_row("SELECT 40 + 2", [], |row| row.get::<_, i64>(0)));
//! assert_eq!(sum.await?, 42);
//! sqlite.close_connection(connection).await;
//! # Ok(())
//! # }
//! ```

mod connection;
mod error;
mod open;
mod options;
mod restore;

use std::fmt;
use std::sync::{Arc, Mutex};

pub use connection::SqliteConnection;
pub use error::SqliteError;
pub use mainstay_specs::{SqliteReset, SqliteSync};
pub use options::{SqliteAccess, SqliteLocation, SqliteOptions};
/// The crate that connections are used with.
pub use rusqlite;

use crate::pool::manager::{Condition, ConnectionPool, LeaseEnd};

/// Connections to SQLite.
///
/// | when a lease ends and | the connection is |
/// |---|---|
/// | nothing was left | clean |
/// | a transaction is open, or a call that was dropped still runs | dirty: a reset waits for its end, and rolls back |
/// | there was a call, and [`SqliteReset::Settings`] was asked for | dirty: a reset makes it as it was |
/// | the borrower panicked or died, or a call panicked | broken |
///
/// What a borrower changes of the connection itself stays, unless [`SqliteReset::Settings`] is asked for: a `PRAGMA`, an attached
/// database, a temporary table. What all connections need belongs into [`SqliteOptions::setup`].
///
/// A database in memory lives for as long as its manager does, also while no connection is open.
#[derive(Default)]
pub struct Sqlite {
    anchor: Arc<Mutex<Option<open::Anchor>>>,
}

impl Sqlite {
    /// A manager that has opened nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

impl ConnectionPool for Sqlite {
    type Conn = SqliteConnection;
    type Options = SqliteOptions;
    type Error = SqliteError;

    async fn create_connection(
        &self,
        options: &SqliteOptions,
    ) -> Result<SqliteConnection, SqliteError> {
        options.check()?;
        let (anchor, options) = (Arc::clone(&self.anchor), Arc::new(options.clone()));
        let restored = (options.reset == SqliteReset::Settings).then(|| Arc::clone(&options));
        let opened = tokio::task::spawn_blocking(move || {
            open::keep(&anchor, &options)?;
            open::open(&options)
        });
        let opened = opened.await.map_err(|_| SqliteError::Gone)?;
        Ok(SqliteConnection::new(opened?, restored)?)
    }

    /// Waits for the end of what still runs, which was interrupted when its call was dropped, and closes the file. If this is dropped
    /// before, the file is closed when the work has ended.
    async fn close_connection(&self, connection: SqliteConnection) {
        connection.close().await;
    }

    async fn ping_connection(&self, connection: &mut SqliteConnection) -> Result<(), SqliteError> {
        connection.ping().await
    }

    async fn reset_connection(&self, connection: &mut SqliteConnection) -> Result<(), SqliteError> {
        connection.reset().await
    }

    fn condition(&self, connection: &mut SqliteConnection, end: LeaseEnd) -> Condition {
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped | LeaseEnd::Cancelled => connection.condition(),
            LeaseEnd::Panicked | LeaseEnd::OwnerDied => Condition::Broken,
        }
    }
}
