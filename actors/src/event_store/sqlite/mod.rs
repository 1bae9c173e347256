//! Events in SQLite.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`SqliteBackend`] |
//! | `schema.rs` | the tables |
//! | `append.rs`, `ask.rs` | what is done with a connection |
//! | `log.rs` | the write-ahead log, and how long it may be |

mod append;
mod ask;
mod log;
mod schema;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_specs::NamespaceName;
use rusqlite::Connection;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::backend::{
    Appended, BackendAnswer, BackendError, EventBackend, EventGroup, StoreBounds, Usage,
};
use super::event::Event;
use super::id::EventId;
use super::places::Places;
use super::query::{EventPage, EventQuery, PageBounds};
use crate::pool::PoolManager;
use crate::pool::managers::sqlite::{Sqlite, SqliteError};
use schema::Tenant;

/// Keeps events in SQLite, on a pool of connections.
///
/// What was acknowledged is on the disk, however the process or the machine ends: each commit is synced (`synchronous = FULL`, also on
/// connections that were made otherwise), and one commit serves all stores that wait. Several namespaces, and several processes of one
/// machine, may share a file; each namespace sees its own events only. It is to be on a disk of this machine: the write-ahead mode does not
/// work over a network.
///
/// With two connections or more in the pool, questions do not wait for commits, nor commits for questions: these take all connections but
/// one. What a file has taken of the disk it keeps; what goes makes room for what comes. The write-ahead log is cut whenever it is looked for
/// events that are too old and it has more than 16 MiB (of pages of 4 KiB), as far as no other process reads.
#[derive(Debug)]
pub struct SqliteBackend {
    pool: PoolManager<Sqlite>,
    namespace: NamespaceName,
    /// Once the tables are there.
    tenant: OnceCell<Tenant>,
    places: Places,
    limit: Duration,
}

impl SqliteBackend {
    /// The events of this namespace in the database of a pool, where no question takes longer than `limit`: then it is cut off. Its
    /// tables, whose names begin with `mainstay_event`, are made when they are needed first.
    #[must_use]
    pub fn new(pool: PoolManager<Sqlite>, namespace: NamespaceName, limit: Duration) -> Self {
        Self {
            places: Places::of(pool.config().max_size),
            limit,
            pool,
            namespace,
            tenant: OnceCell::new(),
        }
    }

    async fn tenant(&self) -> Result<Tenant, BackendError> {
        let prepare = || {
            let namespace = self.namespace.clone();
            self.call(BackendError::failed, move |connection| {
                schema::prepare(connection, &namespace)
            })
        };
        self.tenant.get_or_try_init(prepare).await.cloned()
    }

    /// Does work on a connection; `gone` makes an error of one that is lost while it is done.
    async fn call<T: Send + 'static>(
        &self,
        gone: impl FnOnce(SqliteError) -> BackendError,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let mut lease = self.pool.checkout().await.map_err(BackendError::failed)?;
        let done = lease.call(move |connection| Ok(work(connection))).await;
        done.unwrap_or_else(|error| Err(gone(error)))
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Tenant) -> Result<T, BackendError> + Send + 'static,
    ) -> BackendAnswer<'_, T> {
        Box::pin(async move {
            let tenant = self.tenant().await?;
            let work = move |connection: &mut Connection| work(connection, &tenant);
            self.call(BackendError::unknown, work).await
        })
    }

    /// Cuts the write-ahead log if it has become too long, as it does where there is always somebody who reads: they wait for that. Those
    /// who store do too, so that whoever reads for long is not waited for: it is tried again the next time.
    async fn keep_log_short(&self) -> Result<(), BackendError> {
        let is_long = |connection: &mut Connection| log::is_long(connection);
        if !self.call(BackendError::failed, is_long).await? {
            return Ok(());
        }
        let all = timeout(log::WAIT, self.places.enter_all()).await;
        let _all = all.map_err(|_| BackendError::failed(TooSlow(log::WAIT)))??;
        let cut = |connection: &mut Connection| log::cut(connection);
        self.call(BackendError::failed, cut).await
    }

    /// An answer, which waits for its place among these questions, if any.
    fn read<'a, T: Send + 'static>(
        &'a self,
        places: Option<&'a Places>,
        work: impl FnOnce(&Connection, &Tenant) -> Result<T, BackendError> + Send + 'static,
    ) -> BackendAnswer<'a, T> {
        Box::pin(async move {
            let tenant = self.tenant().await?;
            let work = move |connection: &mut Connection| work(connection, &tenant);
            let answer = async {
                let _place = match places {
                    Some(places) => Some(places.enter().await?),
                    None => None,
                };
                self.call(BackendError::failed, work).await
            };
            // What nobody waits for any more is cut off: the connection sees to that.
            let answer = timeout(self.limit, answer).await;
            answer.unwrap_or_else(|_| Err(BackendError::failed(TooSlow(self.limit))))
        })
    }
}

impl EventBackend for SqliteBackend {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        self.write(move |connection, tenant| append::append(connection, tenant, &groups, bounds))
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        let places = Some(&self.places);
        self.read(places, move |connection, tenant| {
            ask::find(connection, tenant, id)
        })
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        let places = Some(&self.places);
        self.read(places, move |connection, tenant| {
            ask::query(connection, tenant, &query, bounds)
        })
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        let removed = self.write(move |connection, tenant| {
            append::remove_before(connection, tenant, time, at_most)
        });
        Box::pin(async move {
            let removed = removed.await?;
            if removed < at_most.into()
                && let Err(error) = self.keep_log_short().await
            {
                tracing::warn!(namespace = %self.namespace, %error, "the log of the database is not cut yet");
            }
            Ok(removed)
        })
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        // One row, for which those who store wait when old events have gone: not for the questions of others as well.
        self.read(None, ask::ledger)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct TooSlow(Duration);

/// What SQLite says, where nothing was done.
fn failed(error: rusqlite::Error) -> BackendError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            BackendError::Unreadable(error.to_string())
        }
        _ => BackendError::failed(error),
    }
}
