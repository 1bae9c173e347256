//! Which accounts are in use.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::books::Books;
use super::local::{Entered, OUTSIDE};
use super::table::ACCOUNTS;

/// How many of the ended accounts are looked at when one is opened. More than one, so that they cannot pile up.
const LOOK_AT: usize = 4;

/// All accounts. An account is opened for an incarnation of a process, is closed when that has ended, and can be opened again
/// once nothing is left that was charged to it.
#[derive(Debug)]
pub(super) struct Accounts {
    books: &'static Books,
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    /// Those below this one have been opened before.
    unused: u32,
    open: usize,
    /// Closed, and nothing is left.
    free: Vec<u32>,
    /// Closed, and something was left when it was looked at last.
    ended: VecDeque<u32>,
}

/// What is there beside the accounts of processes that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) open: usize,
    pub(super) ended: usize,
    pub(super) ended_bytes: u64,
}

impl Accounts {
    /// `first` and all above it can be opened.
    pub(super) const fn new(books: &'static Books, first: u32) -> Self {
        let used = Used {
            unused: first,
            open: 0,
            free: Vec::new(),
            ended: VecDeque::new(),
        };
        Self {
            books,
            used: Mutex::new(used),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account to which nothing is charged; `None` if all are in use, or there is no memory.
    pub(super) fn open(&'static self) -> Option<Account> {
        let _outside = outside();
        let id = {
            let mut used = self.lock();
            let id = used.take(self.books)?;
            used.open += 1;
            id
        };
        let account = Account(Arc::new(Open { all: self, id }));
        // Else it is closed again, and tried with the next one that is opened.
        self.books.make_room(id)?;
        Some(account)
    }

    fn close(&self, id: u32) {
        let _outside = outside();
        let mut used = self.lock();
        used.open -= 1;
        if self.books.of(id) == 0 {
            used.free.push(id);
        } else {
            used.ended.push_back(id);
        }
    }

    /// Frees what can be freed of the accounts that have ended, and says what is left.
    pub(super) fn settle(&self) -> Summary {
        let _outside = outside();
        let mut used = self.lock();
        let mut bytes = 0_u64;
        for _ in 0..used.ended.len() {
            bytes = bytes.saturating_add(used.look(self.books));
        }
        Summary {
            open: used.open,
            ended: used.ended.len(),
            ended_bytes: bytes,
        }
    }
}

/// What is allocated for the accounts themselves is that of no process, as it stays when that has ended.
fn outside() -> Entered {
    Entered::new(OUTSIDE)
}

impl Used {
    fn take(&mut self, books: &Books) -> Option<u32> {
        for _ in 0..LOOK_AT.min(self.ended.len()) {
            self.look(books);
        }
        if let Some(id) = self.free.pop() {
            return Some(id);
        }
        let id = self.unused;
        if id >= ACCOUNTS {
            return None;
        }
        self.unused += 1;
        Some(id)
    }

    /// Looks at the ended account that has not been looked at for longest; its live bytes.
    fn look(&mut self, books: &Books) -> u64 {
        let Some(id) = self.ended.pop_front() else {
            return 0;
        };
        // Nothing is added to it any more, and all that was added is seen: it was closed after that, under the lock.
        let left = books.of(id);
        if left == 0 {
            self.free.push(id);
        } else {
            self.ended.push_back(id);
        }
        u64::try_from(left).unwrap_or(0)
    }
}

/// An open account, shared by all who may charge it; the last one to let go closes it.
#[derive(Clone, Debug)]
pub(crate) struct Account(Arc<Open>);

#[derive(Debug)]
struct Open {
    all: &'static Accounts,
    id: u32,
}

impl Account {
    pub(crate) fn id(&self) -> u32 {
        self.0.id
    }

    pub(crate) fn live(&self) -> u64 {
        u64::try_from(self.0.all.books.of(self.0.id)).unwrap_or(0)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.all.close(self.id);
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
