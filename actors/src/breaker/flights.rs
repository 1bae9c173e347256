//! Which calls are out, and since when.

use std::collections::BTreeSet;

/// The calls that are out, of a breaker with a rule about them. As many as there are: each is held up by its caller.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights {
    out: BTreeSet<(u64, u64)>,
    next: u64,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) since: u64,
    pub(crate) number: u64,
}

impl Flights {
    pub(crate) fn start(&mut self, now: u64) -> Flight {
        let number = self.next;
        self.next += 1;
        self.out.insert((now, number));
        Flight { since: now, number }
    }

    pub(crate) fn end(&mut self, flight: Flight) {
        self.out.remove(&(flight.since, flight.number));
    }

    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }

    /// When so many calls will have been out for so long, if they do not come back.
    pub(crate) fn due(&self, calls: usize, longer_than: u64) -> Option<u64> {
        if self.out.len() < calls {
            return None;
        }
        let last = self.out.iter().nth(calls.saturating_sub(1))?;
        Some(last.0.saturating_add(longer_than))
    }

    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }
}
