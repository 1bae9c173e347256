//! The write-ahead log, which SQLite itself shortens only at a moment at which nobody reads.

use std::time::Duration;

use rusqlite::Connection;

use super::failed;
use crate::event_store::backend::BackendError;

/// From how many pages on the log is cut: 16 MiB of pages of 4 KiB, four times as many as SQLite copies back by itself.
const PAGES_MAX: i64 = 4096;

/// How long whoever reads is waited for, of this process and then of others, while nobody can store.
pub(super) const WAIT: Duration = Duration::from_millis(100);

/// Copies back what can be without waiting for anybody, and says whether the log is too long all the same.
pub(super) fn is_long(connection: &Connection) -> Result<bool, BackendError> {
    let pages: i64 = connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
        .map_err(failed)?;
    // -1 where there is none.
    Ok(pages > PAGES_MAX)
}

/// Copies back all and cuts the log, if nobody else is at it for longer than the [wait](WAIT): SQLite itself would wait as long as for
/// anything else, and let nobody write meanwhile.
pub(super) fn cut(connection: &Connection) -> Result<(), BackendError> {
    let usual: i64 = connection
        .pragma_query_value(None, "busy_timeout", |row| row.get(0))
        .map_err(failed)?;
    connection.busy_timeout(WAIT).map_err(failed)?;
    let cut = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let usual = Duration::from_millis(usual.unsigned_abs());
    connection.busy_timeout(usual).map_err(failed)?;
    cut.map_err(failed)
}
