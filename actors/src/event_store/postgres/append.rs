//! Storing and taking away.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row, Transaction};

use super::ask::{find_all, ledger};
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

pub(super) async fn append(
    client: &mut Client,
    tenant: &Tenant,
    groups: &[EventGroup],
    bounds: StoreBounds,
    limit: Duration,
    is_committing: &AtomicBool,
) -> Result<Appended, BackendError> {
    let mut writing = Writing::begin(client, tenant, limit).await?;
    let at_most = StoreBounds::evicted_max(groups);
    writing.look_up(groups, bounds, at_most).await?;
    let mut outcomes = Vec::with_capacity(groups.len());
    let mut passed_over = Vec::new();
    for (nth, group) in groups.iter().enumerate() {
        let pass_over = |id| passed_over.push((nth, id));
        outcomes.push(writing.group(&group.events, (bounds, at_most), pass_over));
    }
    writing.insert().await?;
    let evicted = writing.evict(bounds, at_most).await?;
    is_committing.store(true, Ordering::Relaxed);
    let usage = writing.commit().await?;
    Ok(Appended::new(outcomes, evicted, usage).passed_over(passed_over))
}

pub(super) async fn remove_before(
    client: &mut Client,
    tenant: &Tenant,
    time: SystemTime,
    at_most: u32,
    limit: Duration,
) -> Result<u64, BackendError> {
    let mut writing = Writing::begin(client, tenant, limit).await?;
    let removed = writing.remove_before(time, at_most).await?;
    writing.commit().await?;
    Ok(removed)
}

