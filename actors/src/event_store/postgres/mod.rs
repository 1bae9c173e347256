//! Events in PostgreSQL.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`PostgresBackend`] |
//! | `schema.rs` | the tables |
//! | `append.rs`, `ask.rs` | what is done with a connection |

mod append;
mod ask;
mod schema;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use mainstay_specs::NamespaceName;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::backend::{
    Appended, BackendAnswer, BackendError, EventBackend, EventGroup, StoreBounds, Usage,
};
use super::event::Event;
use super::id::EventId;
use super::places::Places;
use super::query::{EventPage, EventQuery, PageBounds};
use crate::pool::PoolManager;
use crate::pool::managers::postgres::Postgres;
use schema::Tenant;

/// Keeps events in PostgreSQL 12 or later, on a pool of connections.
///
/// What was acknowledged is there to stay, as far as the server keeps its word (`fsync` and `synchronous_commit`, which are on unless
/// somebody has turned them off). Namespaces and machines may share a database: each namespace sees its own events only, from whichever
/// machine they were stored, and no number is given twice.
///
/// Anything takes no longer than the limit of the backend. What was being committed when that passed, or when the connection was lost, is [`BackendError::Unknown`].
#[derive(Debug)]
pub struct PostgresBackend {
    pool: PoolManager<Postgres>,
    namespace: NamespaceName,
    limit: Duration,
    /// Once the tables are there.
    tenant: OnceCell<Tenant>,
    places: Places,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct TooSlow(Duration);

impl PostgresBackend {
    /// The events of this namespace in the database of a pool, where nothing is waited for longer than `limit`. Its tables, whose names
    /// begin with `mainstay_event`, are made when they are needed first.
    #[must_use]
    pub fn new(pool: PoolManager<Postgres>, namespace: NamespaceName, limit: Duration) -> Self {
        Self {
            places: Places::of(pool.config().max_size),
            pool,
            namespace,
            limit,
            tenant: OnceCell::new(),
        }
    }

    async fn tenant(&self) -> Result<Tenant, BackendError> {
        let prepare = || async {
            let mut lease = self.pool.checkout().await.map_err(BackendError::failed)?;
            let client: &mut Client = &mut lease;
            schema::prepare(client, &self.namespace).await
        };
        self.tenant.get_or_try_init(prepare).await.cloned()
    }

    /// What is done within the limit, or else `late`.
    async fn within<T>(
        &self,
        late: impl FnOnce(TooSlow) -> BackendError,
        work: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let done = timeout(self.limit, work).await;
        done.unwrap_or_else(|_| Err(late(TooSlow(self.limit))))
    }
}

impl EventBackend for PostgresBackend {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(async move {
            let is_committing = AtomicBool::new(false);
            let work = async {
                let tenant = self.tenant().await?;
                let mut lease = self.pool.checkout().await.map_err(BackendError::failed)?;
                let limit = self.limit * 4 / 5;
                append::append(&mut lease, &tenant, &groups, bounds, limit, &is_committing).await
            };
            // What was not told to commit is rolled back.
            let late = |slow| match is_committing.load(Ordering::Relaxed) {
                true => BackendError::unknown(slow),
                false => BackendError::failed(slow),
            };
            self.within(late, work).await
        })
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        Box::pin(self.within(BackendError::failed, async move {
            let tenant = self.tenant().await?;
            let _place = self.places.enter().await?;
            let lease = self.pool.checkout().await.map_err(BackendError::failed)?;
            ask::find(&**lease, &tenant, id).await
        }))
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(self.within(BackendError::failed, async move {
            let tenant = self.tenant().await?;
            let _place = self.places.enter().await?;
            let mut lease = self.pool.checkout().await.map_err(BackendError::failed)?;
            ask::query(&mut lease, &tenant, &query, bounds).await
        }))
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        Box::pin(self.within(BackendError::unknown, async move {
            let tenant = self.tenant().await?;
            let mut lease = self.pool.checkout().await.map_err(BackendError::failed)?;
            append::remove_before(&mut lease, &tenant, time, at_most, self.limit * 4 / 5).await
        }))
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        Box::pin(self.within(BackendError::failed, async move {
            // One row, for which those who store wait when old events have gone: not for the questions of others as well.
            let tenant = self.tenant().await?;
            let lease = self.pool.checkout().await.map_err(BackendError::failed)?;
            ask::ledger(&**lease, &tenant, "").await
        }))
    }
}
