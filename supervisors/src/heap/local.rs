//! Charging, on the way of every allocation: which account is charged here, and on whose table.
//!
//! There is one allocator in a program, and so what it is charged to hangs off no runtime: these are the only accounts there are.

use std::cell::Cell;

use super::books::Books;
use super::table::{Table, add};
use crate::atomic::{AtomicI64, Ordering};

/// The account of all that is allocated outside of processes.
pub(crate) const OUTSIDE: u32 = 0;

#[cfg(not(all(test, mainstay_loom)))]
static SHARED: Table = Table::new(true);
#[cfg(not(all(test, mainstay_loom)))]
pub(super) static BOOKS: Books = Books::new(&SHARED);

/// loom's atomics are no constants. These are not used there, and only have to compile.
#[cfg(all(test, mainstay_loom))]
static SHARED: std::sync::LazyLock<Table> = std::sync::LazyLock::new(|| Table::new(true));
#[cfg(all(test, mainstay_loom))]
pub(super) static BOOKS: std::sync::LazyLock<Books> =
    std::sync::LazyLock::new(|| Books::new(&SHARED));

/// What a thread charges, and where. Without a destructor, so that a look at it is a plain access, also while the thread ends.
struct Local {
    account: Cell<u32>,
    /// Where that account is charged; `None` if that is not known yet, or there is no table.
    spot: Cell<Option<Spot>>,
    table: Cell<Option<&'static Table>>,
    /// A table or a cell is being made, for which memory is allocated.
    making: Cell<bool>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            account: Cell::new(OUTSIDE),
            spot: Cell::new(None),
            table: Cell::new(None),
            making: Cell::new(false),
        }
    };
    /// Gives the table back when the thread ends.
    static LEASE: Lease = const { Lease(Cell::new(None)) };
}

/// The two sums that a charge changes.
#[derive(Clone, Copy)]
struct Spot {
    cell: &'static AtomicI64,
    total: &'static AtomicI64,
}

impl Spot {
    #[inline]
    fn of(table: &'static Table, account: u32) -> Option<Self> {
        let cell = table.cell(account)?;
        let total = table.total();
        Some(Self { cell, total })
    }

    #[inline]
    fn add(self, bytes: i64) {
        add(self.total, bytes);
        add(self.cell, bytes);
    }
}

struct Lease(Cell<Option<&'static Table>>);

impl Drop for Lease {
    fn drop(&mut self) {
        // What is charged from here on goes to the table that all share.
        LOCAL.with(|local| {
            local.spot.set(None);
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
        let (account, bytes) = (local.account.get(), bytes.cast_signed() as i64);
        match local.spot.get() {
            Some(spot) => spot.add(bytes),
            None => note_slowly(account, bytes),
        }
        account
    })
}

/// Counts bytes that were freed, and were charged to this account. Never panics.
#[inline]
pub(super) fn discharge(account: u32, bytes: usize) {
    let bytes = -(bytes.cast_signed() as i64);
    LOCAL.with(|local| match local.spot.get() {
        Some(spot) if account == local.account.get() => spot.add(bytes),
        _ => discharge_other(account, bytes),
    });
}

/// Apart from the common way, so that this needs no room on the stack.
#[inline(never)]
fn discharge_other(account: u32, bytes: i64) {
    let table = LOCAL.with(|local| local.table.get());
    match table.and_then(|table| Spot::of(table, account)) {
        Some(spot) => spot.add(bytes),
        None => note_slowly(account, bytes),
    }
}

#[cold]
#[inline(never)]
fn note_slowly(account: u32, bytes: i64) {
    match LOCAL.with(|local| local.make_spot(account)) {
        Some(spot) => spot.add(bytes),
        None => BOOKS.charge_shared(Some(account), bytes),
    }
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
#[inline(never)]
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
    /// Where an account is charged. `None` while a table or a cell is being made, and once the thread has given its table back.
    fn make_spot(&self, account: u32) -> Option<Spot> {
        let table = self.own_table()?;
        if table.cell(account).is_none() {
            self.making(|| table.make_cell(account))?;
        }
        let spot = Spot::of(table, account)?;
        if account == self.account.get() {
            self.spot.set(Some(spot));
        }
        Some(spot)
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
        Some(table)
    }

    /// What is allocated meanwhile is that of no process, as it stays when the process has ended. Where there is no table yet it is charged
    /// to that which all share.
    fn making<T>(&self, make: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.making.replace(true) {
            return None;
        }
        let (account, spot) = (self.account.replace(OUTSIDE), self.spot.take());
        let made = make();
        self.account.set(account);
        self.spot.set(spot);
        self.making.set(false);
        made
    }
}

/// While it is there, what this thread allocates is charged to an account.
pub(crate) struct Entered {
    before: u32,
    spot: Option<Spot>,
    /// Of the thread that has entered.
    _here: std::marker::PhantomData<*const ()>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(account: u32) -> Self {
        LOCAL.with(|local| {
            let table = local.table.get();
            let spot = table.and_then(|table| Spot::of(table, account));
            Self {
                before: local.account.replace(account),
                spot: local.spot.replace(spot),
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
            local.spot.set(self.spot);
        });
    }
}