/// What holds for one transaction: the server gives up when nobody waits for it any more, also when it does not learn that the client is
/// gone, so that others who write for the namespace do not wait for that; and a commit waits for the disk, whatever the session says.
fn settings(limit: Duration) -> String {
    let ms = limit.as_millis().max(1);
    format!(
        "SET LOCAL statement_timeout = {ms}; \
         SET LOCAL idle_in_transaction_session_timeout = {ms}; \
         SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// What a number that the store makes adds to an event as JSON, at most.
const NUMBER_BYTES: u64 = 32;

/// One transaction, with what the books of the namespace say in it, and what is to be there at its end.
struct Writing<'a> {
    transaction: Transaction<'a>,
    tenant: &'a Tenant,
    usage: Usage,
    /// What is there of the numbers that callers have given.
    there: BTreeMap<EventId, Event>,
    /// What is not inserted yet.
    new: BTreeMap<EventId, (Event, Columns)>,
    /// The lowest numbers, with their bytes, as far as it matters who would have to go; with those that are not inserted yet.
    lowest: BTreeMap<EventId, u64>,
}

impl<'a> Writing<'a> {
    /// Others who write for this namespace wait for the end of this.
    async fn begin(
        client: &'a mut Client,
        tenant: &'a Tenant,
        limit: Duration,
    ) -> Result<Self, BackendError> {
        // As whoever waits for the row is to see what the one before has written, whatever the role usually does.
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .read_only(false)
            .start();
        let transaction = transaction.await.map_err(BackendError::failed)?;
        let settings = transaction.batch_execute(&settings(limit)).await;
        settings.map_err(BackendError::failed)?;
        let usage = ledger(&transaction, tenant, "FOR UPDATE").await?;
        Ok(Self {
            transaction,
            tenant,
            usage,
            there: BTreeMap::new(),
            new: BTreeMap::new(),
            lowest: BTreeMap::new(),
        })
    }

    /// Looks for all that callers have given numbers for, in one way to the server and back; and, where one of those may have no room, for
    /// those that may have to go.
    async fn look_up(
        &mut self,
        groups: &[EventGroup],
        bounds: StoreBounds,
        at_most: u64,
    ) -> Result<(), BackendError> {
        let events = || groups.iter().flat_map(|group| &group.events);
        let given: Vec<EventId> = events().filter_map(Event::id).collect();
        if given.is_empty() {
            return Ok(());
        }
        self.there = find_all(&self.transaction, self.tenant, &given).await?;
        let (count, bytes) = events().fold((self.usage.events, self.usage.bytes), |sum, event| {
            (sum.0 + 1, sum.1 + event.serialized_size() + NUMBER_BYTES)
        });
        if bounds.are_broken_by(count, bytes) {
            self.lowest = self.lowest(0, at_most).await?;
        }
        Ok(())
    }

    /// The lowest numbers above this, with their bytes.
    async fn lowest(&self, above: i64, count: u64) -> Result<BTreeMap<EventId, u64>, BackendError> {
        let sql = "SELECT id, bytes FROM mainstay_events WHERE namespace = $1 AND id > $2 ORDER BY id LIMIT $3";
        let values: [&(dyn ToSql + Sync); 3] = [&self.tenant.key, &above, &signed(count)];
        let rows = self.transaction.query(sql, &values).await;
        let read = |row: Row| {
            let number = row.try_get(0).map_err(BackendError::failed)?;
            let bytes: i64 = row.try_get(1).map_err(BackendError::failed)?;
            let id = id(number).map_err(BackendError::Unreadable)?;
            Ok((id, bytes.unsigned_abs()))
        };
        let rows = rows.map_err(BackendError::failed)?;
        rows.into_iter().map(read).collect()
    }

    fn group(
        &mut self,
        group: &[Event],
        (bounds, at_most): (StoreBounds, u64),
        pass_over: impl FnMut(EventId),
    ) -> Result<Vec<EventId>, Refused> {
        let there = self.those_there(group).map_err(Refused::Taken)?;
        let (ids, last) = number(group, self.usage.last_id);
        let (mut rows, mut new) = (Vec::new(), Newcomers::default());
        for (event, id) in group.iter().zip(&ids) {
            if !there.contains(id) {
                let row = Columns::of(event, *id);
                new.add(*id, row.bytes.unsigned_abs(), event.id.is_some());
                rows.push((*id, (event.clone().with_id(*id), row)));
            }
        }
        let lowest = self.lowest.iter().map(|(id, bytes)| Ok((*id, *bytes)));
        let lowest = new.first_without_room(lowest, self.usage, bounds, at_most);
        let Ok::<_, Infallible>(lowest) = lowest;
        if let Some(id) = lowest {
            return Err(Refused::NoRoom(id));
        }
        self.usage = new.with(self.usage);
        self.usage.last_id = last;
        let low = rows
            .iter()
            .map(|(id, (_, row))| (*id, row.bytes.unsigned_abs()));
        self.lowest.extend(low);
        self.new.extend(rows);
        there.into_iter().for_each(pass_over);
        Ok(ids)
    }

    /// Those of a group that are there already, or the first whose number is taken by another.
    fn those_there(&self, group: &[Event]) -> Result<BTreeSet<EventId>, EventId> {
        let mut those = BTreeSet::new();
        for event in group {
            let Some(given) = event.id else { continue };
            let new = self.new.get(&given).map(|(event, _)| event);
            match new.or_else(|| self.there.get(&given)) {
                Some(found) if !found.says_the_same(event) => return Err(given),
                Some(_) => drop(those.insert(given)),
                None => {}
            }
        }
        Ok(those)
    }

    /// All at once, as each statement is a way to the server and back.
    async fn insert(&mut self) -> Result<(), BackendError> {
        let new = std::mem::take(&mut self.new);
        if new.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::default();
        for (_, row) in new.into_values() {
            rows.push(row);
        }
        let sql = format!(
            "INSERT INTO mainstay_events (namespace, {COLUMNS}) SELECT $1, * FROM UNNEST($2::bigint[], $3::text[], $4::bigint[], \
             $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::bigint[])"
        );
        let inserted = self
            .transaction
            .execute(
                &sql,
                &[
                    &self.tenant.key,
                    &rows.id,
                    &rows.event_type,
                    &rows.wall_us,
                    &rows.monotonic_ns,
                    &rows.node,
                    &rows.process,
                    &rows.correlation_id,
                    &rows.parent_id,
                    &rows.data,
                    &rows.bytes,
                ],
            )
            .await;
        inserted.map(drop).map_err(BackendError::failed)
    }

    /// Takes away those with the lowest numbers until the bounds are kept.
    async fn evict(&mut self, bounds: StoreBounds, at_most: u64) -> Result<u64, BackendError> {
        let (before, mut last) = (self.usage.events, 0_i64);
        while self.is_to_go(bounds, before, at_most) {
            let lowest = self.lowest(last, 1000).await?;
            if lowest.is_empty() {
                break;
            }
            for (id, bytes) in lowest {
                if !self.is_to_go(bounds, before, at_most) {
                    break;
                }
                last = signed(id.get());
                self.subtract(bytes);
            }
        }
        if self.usage.events < before {
            let sql = "DELETE FROM mainstay_events WHERE namespace = $1 AND id <= $2";
            let deleted = self
                .transaction
                .execute(sql, &[&self.tenant.key, &last])
                .await;
            deleted.map_err(BackendError::failed)?;
        }
        Ok(before - self.usage.events)
    }

    async fn remove_before(&mut self, time: SystemTime, at_most: u32) -> Result<u64, BackendError> {
        let sql = "DELETE FROM mainstay_events WHERE namespace = $1 AND id IN (SELECT id FROM mainstay_events \
                   WHERE namespace = $1 AND wall_us < $2 ORDER BY wall_us, id LIMIT $3) RETURNING bytes";
        let (time, at_most) = (signed(bounded_micros(time)), i64::from(at_most));
        let gone = self
            .transaction
            .query(sql, &[&self.tenant.key, &time, &at_most])
            .await;
        let gone = gone.map_err(BackendError::failed)?;
        for row in &gone {
            let bytes: i64 = row.try_get(0).map_err(BackendError::failed)?;
            self.subtract(bytes.unsigned_abs());
        }
        Ok(gone.len() as u64)
    }

    /// Whether one more has to go, of so many that there were.
    const fn is_to_go(&self, bounds: StoreBounds, before: u64, at_most: u64) -> bool {
        let Usage { events, bytes, .. } = self.usage;
        before - events < at_most && bounds.are_broken_by(events, bytes)
    }

    fn subtract(&mut self, bytes: u64) {
        self.usage.events = self.usage.events.saturating_sub(1);
        self.usage.bytes = self.usage.bytes.saturating_sub(bytes);
    }

    async fn commit(self) -> Result<Usage, BackendError> {
        let sql = "UPDATE mainstay_event_namespaces SET last_id = $2, events = $3, bytes = $4 WHERE key = $1";
        let (last, events) = (signed(self.usage.last_id), signed(self.usage.events));
        let bytes = signed(self.usage.bytes);
        let updated = self
            .transaction
            .execute(sql, &[&self.tenant.key, &last, &events, &bytes])
            .await;
        updated.map_err(BackendError::failed)?;
        self.transaction.commit().await.map_err(at_commit)?;
        Ok(self.usage)
    }
}

/// A server that says no has not committed; one that says nothing, or that it ends the session, may have.
fn at_commit(error: tokio_postgres::Error) -> BackendError {
    let said = error.as_db_error().and_then(DbError::parsed_severity);
    if said == Some(Severity::Error) {
        BackendError::failed(error)
    } else {
        BackendError::unknown(error)
    }
}

/// Events, column by column.
#[derive(Default)]
struct Rows {
    id: Vec<i64>,
    event_type: Vec<String>,
    wall_us: Vec<i64>,
    monotonic_ns: Vec<Option<i64>>,
    node: Vec<Option<String>>,
    process: Vec<Option<String>>,
    correlation_id: Vec<Option<String>>,
    parent_id: Vec<Option<i64>>,
    data: Vec<String>,
    bytes: Vec<i64>,
}

impl Rows {
    fn push(&mut self, row: Columns) {
        self.id.push(row.id);
        self.event_type.push(row.event_type);
        self.wall_us.push(row.wall_us);
        self.monotonic_ns.push(row.monotonic_ns);
        self.node.push(row.node);
        self.process.push(row.process);
        self.correlation_id.push(row.correlation_id);
        self.parent_id.push(row.parent_id);
        self.data.push(row.data);
        self.bytes.push(row.bytes);
    }
}
