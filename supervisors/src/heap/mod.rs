//! Whose heap memory it is: live bytes by process.
//!
//! An allocator that wraps another tells here of each block that comes and goes. A block is charged to the process in whose poll
//! it was allocated, and the block remembers whom, so that it counts for that process wherever it is freed.
//!
//! ```text
//!   thread 1   account  cell          thread 2            an account's live bytes: the sum over all threads
//!              web      +5,000                   -1,000   4,000
//!              db         +300                     +700   1,000
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what an allocator calls, [`HeapUse`] |
//! | `local.rs` | the way of every allocation: which account is charged on this thread, and on whose table |
//! | `table.rs` | what one thread has charged, cell by cell |
//! | `books.rs` | the tables of all threads, and their sums |
//! | `accounts.rs` | which accounts are in use; when one can be used again |

mod accounts;
mod books;
mod local;
mod table;

use std::hint::black_box;
use std::sync::OnceLock;

pub(crate) use accounts::Account;
use accounts::Accounts;
use local::BOOKS;
pub(crate) use local::{Entered, OUTSIDE};

use crate::HeapUse;

static ACCOUNTS: Accounts = Accounts::new(&BOOKS, OUTSIDE + 1);

/// To whom a block was charged: what an allocator keeps with the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Charged(u32);

impl Charged {
    /// The number that stands for it.
    #[must_use]
    #[inline]
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// What a number stands for. One that stands for nothing does no harm: what is [given back](discharge) by it then counts
    /// for nobody, or for another.
    #[must_use]
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// Charges a block that was allocated to the process that runs here. For allocators: it never panics, may be called at any
/// time on any thread, and by whatever it calls itself.
#[inline]
#[must_use = "the block is given back with it"]
pub fn charge(bytes: usize) -> Charged {
    Charged(local::charge(bytes))
}

/// Gives a block back that was charged. As free of conditions as [`charge`].
#[inline]
pub fn discharge(to: Charged, bytes: usize) {
    local::discharge(to.0, bytes);
}

/// Counts bytes, negative ones of a block that was freed, for the program as a whole only. As free of conditions as [`charge`].
#[inline]
pub fn count(bytes: isize) {
    local::count(bytes);
}

/// What the allocator of this program tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Total,
    Charges,
}

/// `None` if it tells nothing. An allocator cannot be changed, so what it tells is found out once; that it tells nothing is
/// not kept, as a thread that ends cannot say.
fn told() -> Option<Told> {
    static TOLD: OnceLock<Told> = OnceLock::new();
    let found = TOLD.get().copied().or_else(probe)?;
    Some(*TOLD.get_or_init(|| found))
}

/// Allocates something, and looks whether it was told.
fn probe() -> Option<Told> {
    // The first thing that is told gives this thread a table.
    drop(black_box(Box::new([0_u8; 64])));
    let (total, charged) = local::seen_here()?;
    let block = black_box(Box::new([0_u8; 64]));
    let (total_with, charged_with) = local::seen_here()?;
    drop(black_box(block));
    match (total_with != total, charged_with != charged) {
        (_, true) => Some(Told::Charges),
        (true, false) => Some(Told::Total),
        (false, false) => None,
    }
}

/// An account for a process that is about to be started; `None` if the allocator of this program charges nothing, or more than
/// 1,048,320 processes are alive or have left something behind.
pub(crate) fn open() -> Option<Account> {
    (told()? == Told::Charges).then(|| ACCOUNTS.open())?
}

/// Live bytes of the program.
pub(crate) fn live() -> Option<u64> {
    told()?;
    Some(u64::try_from(BOOKS.total()).unwrap_or(0))
}

/// Whose memory it is, as far as it is not that of a process that runs.
pub(crate) fn usage() -> Option<HeapUse> {
    let live = live()?;
    if told()? == Told::Total {
        return Some(HeapUse::of_program(live));
    }
    let summary = ACCOUNTS.settle();
    Some(HeapUse {
        live,
        outside: Some(u64::try_from(BOOKS.of(OUTSIDE)).unwrap_or(0)),
        ended: Some(summary.ended_bytes),
        processes: summary.open,
        left_behind: summary.ended,
    })
}
