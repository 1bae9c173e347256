//! A manager written from nothing, as an example: a database with an address, a time limit for connecting, and a ping that has to be
//! answered within a second.
//!
//! Everything a driver needs to become a pool is three functions, and two more where something may be left in a connection: whoever lets
//! go of a lease in the middle of a call or a transaction leaves it there, and `condition` has to find it, or the next borrower does. What
//! a pool does beside them, such as limits on time, retries and
//! resets off the way of callers, is not the manager's matter. For pools of connections to SQLite take
//! [`Sqlite`](super::sqlite::Sqlite), which can do more.
//!
//! ```
//! use std::time::Duration;
//!
//! use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteConnection, SqliteError, SqliteOptions};
//! use mainstay_actors::pool::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
//! use tokio::time::{error::Elapsed, timeout};
//!
//! struct DatabaseConnection {
//!     driver: Sqlite,
//! }
//!
//! struct DatabaseOptions {
//!     database_url: String,
//!     timeout: Duration,
//! }
//!
//! impl Default for DatabaseOptions {
//!     fn default() -> Self {
//!         Self { database_url: "sqlite::memory:".to_owned(), timeout: Duration::from_secs(5) }
//!     }
//! }
//!
//! #[derive(Debug, thiserror::Error)]
//! enum DatabaseError {
//!     #[error("the database does not answer in time")]
//!     TooSlow(#[from] Elapsed),
//!     #[error(transparent)]
//!     Database(#[from] SqliteError),
//! }
//!
//! impl ConnectionPool for DatabaseConnection {
//!     type Conn = SqliteConnection;
//!     type Options = DatabaseOptions;
//!     type Error = DatabaseError;
//!
//!     async fn create_connection(&self, options: &DatabaseOptions) -> Result<SqliteConnection, DatabaseError> {
//!         let database = SqliteOptions::from_url(&options.database_url)?;
//!         Ok(timeout(options.timeout, self.driver.create_connection(&database)).await??)
//!     }
//!
//!     async fn close_connection(&self, connection: SqliteConnection) {
//!         self.driver.close_connection(connection).await;
//!     }
//!
//!     async fn ping_connection(&self, connection: &mut SqliteConnection) -> Result<(), DatabaseError> {
//!         let query = connection.call(|c| c.query_row("SELECT 1", [], |_| Ok(())));
//!         Ok(timeout(Duration::from_secs(1), query).await??)
//!     }
//!
//!     /// A call that is still done, and a transaction that is open, are for nobody else to see.
//!     fn condition(&self, connection: &mut SqliteConnection, end: LeaseEnd) -> Condition {
//!         self.driver.condition(connection, end)
//!     }
//!
//!     /// Waits for the one, and rolls the other back.
//!     async fn reset_connection(&self, connection: &mut SqliteConnection) -> Result<(), DatabaseError> {
//!         Ok(self.driver.reset_connection(connection).await?)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = DatabaseConnection { driver: Sqlite::new() };
//! let mut connection = database.create_connection(&DatabaseOptions::default()).await?;
//! database.ping_connection(&mut connection).await?;
//!
//! // Somebody begins a transaction, and is not heard of again.
//! connection.call(|c| c.execute_batch("BEGIN")).await?;
//! assert_eq!(database.condition(&mut connection, LeaseEnd::Dropped), Condition::Dirty);
//! database.reset_connection(&mut connection).await?;
//! assert_eq!(database.condition(&mut connection, LeaseEnd::Dropped), Condition::Clean);
//! database.close_connection(connection).await;
//!
//! // What a pool is started with.
//! let spec = ConnectionSpec::new(database, DatabaseOptions::default());
//! # drop(spec);
//! # Ok(())
//! # }
//! ```
