//! What a call is given that was let through.

use super::flights::Flight;
use super::hot::NEVER;
use super::machine::{Lease, Ticket};
use super::notice::Notice;
use super::word::Word;

/// What a call holds that was admitted: three plain numbers, as it is handed on with every call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Right {
    pub(crate) admitted: Word,
    /// When; [`NEVER`] if nobody needs to know.
    pub(crate) since: u64,
    pub(crate) held: Held,
}

/// The number of what a call holds, and in the lowest bits what that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held(u64);

const KIND_BITS: u32 = 2;
const NOTHING: u64 = 0;
const FLIGHT: u64 = 1;
const PROBE: u64 = 2;

impl Right {
    /// Of a call that was admitted under this word, and holds nothing.
    #[inline(always)]
    pub(crate) const fn under(admitted: Word, since: u64) -> Self {
        Self {
            admitted,
            since,
            held: Held(NOTHING),
        }
    }

    /// Of a call that the machine has admitted.
    pub(crate) const fn of(ticket: Ticket, since: u64) -> Self {
        // A call has entered the table when it was admitted.
        let (held, since) = match ticket.lease {
            Lease::None => (NOTHING, since),
            Lease::Flight(flight) => (flight.number << KIND_BITS | FLIGHT, flight.since),
            Lease::Probe(number) => (number << KIND_BITS | PROBE, since),
        };
        Self {
            admitted: Word::of_generation(ticket.generation),
            since,
            held: Held(held),
        }
    }

    pub(crate) const fn ticket(self) -> Ticket {
        let number = self.held.0 >> KIND_BITS;
        let lease = match self.held.0 & ((1 << KIND_BITS) - 1) {
            FLIGHT => Lease::Flight(Flight {
                since: self.since,
                number,
            }),
            PROBE => Lease::Probe(number),
            _ => Lease::None,
        };
        Ticket {
            generation: self.admitted.generation(),
            lease,
        }
    }

    pub(crate) const fn holds_nothing(self) -> bool {
        self.held.0 == NOTHING
    }

    /// How long it has been out, if anybody asks.
    pub(crate) fn out_for(self, now: u64) -> Option<u64> {
        (self.since != NEVER).then(|| now.saturating_sub(self.since))
    }
}

/// What one look at a breaker tells of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Glance {
    /// It is let through, and has nothing to mind.
    Passes(Right),
    /// It is refused, and the refusal counted.
    Refused(Notice),
    /// It takes more than a look.
    Unclear,
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_holds_is_what_it_was_given() {
        let flight = Flight {
            since: 7,
            number: 3,
        };
        for lease in [
            Lease::None,
            Lease::Probe(0),
            Lease::Probe(9),
            Lease::Flight(flight),
        ] {
            let ticket = Ticket {
                generation: 5,
                lease,
            };
            assert_eq!(Right::of(ticket, 8).ticket(), ticket);
            assert_eq!(Right::of(ticket, 8).holds_nothing(), lease == Lease::None);
        }
    }
}
