//! How a connection that was used is made as it was. All of it blocks.

use rusqlite::Connection;

use super::error::SqliteError;
use super::open::set_all;
use super::options::SqliteOptions;

/// Undoes what a borrower may have done to a connection in which no transaction is open.
///
/// Foreign keys are not checked meanwhile, so that temporary tables go in any order. A database that is attached by `setup` is attached
/// again by that.
pub(super) fn restore(connection: &Connection, options: &SqliteOptions) -> Result<(), SqliteError> {
    clear_away(connection)?;
    connection.busy_timeout(options.busy_timeout)?;
    set_all(connection, options)
}

fn clear_away(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA query_only = OFF; PRAGMA foreign_keys = OFF")?;
    for drop in all(connection, TEMPORARY)? {
        connection.execute_batch(&drop)?;
    }
    for detach in all(connection, ATTACHED)? {
        connection.execute_batch(&detach)?;
    }
    Ok(())
}

/// What drops all that is temporary, triggers before views before tables. Those of SQLite's own, such as of full-text indexes, go with
/// the table that they belong to, and so may be gone.
const TEMPORARY: &str = "SELECT 'DROP ' || type || ' IF EXISTS temp.\"' || replace(name, '\"', '\"\"') || '\"' FROM temp.sqlite_schema \
     WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'table', type = 'view'";

const ATTACHED: &str = "SELECT 'DETACH \"' || replace(name, '\"', '\"\"') || '\"' FROM pragma_database_list WHERE seq > 1";

fn all(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map([], |row| row.get(0))?;
    rows.collect()
}
