//! The tables.

use mainstay_specs::NamespaceName;
use tokio_postgres::Client;

use crate::event_store::backend::BackendError;

/// The version of the tables that this makes, and the only one it knows.
const VERSION: i64 = 1;

/// What several who make the tables at the same time take in turn: "mainstay".
const LOCK: i64 = 0x6d61_696e_7374_6179;

/// They may be in a database that holds other things too.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS mainstay_event_schema (version BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS mainstay_event_namespaces (
    key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last_id BIGINT NOT NULL DEFAULT 0,
    events BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS mainstay_events (
    namespace BIGINT NOT NULL REFERENCES mainstay_event_namespaces (key),
    id BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    wall_us BIGINT NOT NULL,
    monotonic_ns BIGINT,
    node TEXT,
    process TEXT,
    correlation_id TEXT,
    parent_id BIGINT,
    data TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (namespace, id)
);
CREATE INDEX IF NOT EXISTS mainstay_events_by_time ON mainstay_events (namespace, wall_us, id);
CREATE INDEX IF NOT EXISTS mainstay_events_by_type ON mainstay_events (namespace, event_type, id);
CREATE INDEX IF NOT EXISTS mainstay_events_by_correlation ON mainstay_events (namespace, correlation_id, id)
    WHERE correlation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS mainstay_events_by_parent ON mainstay_events (namespace, parent_id, id) WHERE parent_id IS NOT NULL;
INSERT INTO mainstay_event_schema (version) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM mainstay_event_schema);
";

/// A namespace, as the tables know it.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    pub(super) name: NamespaceName,
    pub(super) key: i64,
}

/// Makes what is missing. Where nothing is, nothing is made, so that a role may do without the right to.
pub(super) async fn prepare(
    client: &mut Client,
    namespace: &NamespaceName,
) -> Result<Tenant, BackendError> {
    let found = look(client, namespace).await;
    let (key, version) = match found.map_err(BackendError::failed)? {
        Some(found) => found,
        None => make(client, namespace)
            .await
            .map_err(BackendError::failed)?,
    };
    if version != VERSION {
        let message = format!("expected tables of version {VERSION}, found version {version}");
        return Err(BackendError::Unreadable(message));
    }
    Ok(Tenant {
        name: namespace.clone(),
        key,
    })
}

/// The key of the namespace and the version of the tables, if both are there.
async fn look(
    client: &Client,
    namespace: &NamespaceName,
) -> Result<Option<(i64, i64)>, tokio_postgres::Error> {
    let there = "SELECT to_regclass('mainstay_event_schema') IS NOT NULL";
    if !client.query_one(there, &[]).await?.try_get(0)? {
        return Ok(None);
    }
    let sql =
        "SELECT key, version FROM mainstay_event_namespaces, mainstay_event_schema WHERE name = $1";
    let found = client.query_opt(sql, &[&namespace.as_str()]).await?;
    let read = |row: tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    found.map(read).transpose()
}

async fn make(
    client: &mut Client,
    namespace: &NamespaceName,
) -> Result<(i64, i64), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.query_one(lock, &[&LOCK]).await?;
    transaction.batch_execute(TABLES).await?;
    let version = "SELECT version FROM mainstay_event_schema";
    let version = transaction.query_one(version, &[]).await?.try_get(0)?;
    let insert =
        "INSERT INTO mainstay_event_namespaces (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
    transaction.execute(insert, &[&namespace.as_str()]).await?;
    let key = "SELECT key FROM mainstay_event_namespaces WHERE name = $1";
    let key = transaction.query_one(key, &[&namespace.as_str()]).await?;
    let key = key.try_get(0)?;
    transaction.commit().await?;
    Ok((key, version))
}
