//! Events in SQLite.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`SqliteBackend`] |
//! | `link.rs` | the connections, and the threads on which they are used |
//! | `schema.rs` | the tables |
//! | `append.rs`, `ask.rs` | what is done with a connection |

mod append;
mod ask;
mod link;
mod schema;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::NamespaceName;
use rusqlite::Connection;

use super::backend::{
    Appended, BackendAnswer, BackendError, EventBackend, EventGroup, StoreBounds, Usage,
};
use super::event::Event;
use super::id::EventId;
use super::query::{EventPage, EventQuery, PageBounds};
use link::Link;
use schema::Tenant;

/// Keeps events in SQLite: a file, or the memory of this process.
///
/// What was acknowledged is on the disk, however the process or the machine ends: the file is in write-ahead mode and is synced at each
/// commit (`synchronous = FULL`), of which one serves all stores that wait. Several namespaces, and several processes of one machine,
/// may share a file; each namespace sees its own events only. It is to be on a disk of this machine: SQLite's write-ahead mode does not
/// work over a network.
///
/// Connections are used on tokio's threads for what blocks. Questions have a connection of their own, so that they do not wait for
/// commits.
#[derive(Debug)]
pub struct SqliteBackend {
    link: Arc<Link>,
    tenant: Tenant,
}

impl SqliteBackend {
    /// The events of this namespace in a file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`BackendError::Failed`] if the file cannot be opened or written; [`BackendError::Unreadable`] if it is of a later version of
    /// Mainstay, or no database.
    ///
    /// Cancel safety: it may be dropped at will; the file may be made all the same.
    pub async fn open(
        path: impl AsRef<Path>,
        namespace: NamespaceName,
    ) -> Result<Self, BackendError> {
        let path = path.as_ref().to_owned();
        Self::start(namespace, move || Link::open(&path)).await
    }

    /// The events of this namespace in the memory of this process, gone with this.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub async fn in_memory(namespace: NamespaceName) -> Result<Self, BackendError> {
        Self::start(namespace, Link::in_memory).await
    }

    async fn start(
        namespace: NamespaceName,
        open: impl FnOnce() -> Result<Link, BackendError> + Send + 'static,
    ) -> Result<Self, BackendError> {
        let opened = link::off_thread(move || {
            let link = open()?;
            let tenant = link.write(|connection| schema::prepare(connection, &namespace))?;
            Ok((link, tenant))
        });
        let (link, tenant) = opened.await?;
        Ok(Self {
            link: Arc::new(link),
            tenant,
        })
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Tenant) -> Result<T, BackendError> + Send + 'static,
    ) -> BackendAnswer<'_, T> {
        let (link, tenant) = (Arc::clone(&self.link), self.tenant.clone());
        Box::pin(link::off_thread(move || {
            link.write(|connection| work(connection, &tenant))
        }))
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Tenant) -> Result<T, BackendError> + Send + 'static,
    ) -> BackendAnswer<'_, T> {
        let (link, tenant) = (Arc::clone(&self.link), self.tenant.clone());
        Box::pin(link::off_thread(move || {
            link.read(|connection| work(connection, &tenant))
        }))
    }
}

impl EventBackend for SqliteBackend {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn append(&self, groups: Arc<[EventGroup]>, bounds: StoreBounds) -> BackendAnswer<'_, Appended> {
        self.write(move |connection, tenant| append::append(connection, tenant, &groups, bounds))
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        self.read(move |connection, tenant| ask::get(connection, tenant, id))
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        self.read(move |connection, tenant| ask::query(connection, tenant, &query, bounds))
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        self.write(move |connection, tenant| append::remove_before(connection, tenant, time, at_most))
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        self.read(|connection, tenant| ask::usage(connection, tenant))
    }
}

/// What SQLite says, where nothing was done.
fn failed(error: rusqlite::Error) -> BackendError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            BackendError::Unreadable(error.to_string())
        }
        _ => BackendError::failed(error),
    }
}
