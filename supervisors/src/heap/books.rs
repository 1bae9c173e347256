//! The tables of all threads, and what they come to.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::table::Table;
use crate::atomic::Ordering;

/// All tables. They are made one for each thread that runs at the same time, and never go away: a thread that starts takes over
/// one of those that nobody writes to.
#[derive(Debug)]
pub(super) struct Books {
    newest: Mutex<Option<&'static Table>>,
    /// For threads that have no table of their own: while they get one, after they have given it back, and when there was
    /// no memory for it. All write to it, so by read-modify-write.
    shared: &'static Table,
}

impl Books {
    pub(super) const fn new(shared: &'static Table) -> Self {
        Self {
            newest: Mutex::new(None),
            shared,
        }
    }

    /// Nothing is allocated while it is held: it would be charged, and that may need it.
    fn lock(&self) -> MutexGuard<'_, Option<&'static Table>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> impl Iterator<Item = &'static Table> {
        let newest = *self.lock();
        std::iter::successors(newest, |table| table.next.get().copied())
    }

    /// A table to write to, until it is given back; `None` if there is no memory for a further one. It may allocate.
    pub(super) fn take_table(&self) -> Option<&'static Table> {
        if let Some(table) = self.tables().find(|table| table.take()) {
            return Some(table);
        }
        let mut place = Vec::new();
        place.try_reserve_exact(1).ok()?;
        place.push(Table::new(true));
        let [table] = Vec::leak(place) else {
            return None;
        };
        Some(self.add(table))
    }

    fn add(&self, table: &'static Table) -> &'static Table {
        let mut newest = self.lock();
        if let Some(before) = *newest {
            // It is new: nothing was set.
            OnceLock::set(&table.next, before).ok();
        }
        *newest = Some(table);
        table
    }

    /// Charges by way of the table that all share. It neither allocates nor waits.
    pub(super) fn charge_shared(&self, account: Option<u32>, bytes: i64) {
        self.shared.total().fetch_add(bytes, Ordering::Relaxed);
        if let Some(cell) = account.and_then(|account| self.shared.cell(account)) {
            cell.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Sees to it that this account can be charged without a table. Before it is.
    pub(super) fn make_room(&self, account: u32) -> Option<()> {
        self.shared.make_cell(account).map(|_| ())
    }

    /// Live bytes of an account.
    ///
    /// While others charge it, it is off by what they do meanwhile: a block that is allocated on one thread and freed on another
    /// may be seen on one side only. Of an account to which nothing is added any more, as seen by the caller, it is never too
    /// little: 0 says that nothing of it is left.
    pub(super) fn of(&self, account: u32) -> i64 {
        let own: i64 = self.tables().map(|table| table.of(account)).sum();
        own.wrapping_add(self.shared.of(account))
    }

    /// Live bytes of all accounts, as inexact as [`of`](Self::of) is.
    pub(super) fn total(&self) -> i64 {
        let total = |table: &Table| table.total().load(Ordering::Relaxed);
        let own: i64 = self.tables().map(total).sum();
        own.wrapping_add(total(self.shared))
    }
}
