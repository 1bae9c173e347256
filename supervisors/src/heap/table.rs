//! What one thread has charged to whom.

use std::fmt;
use std::sync::OnceLock;

use crate::atomic::{AtomicBool, AtomicI64, Ordering};

/// Accounts whose cells lie in the table itself. Few where all interleavings are tried.
const FIRST: usize = if cfg!(all(test, mainstay_loom)) {
    2
} else {
    256
};
/// Each bucket holds twice as many cells as all before it hold more than the first: 256, 512, … 524,288.
const BUCKETS: usize = 12;
/// So many accounts there can be at a time.
pub(super) const ACCOUNTS: u32 = ((FIRST << BUCKETS) - FIRST) as u32;

/// Live bytes by account, as one thread sees them: what it has allocated less what it has freed, of whomever. Only the sum over
/// all tables says something.
///
/// A table has one writer, which therefore needs no read-modify-write; all read it. When its thread ends, the next one goes on
/// with what is written there. Cells of accounts above the first 256 are made when they are needed and stay: 8 bytes for each
/// account and thread.
pub(super) struct Table {
    taken: AtomicBool,
    total: AtomicI64,
    first: [AtomicI64; FIRST],
    /// The first of these stands for `first` and is never filled.
    buckets: [OnceLock<Box<[AtomicI64]>>; BUCKETS],
    /// The table that was there before it.
    pub(super) next: OnceLock<&'static Self>,
}

impl Table {
    #[cfg(not(all(test, mainstay_loom)))]
    pub(super) const fn new(taken: bool) -> Self {
        Self {
            taken: AtomicBool::new(taken),
            total: AtomicI64::new(0),
            first: [const { AtomicI64::new(0) }; FIRST],
            buckets: [const { OnceLock::new() }; BUCKETS],
            next: OnceLock::new(),
        }
    }

    /// loom's atomics are no constants.
    #[cfg(all(test, mainstay_loom))]
    pub(super) fn new(taken: bool) -> Self {
        Self {
            taken: AtomicBool::new(taken),
            total: AtomicI64::new(0),
            first: std::array::from_fn(|_| AtomicI64::new(0)),
            buckets: [const { OnceLock::new() }; BUCKETS],
            next: OnceLock::new(),
        }
    }

    /// Makes the caller its one writer, unless it has one. What the writer before has written is seen.
    pub(super) fn take(&self) -> bool {
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// By its writer, which writes no more.
    pub(super) fn give_back(&self) {
        self.taken.store(false, Ordering::Release);
    }

    /// Live bytes of all accounts.
    #[inline]
    pub(super) const fn total(&self) -> &AtomicI64 {
        &self.total
    }

    /// The cell of an account; `None` if it has not been made, or there is no such account.
    #[inline]
    pub(super) fn cell(&self, account: u32) -> Option<&AtomicI64> {
        let account = account as usize;
        match self.first.get(account) {
            Some(cell) => Some(cell),
            None => {
                let (bucket, place) = place(account)?;
                self.buckets.get(bucket)?.get()?.get(place)
            }
        }
    }

    /// The cell of an account, which is made if it is not there; `None` if there is no such account, or no memory. It allocates.
    pub(super) fn make_cell(&self, account: u32) -> Option<&AtomicI64> {
        if let Some(cell) = self.cell(account) {
            return Some(cell);
        }
        let (bucket, _) = place(account as usize)?;
        let bucket_of = self.buckets.get(bucket)?;
        let cells = cells(FIRST << bucket)?;
        // Whoever was faster has made the same.
        bucket_of.set(cells).ok();
        self.cell(account)
    }

    pub(super) fn of(&self, account: u32) -> i64 {
        self.cell(account)
            .map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// Bucket and place within it; `None` if there is no such account.
const fn place(account: usize) -> Option<(usize, usize)> {
    if account >= ACCOUNTS as usize {
        return None;
    }
    let at = account + FIRST;
    let bucket = (at.ilog2() - FIRST.ilog2()) as usize;
    Some((bucket, at - (FIRST << bucket)))
}

/// So many cells, or `None` if there is no memory for them.
fn cells(count: usize) -> Option<Box<[AtomicI64]>> {
    let mut cells = Vec::new();
    cells.try_reserve_exact(count).ok()?;
    cells.resize_with(count, || AtomicI64::new(0));
    Some(cells.into_boxed_slice())
}

/// Adds to a cell that nobody else writes to.
#[inline]
pub(super) fn add(cell: &AtomicI64, bytes: i64) {
    let sum = cell.load(Ordering::Relaxed).wrapping_add(bytes);
    cell.store(sum, Ordering::Relaxed);
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_account_has_a_cell_of_its_own_and_the_one_behind_the_last_has_none() {
        let table = Table::new(false);
        for account in (0..5_000).chain(ACCOUNTS - 3..ACCOUNTS) {
            let cell = table.make_cell(account).expect("there is memory");
            assert_eq!(cell.load(Ordering::Relaxed), 0, "{account}");
            add(cell, i64::from(account) + 1);
        }
        for account in (0..5_000).chain(ACCOUNTS - 3..ACCOUNTS) {
            assert_eq!(table.of(account), i64::from(account) + 1);
        }
        assert!(table.make_cell(ACCOUNTS).is_none());
        assert!(table.make_cell(u32::MAX).is_none());
        assert_eq!(table.of(u32::MAX), 0);
    }

    #[test]
    fn a_table_has_one_writer_at_a_time() {
        let table = Table::new(false);
        assert!(table.take());
        assert!(!table.take());
        table.give_back();
        assert!(table.take());
    }
}
