//! The connections, and the threads on which they are used.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failed;
use crate::event_store::backend::BackendError;

/// How long a connection waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// One connection to write with, and one to read with, if the database can have two.
#[derive(Debug)]
pub(super) struct Link {
    writer: Mutex<Connection>,
    reader: Option<Mutex<Connection>>,
}

impl Link {
    pub(super) fn open(path: &Path) -> Result<Self, BackendError> {
        let told = |error: rusqlite::Error| match failed(error) {
            BackendError::Failed(error) => {
                BackendError::failed(format!("{}: {error}", path.display()))
            }
            BackendError::Unreadable(what) => {
                BackendError::Unreadable(format!("{}: {what}", path.display()))
            }
            other @ BackendError::Unknown(_) => other,
        };
        let writer = connect(path).map_err(told)?;
        let reader = connect(path).map_err(told)?;
        Ok(Self {
            writer: Mutex::new(writer),
            reader: Some(Mutex::new(reader)),
        })
    }

    pub(super) fn in_memory() -> Result<Self, BackendError> {
        let only = Connection::open_in_memory().map_err(failed)?;
        Ok(Self {
            writer: Mutex::new(only),
            reader: None,
        })
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        work(&mut lock(&self.writer))
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        work(&mut lock(self.reader.as_ref().unwrap_or(&self.writer)))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // A path is a path, whatever it looks like, and no URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A poisoned lock is taken all the same: a transaction that panics is rolled back as it is dropped.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something on a thread for what blocks. Dropped, it is done all the same.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, BackendError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime ends before the work has begun.
        Err(error) => Err(BackendError::failed(error)),
    }
}
