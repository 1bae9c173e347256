//! How a connection is opened. All of it blocks.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_specs::SqliteSync;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::SqliteError;
use super::options::{SqliteAccess, SqliteLocation, SqliteOptions};

/// How long to wait before the journal is tried again: SQLite itself does not wait there.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection that nobody uses, so that a database in memory stays.
pub(super) struct Anchor {
    name: String,
    _connection: Connection,
}

/// Sees to it that a database in memory stays for as long as the anchor does.
pub(super) fn keep(
    anchor: &Mutex<Option<Anchor>>,
    options: &SqliteOptions,
) -> Result<(), SqliteError> {
    let SqliteLocation::Memory(name) = &options.location else {
        return Ok(());
    };
    let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
    if anchor.as_ref().is_none_or(|kept| kept.name != *name) {
        *anchor = Some(Anchor {
            name: name.clone(),
            _connection: connect(options)?,
        });
    }
    Ok(())
}

/// Opens a connection, with all its settings.
pub(super) fn open(options: &SqliteOptions) -> Result<Connection, SqliteError> {
    let connection = connect(options)?;
    let in_file = matches!(options.location, SqliteLocation::File(_));
    if options.wal && in_file && options.access != SqliteAccess::ReadOnly {
        use_wal(&connection, options)?;
    }
    set_all(&connection, options)?;
    Ok(connection)
}

/// Makes all settings that a connection has for itself.
pub(super) fn set_all(connection: &Connection, options: &SqliteOptions) -> Result<(), SqliteError> {
    let set = |sql: &str| {
        connection
            .execute_batch(sql)
            .map_err(|source| SqliteError::Setting {
                location: options.location.to_string(),
                setting: sql.to_owned(),
                source,
            })
    };
    set(match options.synchronous {
        SqliteSync::Normal => "PRAGMA synchronous = NORMAL",
        // What else there may be one day is not less than this.
        _ => "PRAGMA synchronous = FULL",
    })?;
    set(if options.foreign_keys {
        "PRAGMA foreign_keys = ON"
    } else {
        "PRAGMA foreign_keys = OFF"
    })?;
    match options.setup.as_str() {
        "" => Ok(()),
        setup => set(setup),
    }
}

fn connect(options: &SqliteOptions) -> Result<Connection, SqliteError> {
    let opened = match &options.location {
        SqliteLocation::File(path) => Connection::open_with_flags(path, flags(options.access)),
        SqliteLocation::Memory(name) => Connection::open_with_flags(
            // With a slash before its name it is shared; unlike with a shared cache, locks are waited for.
            format!("file:/{name}?vfs=memdb"),
            flags(SqliteAccess::Create) | OpenFlags::SQLITE_OPEN_URI,
        ),
    };
    let ready = opened.and_then(|connection| {
        connection.busy_timeout(options.busy_timeout)?;
        // Opening alone does not look into the file.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    });
    ready.map_err(|source| SqliteError::Open {
        location: options.location.to_string(),
        source,
    })
}

/// A connection is used by one thread at a time, so it needs no lock of its own.
fn flags(access: SqliteAccess) -> OpenFlags {
    let access = match access {
        SqliteAccess::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        SqliteAccess::Existing => OpenFlags::SQLITE_OPEN_READ_WRITE,
        SqliteAccess::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Turns the write-ahead log on. While others do the same, or use the file in another mode, it is locked, and SQLite does not wait.
fn use_wal(connection: &Connection, options: &SqliteOptions) -> Result<(), SqliteError> {
    let began = Instant::now();
    let location = || options.location.to_string();
    loop {
        let found = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match found {
            Ok(found) if found == "wal" => return Ok(()),
            Ok(found) => {
                let location = location();
                return Err(SqliteError::Journal { location, found });
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                let waited = began.elapsed();
                if waited >= options.busy_timeout {
                    let location = location();
                    return Err(SqliteError::Locked { location, waited });
                }
                thread::sleep(PAUSE);
            }
            Err(source) => {
                return Err(SqliteError::Setting {
                    location: location(),
                    setting: "PRAGMA journal_mode = WAL".to_owned(),
                    source,
                });
            }
        }
    }
}
