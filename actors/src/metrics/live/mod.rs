//! What is written to when something is recorded.
//!
//! Each thread has a slot of its own in a counter or histogram, and is the only one to write to it: a record is a load and a store,
//! no atomic read-modify-write, no lock, and the threads do not meet on a line of cache. The slot of a thread that has ended goes to the
//! next thread that comes, with what it holds, so the sum over all slots only ever grows. Nothing is ever reset; who wants to know what came
//! since some moment keeps a copy of that moment.
//!
//! What has no place of its own is counted in one that all share, by atomic additions: what is recorded while a thread ends, or when there
//! is no room for more.
//!
//! | file | holds |
//! |---|---|
//! | `counter.rs` | [`LiveCounter`] |
//! | `gauge.rs` | [`LiveGauge`]: one word for all |
//! | `histogram.rs` | [`LiveHistogram`] |
//! | `shard.rs` | pages of buckets, made when first written to |
//! | `desk.rs` | [`Lent`]: buckets lent to one recorder after the other |
//! | `place.rs` | whether a thread may have places of its own: not while it ends |
//! | `read.rs` | [`Live`]: what came since the last look |
//! | `budget.rs` | [`Budget`]: whether there is room for another page |

mod budget;
mod counter;
mod desk;
mod gauge;
mod histogram;
mod place;
mod read;
mod shard;

pub(crate) use budget::Budget;
pub(crate) use counter::LiveCounter;
pub(crate) use desk::Lent;
pub(crate) use gauge::LiveGauge;
pub(crate) use histogram::LiveHistogram;
pub(crate) use read::{Live, Taken};

use std::sync::atomic::{AtomicU64, Ordering};

/// Adds to a word that nobody else writes to. Wraps.
#[inline]
fn bump(word: &AtomicU64, by: u64) {
    let before = word.load(Ordering::Relaxed);
    word.store(before.wrapping_add(by), Ordering::Relaxed);
}
