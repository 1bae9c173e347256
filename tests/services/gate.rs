//! Has a race lost for sure by who looks before it takes.

use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};

/// A gate at which callers wait between looking and taking, until so many have looked that they cannot all be let through.
///
/// Those on the thread that made it call one after the other: none of them waits. Of those on other threads at least as many as
/// it waits for have to come, or they wait for ever.
pub(crate) struct Gate {
    home: ThreadId,
    awaited: usize,
    come: Mutex<usize>,
    opened: Condvar,
}

impl Gate {
    /// That opens when so many have come, and stays open.
    pub(crate) fn of(awaited: usize) -> Self {
        Self {
            home: thread::current().id(),
            awaited,
            come: Mutex::new(0),
            opened: Condvar::new(),
        }
    }

    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        if thread::current().id() == self.home {
            return;
        }
        let mut come = self.come.lock().expect("no panic");
        *come += 1;
        self.opened.notify_all();
        let waits = |come: &mut usize| *come < self.awaited;
        drop(self.opened.wait_while(come, waits).expect("no panic"));
    }
}
