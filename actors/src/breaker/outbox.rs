//! What is yet to be told, in order.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::CircuitEventKind;

/// Events between the moment they happen and the moment they are told.
///
/// They are put down under the lock of the machine and told without it. One teller at a time takes them out: whoever comes
/// while another is at it leaves its events to that one. So they are told in order, and a listener may do anything, also what
/// makes for more events.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<Letters>);

#[derive(Debug, Default)]
struct Letters {
    waiting: VecDeque<CircuitEventKind>,
    telling: bool,
}

/// The one who tells. When it is dropped, also by a panic, another may.
struct Teller<'a>(&'a Outbox);

impl Outbox {
    /// Puts these down; says whether there were any.
    pub(crate) fn put(&self, told: Vec<CircuitEventKind>) -> bool {
        let any = !told.is_empty();
        if any {
            self.lock().waiting.extend(told);
        }
        any
    }

    /// Tells everything that waits, unless somebody is at it.
    pub(crate) fn empty(&self, mut tell: impl FnMut(CircuitEventKind)) {
        loop {
            let mut letters = self.lock();
            if letters.telling || letters.waiting.is_empty() {
                return;
            }
            letters.telling = true;
            drop(letters);
            let teller = Teller(self);
            while let Some(kind) = teller.next() {
                tell(kind);
            }
            // What came between the last look and now is looked for once more.
            drop(teller);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller<'_> {
    fn next(&self) -> Option<CircuitEventKind> {
        self.0.lock().waiting.pop_front()
    }
}

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        self.0.lock().telling = false;
    }
}
