//! The tables.

use mainstay_specs::NamespaceName;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::failed;
use crate::event_store::backend::BackendError;

/// The version of the tables that this makes, and the only one it knows.
const VERSION: i64 = 1;

/// They may be in a database that holds other things too.
const TABLES: &str = "
CREATE TABLE mainstay_event_schema (version INTEGER NOT NULL);
CREATE TABLE mainstay_event_namespaces (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last_id INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE mainstay_events (
    namespace INTEGER NOT NULL REFERENCES mainstay_event_namespaces (key),
    id INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    wall_us INTEGER NOT NULL,
    monotonic_ns INTEGER,
    node TEXT,
    process TEXT,
    correlation_id TEXT,
    parent_id INTEGER,
    data TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
);
CREATE INDEX mainstay_events_by_time ON mainstay_events (namespace, wall_us, id);
CREATE INDEX mainstay_events_by_type ON mainstay_events (namespace, event_type, id);
CREATE INDEX mainstay_events_by_correlation ON mainstay_events (namespace, correlation_id, id) WHERE correlation_id IS NOT NULL;
CREATE INDEX mainstay_events_by_parent ON mainstay_events (namespace, parent_id, id) WHERE parent_id IS NOT NULL;
";

/// A namespace, as the tables know it.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    pub(super) name: NamespaceName,
    pub(super) key: i64,
}

/// Makes what is missing. Where nothing is, nothing is written, so that nobody has to wait for it.
pub(super) fn prepare(
    connection: &mut Connection,
    namespace: &NamespaceName,
) -> Result<Tenant, BackendError> {
    let key = match version(connection).map_err(failed)? {
        Some(VERSION) => found(connection, namespace).map_err(failed)?,
        Some(other) => return Err(other_version(other)),
        None => None,
    };
    let key = match key {
        Some(key) => key,
        None => make(connection, namespace)?,
    };
    Ok(Tenant {
        name: namespace.clone(),
        key,
    })
}

fn other_version(found: i64) -> BackendError {
    let message = format!("expected tables of version {VERSION}, found version {found}");
    BackendError::Unreadable(message)
}

fn make(connection: &mut Connection, namespace: &NamespaceName) -> Result<i64, BackendError> {
    // Others may be at it, so that what is there is looked at with the right to change it.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match version(&transaction).map_err(failed)? {
        None => transaction.execute_batch(TABLES).map_err(failed)?,
        Some(VERSION) => {}
        Some(other) => return Err(other_version(other)),
    }
    let key = tenant(&transaction, namespace).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(key)
}

fn version(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let there = connection
        .query_row(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'mainstay_event_schema'",
            [],
            |_| Ok(()),
        )
        .optional()?;
    if there.is_none() {
        return Ok(None);
    }
    connection
        .query_row("SELECT version FROM mainstay_event_schema", [], |row| {
            row.get(0)
        })
        .optional()
}

fn tenant(connection: &Connection, namespace: &NamespaceName) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO mainstay_event_schema (version) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM mainstay_event_schema)",
        params![VERSION],
    )?;
    connection.execute(
        "INSERT INTO mainstay_event_namespaces (name) VALUES (?1) ON CONFLICT (name) DO NOTHING",
        params![namespace.as_str()],
    )?;
    let key = found(connection, namespace)?;
    key.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The key of a namespace, if it has one.
fn found(connection: &Connection, namespace: &NamespaceName) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT key FROM mainstay_event_namespaces WHERE name = ?1";
    let key = connection.query_row(sql, params![namespace.as_str()], |row| row.get(0));
    key.optional()
}
