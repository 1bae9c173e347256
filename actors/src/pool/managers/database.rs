//! A manager written from nothing, as an example: a database with an address, a time limit for connecting, and a ping that has to be
//! answered within a second.
//!
//! Everything a driver needs to become a pool is four functions. What a pool does beside them, such as limits on time, retries and
//! resets off the way of callers, is not the manager's matter. For pools of connections to SQLite take
//! [`Sqlite`](super::sqlite::Sqlite), which can do more.
//!
//! ```
//! use std::time::Duration;
//!
//! use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteConnection, SqliteError, SqliteOptions};
//! use mainstay_actors::pool::{ConnectionPool, ConnectionSpec};
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
//!         let query = connection.call(|c| c.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
//!         assert_eq!(timeout(Duration::from_secs(1), query).await??, 1);
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = DatabaseConnection { driver: Sqlite::new() };
//! let mut connection = database.create_connection(&DatabaseOptions::default()).await?;
//! database.ping_connection(&mut connection).await?;
//! database.close_connection(connection).await;
//!
//! // What a pool is started with.
//! let spec = ConnectionSpec::new(database, DatabaseOptions::default());
//! # drop(spec);
//! # Ok(())
//! # }
//! ```
