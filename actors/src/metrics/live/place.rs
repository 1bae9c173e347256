//! Whether a thread may have places of its own.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How far the life of a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It has made no place yet.
    Fresh,
    /// It has, and [`Ending`] will be dropped.
    Going,
    /// Its thread-locals are being destroyed, and with them what finds its places.
    Ending,
}

thread_local! {
    // Without a destructor, so that it is there to the very end.
    static LIFE: Cell<Life> = const { Cell::new(Life::Fresh) };
    static ENDING: Ending = const { Ending };
}

/// Dropped with the thread-locals: before what finds places, which was there first.
struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        LIFE.set(Life::Ending);
    }
}

/// What `make` makes in a place of this thread; `None` if the thread is ending and has no places any more.
///
/// A thread whose first record of all comes from the destructor of a thread-local cannot be told from one that goes on. If what finds
/// places is gone by then, it panics, which ends here: the hook for panics is told, and nobody else.
pub(super) fn in_own_place<T>(make: impl FnOnce() -> T) -> Option<T> {
    if LIFE.get() == Life::Ending {
        return None;
    }
    // What is made is made in whole or not at all.
    let made = catch_unwind(AssertUnwindSafe(make)).ok();
    if made.is_none() {
        LIFE.set(Life::Ending);
    } else if LIFE.get() == Life::Fresh {
        // After what finds places, since what comes last is destroyed first.
        let goes_on = ENDING.try_with(|_| ()).is_ok();
        LIFE.set(if goes_on { Life::Going } else { Life::Ending });
    }
    made
}
