//! Charging, on the way of every allocation: which account is charged here, and on whose table.
//!
//! There is one allocator in a program, and so what it is charged to hangs off no runtime: these are the only accounts there are.

use std::cell::Cell;

use super::books::Books;
use super::table::{Table, add};
use crate::atomic::{AtomicI64, Ordering};

/// The account of all that is allocated outside of processes.
pub(crate) const OUTSIDE: u32 = 0;

static SHARED: Table = Table::new(true);
pub(super) static BOOKS: Books = Books::new(&SHARED);

/// What a thread charges, and where. Without a destructor, so that a look at it is a plain access, also while the thread ends.
struct Local {
    account: Cell<u32>,
    /// The cell of that account; `None` if it is not known yet, or there is no table.
    cell: Cell<Option<&'static AtomicI64>>,
    table: Cell<Option<&'static Table>>,
    /// A table or a cell is being made, for which memory is allocated.
    making: Cell<bool>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            account: Cell::new(OUTSIDE),
            cell: Cell::new(None),
            table: Cell::new(None),
            making: Cell::new(false),
        }
    };
    /// Gives the table back when the thread ends.
    static LEASE: Lease = const { Lease(Cell::new(None)) };
}

struct Lease(Cell<Option<&'static Table>>);

impl Drop for Lease {
    fn drop(&mut self) {
        // What is charged from here on goes to the table that all share.
        LOCAL.with(|local| {
            local.cell.set(None);
            local.table.set(None);
        });
        if let Some(table) = self.0.take() {
            table.give_back();
        }
    }
}

/// Counts bytes that were allocated, and says to whom they are charged. Never panics.
#[inline]
pub(super) fn charge(bytes: usize) -> u32 {
    LOCAL.with(|local| {
        let account = local.account.get();
        local.note(local.cell.get(), account, bytes.cast_signed() as i64);
        account
    })
}

/// Counts bytes that were freed, and were charged to this account. Never panics.
#[inline]
pub(super) fn discharge(account: u32, bytes: usize) {
    LOCAL.with(|local| {
        let cell = if account == local.account.get() {
            local.cell.get()
        } else {
            local.table.get().and_then(|table| table.cell(account))
        };
        local.note(cell, account, -(bytes.cast_signed() as i64));
    });
}

/// Counts bytes without an account. Never panics.
#[inline]
pub(super) fn count(bytes: isize) {
    LOCAL.with(|local| match local.table.get() {
        Some(table) => add(table.total(), bytes as i64),
        None => count_slowly(bytes as i64),
    });
}

#[cold]
fn count_slowly(bytes: i64) {
    match LOCAL.with(Local::own_table) {
        Some(table) => add(table.total(), bytes),
        None => BOOKS.charge_shared(None, bytes),
    }
}

/// What this thread has counted, and what it has charged to the present account; `None` if it has no table.
pub(super) fn seen_here() -> Option<(i64, i64)> {
    LOCAL.with(|local| {
        let table = local.table.get()?;
        let total = table.total().load(Ordering::Relaxed);
        Some((total, table.of(local.account.get())))
    })
}

impl Local {
    #[inline]
    fn note(&self, cell: Option<&'static AtomicI64>, account: u32, bytes: i64) {
        if let Some(cell) = cell
            && let Some(table) = self.table.get()
        {
            add(table.total(), bytes);
            add(cell, bytes);
        } else {
            self.note_slowly(account, bytes);
        }
    }

    #[cold]
    fn note_slowly(&self, account: u32, bytes: i64) {
        let table = self.own_table();
        let cell = table.and_then(|table| self.own_cell(table, account));
        match table.zip(cell) {
            Some((table, cell)) => {
                add(table.total(), bytes);
                add(cell, bytes);
            }
            None => BOOKS.charge_shared(Some(account), bytes),
        }
    }

    /// The table of this thread. `None` while one is being made, and once the thread has given it back.
    fn own_table(&self) -> Option<&'static Table> {
        if let Some(table) = self.table.get() {
            return Some(table);
        }
        let take = |lease: &Lease| {
            let table = BOOKS.take_table()?;
            lease.0.set(Some(table));
            Some(table)
        };
        let table = self.making(|| LEASE.try_with(take).ok().flatten())?;
        self.table.set(Some(table));
        self.cell.set(table.cell(self.account.get()));
        Some(table)
    }

    fn own_cell(&self, table: &'static Table, account: u32) -> Option<&'static AtomicI64> {
        let made = table.cell(account);
        let cell = made.or_else(|| self.making(|| table.make_cell(account)))?;
        if account == self.account.get() {
            self.cell.set(Some(cell));
        }
        Some(cell)
    }

    /// What is allocated meanwhile is charged to the table that all share.
    fn making<T>(&self, make: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.making.replace(true) {
            return None;
        }
        let made = make();
        self.making.set(false);
        made
    }
}

/// While it is there, what this thread allocates is charged to an account.
pub(crate) struct Entered {
    before: u32,
    cell: Option<&'static AtomicI64>,
    /// Of the thread that has entered.
    _here: std::marker::PhantomData<*const ()>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(account: u32) -> Self {
        LOCAL.with(|local| {
            let table = local.table.get();
            let cell = table.and_then(|table| table.cell(account));
            Self {
                before: local.account.replace(account),
                cell: local.cell.replace(cell),
                _here: std::marker::PhantomData,
            }
        })
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        LOCAL.with(|local| {
            local.account.set(self.before);
            local.cell.set(self.cell);
        });
    }
}
