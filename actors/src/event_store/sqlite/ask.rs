//! Questions.

use mainstay_specs::NamespaceName;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use super::failed;
use super::schema::Tenant;
use crate::event_store::backend::{BackendError, Usage};
use crate::event_store::columns::{COLUMNS, Columns, Question, SqlValue, question, signed};
use crate::event_store::event::Event;
use crate::event_store::id::EventId;
use crate::event_store::query::{EventPage, EventQuery, PageBounds, Pager, Turn};

/// The event of this number.
pub(super) fn find(
    connection: &Connection,
    tenant: &Tenant,
    id: EventId,
) -> Result<Option<Event>, BackendError> {
    let sql = format!("SELECT {COLUMNS} FROM mainstay_events WHERE namespace = ?1 AND id = ?2");
    let mut select = connection.prepare_cached(&sql).map_err(failed)?;
    let found = select.query_row(params![tenant.key, signed(id.get())], columns);
    let found = found.optional().map_err(failed)?;
    found.map(|columns| columns.event(&tenant.name)).transpose()
}

pub(super) fn query(
    connection: &Connection,
    tenant: &Tenant,
    query: &EventQuery,
    bounds: PageBounds,
) -> Result<EventPage, BackendError> {
    let asked = question(query, tenant.key, bounds, '?');
    let skip = if asked.is_paged { 0 } else { query.offset };
    let mut pager = Pager::new(skip, bounds);
    walk(connection, &asked, &tenant.name, |event, bytes| {
        if query.matches_data(&event.data) {
            pager.take(|| event, bytes)
        } else {
            Turn::More
        }
    })?;
    Ok(pager.page())
}

fn walk(
    connection: &Connection,
    asked: &Question,
    namespace: &NamespaceName,
    mut take: impl FnMut(Event, u64) -> Turn,
) -> Result<(), BackendError> {
    let mut select = connection.prepare_cached(&asked.sql).map_err(failed)?;
    let mut rows = select
        .query(params_from_iter(&asked.values))
        .map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let columns = columns(row).map_err(failed)?;
        let bytes = columns.bytes.unsigned_abs();
        if take(columns.event(namespace)?, bytes) == Turn::Done {
            break;
        }
    }
    Ok(())
}

/// What the books of the namespace say.
pub(super) fn ledger(connection: &Connection, tenant: &Tenant) -> Result<Usage, BackendError> {
    let sql = "SELECT events, bytes, last_id FROM mainstay_event_namespaces WHERE key = ?1";
    let mut select = connection.prepare_cached(sql).map_err(failed)?;
    let read = |row: &Row<'_>, column| row.get(column).map(i64::unsigned_abs);
    let found = select.query_row(params![tenant.key], |row| {
        Ok(Usage::new(read(row, 0)?, read(row, 1)?, read(row, 2)?))
    });
    found.map_err(failed)
}

/// In the order of [`COLUMNS`].
fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok(Columns {
        id: row.get(0)?,
        event_type: row.get(1)?,
        wall_us: row.get(2)?,
        monotonic_ns: row.get(3)?,
        node: row.get(4)?,
        process: row.get(5)?,
        correlation_id: row.get(6)?,
        parent_id: row.get(7)?,
        data: row.get(8)?,
        bytes: row.get(9)?,
    })
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}
