//! Managers that were written for the pool `bb8`, of which there are many.
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//!
//! use bb8::ManageConnection;
//! use mainstay_actors::pool::ConnectionPool;
//! use mainstay_actors::pool::managers::bb8::Bb8;
//!
//! struct Answers;
//!
//! impl ManageConnection for Answers {
//!     type Connection = u32;
//!     type Error = Infallible;
//!
//!     async fn connect(&self) -> Result<u32, Infallible> {
//!         Ok(42)
//!     }
//!
//!     async fn is_valid(&self, _connection: &mut u32) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//!
//!     fn has_broken(&self, _connection: &mut u32) -> bool {
//!         false
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let manager = Bb8::new();
//! let connection = manager.create_connection(&Arc::new(Answers)).await?;
//! assert_eq!(*connection, 42);
//! manager.close_connection(connection).await;
//! # Ok(())
//! # }
//! ```

use std::error::Error;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ::bb8::ManageConnection;

use crate::pool::manager::{Condition, ConnectionPool, LeaseEnd};

/// Connections of a manager that was written for the pool `bb8`. The manager is in the options, so that a pool can go over to another
/// one, with another address or password, while it runs.
///
/// | here | there |
/// |---|---|
/// | `create_connection` | `connect` |
/// | `ping_connection` | `is_valid` |
/// | `condition` | broken if `has_broken`, or if the borrower panicked, was cancelled or died; clean otherwise |
/// | `close_connection` | the connection is dropped |
/// | `reset_connection` | nothing, as there is no such thing |
///
/// So what a borrower leaves in a connection, such as an open transaction, is there for the next one, as it is with `bb8`, unless the
/// manager finds it by `has_broken`.
pub struct Bb8<M: ManageConnection> {
    /// What becomes of an error of the manager.
    wrap: fn(M::Error) -> Bb8Error,
}

impl<M> Bb8<M>
where
    M: ManageConnection<Error: Error + Sync>,
{
    /// Connections of managers of this kind, of which the errors are such as those of the standard library. For all others there is
    /// [`any`](Self::any).
    #[must_use]
    pub fn new() -> Self {
        Self {
            wrap: |error| Bb8Error::Error(Box::new(error)),
        }
    }
}

impl<M: ManageConnection> Bb8<M> {
    /// Connections of managers of this kind, whatever their errors are, such as a text or an `anyhow::Error`: of one only what
    /// [`Debug`](fmt::Debug) shows is kept.
    #[must_use]
    pub fn any() -> Self {
        Self {
            wrap: |error| Bb8Error::Text(format!("{error:?}")),
        }
    }
}

/// What the manager has to say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Bb8Error {
    /// Its error.
    #[error(transparent)]
    Error(Box<dyn Error + Send + Sync>),
    /// What its error, which is of no kind that is known here, shows of itself.
    #[error("{0}")]
    Text(String),
}

impl<M> Default for Bb8<M>
where
    M: ManageConnection<Error: Error + Sync>,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<M: ManageConnection> fmt::Debug for Bb8<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bb8")
            .field(&std::any::type_name::<M>())
            .finish()
    }
}

/// A connection, with the manager that made it. It derefs to the connection.
pub struct Bb8Connection<M: ManageConnection> {
    connection: M::Connection,
    manager: Arc<M>,
}

impl<M: ManageConnection> Bb8Connection<M> {
    /// The manager that made it.
    #[must_use]
    pub const fn manager(&self) -> &Arc<M> {
        &self.manager
    }
}

impl<M: ManageConnection> Deref for Bb8Connection<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        &self.connection
    }
}

impl<M: ManageConnection> DerefMut for Bb8Connection<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        &mut self.connection
    }
}

impl<M: ManageConnection<Connection: fmt::Debug>> fmt::Debug for Bb8Connection<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bb8Connection")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl<M: ManageConnection> ConnectionPool for Bb8<M> {
    type Conn = Bb8Connection<M>;
    type Options = Arc<M>;
    type Error = Bb8Error;

    async fn create_connection(&self, manager: &Arc<M>) -> Result<Bb8Connection<M>, Bb8Error> {
        let connection = manager.connect().await;
        Ok(Bb8Connection {
            connection: connection.map_err(self.wrap)?,
            manager: Arc::clone(manager),
        })
    }

    async fn close_connection(&self, connection: Bb8Connection<M>) {
        drop(connection);
    }

    async fn ping_connection(&self, connection: &mut Bb8Connection<M>) -> Result<(), Bb8Error> {
        let Bb8Connection {
            connection,
            manager,
        } = connection;
        manager.is_valid(connection).await.map_err(self.wrap)
    }

    fn condition(&self, connection: &mut Bb8Connection<M>, end: LeaseEnd) -> Condition {
        let cut_off = match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped => false,
            LeaseEnd::Cancelled | LeaseEnd::Panicked | LeaseEnd::OwnerDied => true,
        };
        if cut_off || connection.manager.has_broken(&mut connection.connection) {
            return Condition::Broken;
        }
        Condition::Clean
    }
}
