//! Which calls are out, and since when.

use std::collections::BTreeSet;

/// The calls that are out, of a breaker with a rule about them. As many as there are: each is held up by its caller.
///
/// What is asked all the time is how long the last of the `calls` oldest has been out: they are apart from the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights {
    calls: usize,
    /// The `calls` oldest, or all if there are fewer.
    first: BTreeSet<(u64, u64)>,
    /// All others.
    rest: BTreeSet<(u64, u64)>,
    next: u64,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) since: u64,
    pub(crate) number: u64,
}

impl Flights {
    /// For a rule about so many calls.
    pub(crate) fn new(calls: usize) -> Self {
        Self {
            calls,
            ..Self::default()
        }
    }

    /// The same calls, for a rule about so many; none of them if there is no rule any more. No number comes again.
    pub(crate) fn reshaped(mut self, calls: usize) -> Self {
        self.calls = calls;
        if calls == 0 {
            self.rest.clear();
            self.first.clear();
        }
        self.rest.append(&mut self.first);
        self.fill();
        self
    }

    pub(crate) fn start(&mut self, now: u64) -> Flight {
        let number = self.next;
        self.next += 1;
        self.rest.insert((now, number));
        self.fill();
        Flight { since: now, number }
    }

    pub(crate) fn end(&mut self, flight: Flight) {
        let entry = (flight.since, flight.number);
        if self.first.remove(&entry) {
            self.fill();
        } else {
            self.rest.remove(&entry);
        }
    }

    /// Looks no more at the calls that the rule holds for.
    pub(crate) fn set_aside(&mut self) {
        self.first.clear();
        self.fill();
    }

    /// Time does not go backwards: a call that has just started is the youngest.
    fn fill(&mut self) {
        while self.first.len() < self.calls {
            let Some(oldest) = self.rest.pop_first() else {
                return;
            };
            self.first.insert(oldest);
        }
    }

    /// When so many calls will have been out for so long, if they do not come back.
    pub(crate) fn due(&self, longer_than: u64) -> Option<u64> {
        if self.first.len() < self.calls {
            return None;
        }
        Some(self.first.last()?.0.saturating_add(longer_than))
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oldest_are_those_of_a_plain_list(
            calls in 1..4_usize,
            steps in prop::collection::vec((0..4_u8, 0..6_usize), 0..60),
        ) {
            let mut flights = Flights::new(calls);
            let mut list: Vec<Flight> = Vec::new();
            let mut calls = calls;
            for (now, (kind, nth)) in steps.into_iter().enumerate() {
                match kind {
                    0 | 1 => list.push(flights.start(now as u64 / 3)),
                    2 if nth < list.len() => flights.end(list.remove(nth)),
                    2 => {}
                    _ => {
                        calls = nth + 1;
                        flights = flights.reshaped(calls);
                    }
                }
                let due = list.get(calls - 1).map(|flight| flight.since + 10);
                prop_assert_eq!(flights.due(10), due);
                prop_assert_eq!(flights.len(), list.len());
            }
        }
    }

    #[test]
    fn what_is_set_aside_is_out_no_more() {
        let mut flights = Flights::new(2);
        let all: Vec<_> = (0..5).map(|now| flights.start(now)).collect();
        assert_eq!(flights.due(10), Some(11));
        flights.set_aside();
        assert_eq!((flights.due(10), flights.len()), (Some(13), 3));
        flights.end(all[0]);
        flights.end(all[2]);
        assert_eq!((flights.due(10), flights.len()), (Some(14), 2));
    }
}
