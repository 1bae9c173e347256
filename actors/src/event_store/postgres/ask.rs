//! Questions.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, GenericClient, Row};

use super::schema::Tenant;
use crate::event_store::backend::{BackendError, Usage};
use crate::event_store::columns::{COLUMNS, Columns, SqlValue, question, signed};
use crate::event_store::event::Event;
use crate::event_store::id::EventId;
use crate::event_store::query::{EventPage, EventQuery, PageBounds, Pager, Turn};

/// The event of this number.
pub(super) async fn find(
    client: &impl GenericClient,
    tenant: &Tenant,
    id: EventId,
) -> Result<Option<Event>, BackendError> {
    let sql = format!("SELECT {COLUMNS} FROM mainstay_events WHERE namespace = $1 AND id = $2");
    let id = signed(id.get());
    let found = client.query_opt(&sql, &[&tenant.key, &id]).await;
    let found = found.map_err(BackendError::failed)?;
    let found = found.map(|row| columns(&row)?.event(&tenant.name));
    found.transpose()
}

/// The events of these numbers, as far as they are there.
pub(super) async fn find_all(
    client: &impl GenericClient,
    tenant: &Tenant,
    ids: &[EventId],
) -> Result<BTreeMap<EventId, Event>, BackendError> {
    let sql =
        format!("SELECT {COLUMNS} FROM mainstay_events WHERE namespace = $1 AND id = ANY($2)");
    let ids: Vec<i64> = ids.iter().map(|id| signed(id.get())).collect();
    let found = client.query(&sql, &[&tenant.key, &ids]).await;
    let mut events = BTreeMap::new();
    for row in found.map_err(BackendError::failed)? {
        let event = columns(&row)?.event(&tenant.name)?;
        events.extend(event.id.map(|id| (id, event)));
    }
    Ok(events)
}

pub(super) async fn query(
    client: &mut Client,
    tenant: &Tenant,
    query: &EventQuery,
    bounds: PageBounds,
) -> Result<EventPage, BackendError> {
    let asked = question(query, tenant.key, bounds, '$');
    let skip = if asked.is_paged { 0 } else { query.offset };
    let mut pager = Pager::new(skip, bounds);
    let values = asked.values.iter().map(|value| -> &(dyn ToSql + Sync) {
        match value {
            SqlValue::Number(number) => number,
            SqlValue::Text(text) => text,
        }
    });
    if !asked.is_paged {
        let values: Vec<&(dyn ToSql + Sync)> = values.collect();
        return in_parts(client, tenant, query, (&asked.sql, &values), pager).await;
    }
    // Row by row, so that no more is held than the answer.
    let rows = client.query_raw(&asked.sql, values).await;
    let mut rows = std::pin::pin!(rows.map_err(BackendError::failed)?);
    while let Some(row) = rows.try_next().await.map_err(BackendError::failed)? {
        if take(&row, tenant, query, &mut pager)? == Turn::Done {
            break;
        }
    }
    Ok(pager.page())
}

/// How many rows are fetched at a time where nobody knows how many it takes.
const PART: i32 = 64;

/// Where the data have to be looked at: the server sends a part when the one before it was not enough, and nothing after that.
async fn in_parts(
    client: &mut Client,
    tenant: &Tenant,
    query: &EventQuery,
    (sql, values): (&str, &[&(dyn ToSql + Sync)]),
    mut pager: Pager,
) -> Result<EventPage, BackendError> {
    let transaction = client.build_transaction().read_only(true).start().await;
    let transaction = transaction.map_err(BackendError::failed)?;
    let portal = transaction.bind(sql, values).await;
    let portal = portal.map_err(BackendError::failed)?;
    'parts: loop {
        let rows = transaction.query_portal(&portal, PART).await;
        let rows = rows.map_err(BackendError::failed)?;
        for row in &rows {
            if take(row, tenant, query, &mut pager)? == Turn::Done {
                break 'parts;
            }
        }
        if rows.len() < PART as usize {
            break;
        }
    }
    transaction.rollback().await.map_err(BackendError::failed)?;
    Ok(pager.page())
}

/// Takes what fits.
fn take(
    row: &Row,
    tenant: &Tenant,
    query: &EventQuery,
    pager: &mut Pager,
) -> Result<Turn, BackendError> {
    let columns = columns(row)?;
    let bytes = columns.bytes.unsigned_abs();
    let event = columns.event(&tenant.name)?;
    if !query.matches_data(&event.data) {
        return Ok(Turn::More);
    }
    Ok(pager.take(|| event, bytes))
}

/// What the books of the namespace say; with `FOR UPDATE`, held until the end of the transaction.
pub(super) async fn ledger(
    client: &impl GenericClient,
    tenant: &Tenant,
    lock: &str,
) -> Result<Usage, BackendError> {
    let sql = format!(
        "SELECT events, bytes, last_id FROM mainstay_event_namespaces WHERE key = $1 {lock}"
    );
    let row = client.query_one(&sql, &[&tenant.key]).await;
    let row = row.map_err(BackendError::failed)?;
    let read = |column: usize| row.try_get(column).map(i64::unsigned_abs);
    let read = || Ok::<_, tokio_postgres::Error>(Usage::new(read(0)?, read(1)?, read(2)?));
    read().map_err(unreadable)
}

/// In the order of [`COLUMNS`].
pub(super) fn columns(row: &Row) -> Result<Columns, BackendError> {
    let read = || {
        Ok::<_, tokio_postgres::Error>(Columns {
            id: row.try_get(0)?,
            event_type: row.try_get(1)?,
            wall_us: row.try_get(2)?,
            monotonic_ns: row.try_get(3)?,
            node: row.try_get(4)?,
            process: row.try_get(5)?,
            correlation_id: row.try_get(6)?,
            parent_id: row.try_get(7)?,
            data: row.try_get(8)?,
            bytes: row.try_get(9)?,
        })
    };
    read().map_err(unreadable)
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
fn unreadable(error: tokio_postgres::Error) -> BackendError {
    BackendError::Unreadable(error.to_string())
}
