//! What is yet to be told, in order.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::event::CircuitEventKind;
use crate::metrics::Gauge;
use crate::telemetry::nesting::{Nest, here};

/// Events between the moment they happen and the moment they are told.
///
/// They are put down under the lock of the machine and told without it. One teller at a time takes them out: whoever comes
/// while another is at it leaves its events to that one. So they are told in order, and a listener may do anything, also what
/// makes for more events. Each is told as coming from the handlers that were at work where it happened, whoever tells it: so no
/// handler of telemetry hears of what it has done itself, and chains of them come to an end.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    letters: Mutex<Letters>,
    /// What shows the state of the breaker, from when there is something to show and somebody to show it.
    gauge: OnceLock<Option<Gauge>>,
}

#[derive(Debug, Default)]
struct Letters {
    waiting: VecDeque<Letter>,
    telling: bool,
}

#[derive(Debug)]
struct Letter {
    kind: CircuitEventKind,
    /// Which handlers were at work where it was put down.
    nest: Nest,
}

/// The one who tells. When it is dropped, also by a panic, another may.
struct Teller<'a>(&'a Outbox);

impl Outbox {
    /// Puts these down; says whether there were any.
    pub(crate) fn put(&self, told: Vec<CircuitEventKind>) -> bool {
        let any = !told.is_empty();
        if any {
            let nest = here();
            let letters = told.into_iter().map(|kind| Letter { kind, nest });
            self.lock().waiting.extend(letters);
        }
        any
    }

    /// Tells everything that waits, unless somebody is at it.
    pub(crate) fn empty(&self, mut tell: impl FnMut(CircuitEventKind, &OnceLock<Option<Gauge>>)) {
        loop {
            let mut letters = self.lock();
            if letters.telling || letters.waiting.is_empty() {
                return;
            }
            letters.telling = true;
            drop(letters);
            let teller = Teller(self);
            while let Some(letter) = teller.next() {
                let _inside = letter.nest.go_on();
                tell(letter.kind, &self.gauge);
            }
            // What came between the last look and now is looked for once more.
            drop(teller);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller<'_> {
    fn next(&self) -> Option<Letter> {
        self.0.lock().waiting.pop_front()
    }
}

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        self.0.lock().telling = false;
    }
}
