//! Storing and taking away.

use std::collections::BTreeSet;
use std::time::SystemTime;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};

use super::ask::{find, ledger};
use super::failed;
use super::schema::Tenant;
use crate::event_store::backend::{
    Appended, BackendError, EventGroup, Refused, StoreBounds, Usage,
};
use crate::event_store::columns::{COLUMNS, Columns, id, signed};
use crate::event_store::event::Event;
use crate::event_store::id::EventId;
use crate::event_store::numbering::number;
use crate::event_store::room::Newcomers;
use crate::event_store::time::bounded_micros;

pub(super) fn append(
    connection: &mut Connection,
    tenant: &Tenant,
    groups: &[EventGroup],
    bounds: StoreBounds,
) -> Result<Appended, BackendError> {
    let mut writing = Writing::begin(connection, tenant)?;
    let mut outcomes = Vec::with_capacity(groups.len());
    let mut passed_over = Vec::new();
    let at_most = StoreBounds::evicted_max(groups);
    for (nth, group) in groups.iter().enumerate() {
        let pass_over = |id| passed_over.push((nth, id));
        outcomes.push(writing.group(&group.events, (bounds, at_most), pass_over)?);
    }
    let evicted = writing.evict(bounds, at_most)?;
    let usage = writing.commit()?;
    Ok(Appended::new(outcomes, evicted, usage).passed_over(passed_over))
}

pub(super) fn remove_before(
    connection: &mut Connection,
    tenant: &Tenant,
    time: SystemTime,
    at_most: u32,
) -> Result<u64, BackendError> {
    let mut writing = Writing::begin(connection, tenant)?;
    let removed = writing.remove_before(time, at_most)?;
    writing.commit()?;
    Ok(removed)
}

/// `PRAGMA synchronous`: a commit waits for the disk.
const FULL: i64 = 2;

/// All events, those that are to go first first.
const LOWEST: &str = "SELECT id, bytes FROM mainstay_events WHERE namespace = ?1 ORDER BY id";

/// One transaction, with what the books of the namespace say in it.
struct Writing<'a> {
    transaction: Transaction<'a>,
    tenant: &'a Tenant,
    usage: Usage,
}

impl<'a> Writing<'a> {
    fn begin(connection: &'a mut Connection, tenant: &'a Tenant) -> Result<Self, BackendError> {
        // Others may borrow the connection too, or may have made it so that a commit does not wait for the disk.
        let synced: i64 = connection
            .pragma_query_value(None, "synchronous", |row| row.get(0))
            .map_err(failed)?;
        if synced < FULL {
            connection
                .pragma_update(None, "synchronous", FULL)
                .map_err(failed)?;
        }
        // With the right to write from the start: one that reads first may find that somebody else has written meanwhile.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let usage = ledger(&transaction, tenant)?;
        Ok(Self {
            transaction,
            tenant,
            usage,
        })
    }

    fn group(
        &mut self,
        group: &[Event],
        (bounds, at_most): (StoreBounds, u64),
        mut pass_over: impl FnMut(EventId),
    ) -> Result<Result<Vec<EventId>, Refused>, BackendError> {
        let there = match self.there(group)? {
            Ok(there) => there,
            Err(taken) => return Ok(Err(Refused::Taken(taken))),
        };
        let (ids, last) = number(group, self.usage.last_id);
        let (mut rows, mut new) = (Vec::new(), Newcomers::default());
        for (event, id) in group.iter().zip(&ids) {
            if !there.contains(id) {
                let row = Columns::of(event, *id);
                new.add(*id, row.bytes.unsigned_abs(), event.id.is_some());
                rows.push(row);
            }
        }
        if new.may_lack_room(self.usage, bounds)
            && let Some(id) = self.first_without_room(&new, bounds, at_most)?
        {
            return Ok(Err(Refused::NoRoom(id)));
        }
        self.usage = new.with(self.usage);
        self.usage.last_id = last;
        for row in &rows {
            self.insert(row).map_err(failed)?;
        }
        there.into_iter().for_each(&mut pass_over);
        Ok(Ok(ids))
    }

    /// Those of a group that are there already, or the first whose number is taken by another.
    fn there(&self, group: &[Event]) -> Result<Result<BTreeSet<EventId>, EventId>, BackendError> {
        let mut there = BTreeSet::new();
        for event in group {
            let Some(given) = event.id else { continue };
            match find(&self.transaction, self.tenant, given)? {
                Some(found) if !found.says_the_same(event) => return Ok(Err(given)),
                Some(_) => drop(there.insert(given)),
                None => {}
            }
        }
        Ok(Ok(there))
    }

    fn first_without_room(
        &self,
        new: &Newcomers,
        bounds: StoreBounds,
        at_most: u64,
    ) -> Result<Option<EventId>, BackendError> {
        let mut lowest = self.transaction.prepare_cached(LOWEST).map_err(failed)?;
        let rows = lowest.query_map(params![self.tenant.key], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        let there = rows.map_err(failed)?.map(|row| {
            let (number, bytes) = row.map_err(failed)?;
            let id = id(number).map_err(BackendError::Unreadable)?;
            Ok((id, bytes.unsigned_abs()))
        });
        new.first_without_room(there, self.usage, bounds, at_most)
    }

    fn insert(&self, row: &Columns) -> rusqlite::Result<()> {
        let sql = format!(
            "INSERT INTO mainstay_events (namespace, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        );
        let mut insert = self.transaction.prepare_cached(&sql)?;
        insert.execute(params![
            self.tenant.key,
            row.id,
            row.event_type,
            row.wall_us,
            row.monotonic_ns,
            row.node,
            row.process,
            row.correlation_id,
            row.parent_id,
            row.data,
            row.bytes,
        ])?;
        Ok(())
    }

    /// Takes away those with the lowest numbers until the bounds are kept.
    fn evict(&mut self, bounds: StoreBounds, at_most: u64) -> Result<u64, BackendError> {
        if !bounds.are_broken_by(self.usage.events, self.usage.bytes) {
            return Ok(0);
        }
        let before = self.usage.events;
        let mut last = 0_i64;
        {
            let mut lowest = self.transaction.prepare_cached(LOWEST).map_err(failed)?;
            let mut rows = lowest.query(params![self.tenant.key]).map_err(failed)?;
            while before - self.usage.events < at_most
                && bounds.are_broken_by(self.usage.events, self.usage.bytes)
            {
                let Some(row) = rows.next().map_err(failed)? else {
                    break;
                };
                last = row.get(0).map_err(failed)?;
                let bytes: i64 = row.get(1).map_err(failed)?;
                self.usage = without(self.usage, bytes);
            }
        }
        let sql = "DELETE FROM mainstay_events WHERE namespace = ?1 AND id <= ?2";
        self.transaction
            .execute(sql, params![self.tenant.key, last])
            .map_err(failed)?;
        Ok(before - self.usage.events)
    }

    fn remove_before(&mut self, time: SystemTime, at_most: u32) -> Result<u64, BackendError> {
        let old = self.older_than(time, at_most).map_err(failed)?;
        let sql = "DELETE FROM mainstay_events WHERE namespace = ?1 AND id = ?2";
        let mut delete = self.transaction.prepare_cached(sql).map_err(failed)?;
        for (number, bytes) in &old {
            id(*number).map_err(BackendError::Unreadable)?;
            delete
                .execute(params![self.tenant.key, number])
                .map_err(failed)?;
            self.usage = without(self.usage, *bytes);
        }
        Ok(old.len() as u64)
    }

    fn older_than(&self, time: SystemTime, at_most: u32) -> rusqlite::Result<Vec<(i64, i64)>> {
        let sql = "SELECT id, bytes FROM mainstay_events WHERE namespace = ?1 AND wall_us < ?2 ORDER BY wall_us, id LIMIT ?3";
        let mut select = self.transaction.prepare_cached(sql)?;
        let time = signed(bounded_micros(time));
        let rows = select.query_map(params![self.tenant.key, time, at_most], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        rows.collect()
    }

    fn commit(self) -> Result<Usage, BackendError> {
        let Usage {
            events,
            bytes,
            last_id,
            ..
        } = self.usage;
        let sql = "UPDATE mainstay_event_namespaces SET last_id = ?2, events = ?3, bytes = ?4 WHERE key = ?1";
        let values = params![
            self.tenant.key,
            signed(last_id),
            signed(events),
            signed(bytes)
        ];
        self.transaction.execute(sql, values).map_err(failed)?;
        self.transaction.commit().map_err(at_commit)?;
        Ok(self.usage)
    }
}

const fn without(usage: Usage, bytes: i64) -> Usage {
    Usage::new(
        usage.events.saturating_sub(1),
        usage.bytes.saturating_sub(bytes.unsigned_abs()),
        usage.last_id,
    )
}

/// A disk that fails during a commit, or is full, may have taken it.
fn at_commit(error: rusqlite::Error) -> BackendError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => failed(error),
        _ => BackendError::unknown(error),
    }
}
