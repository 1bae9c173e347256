//! What is counted and told in sums, and up to where it was told.

use std::sync::{Mutex, PoisonError};

use super::kind::Kind;
use crate::pool::core::Counts;

/// What is counted, and told in sums.
pub(super) struct Tally {
    pub(super) count: fn(&Counts) -> u64,
    pub(super) kind: Option<Kind>,
    pub(super) reason: Option<&'static str>,
    pub(super) counter: Option<&'static str>,
}

const fn tally(count: fn(&Counts) -> u64, kind: Kind, counter: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(kind),
        reason: None,
        counter: Some(counter),
    }
}

const fn refused(count: fn(&Counts) -> u64, reason: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(Kind::Refused),
        reason: Some(reason),
        counter: Some("foundation.connection_pool.refused"),
    }
}

const fn evicted(count: fn(&Counts) -> u64, reason: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(Kind::Evicted),
        reason: Some(reason),
        counter: Some("foundation.connection_pool.evicted"),
    }
}

/// Only added up for another.
const fn beside(count: fn(&Counts) -> u64) -> Tally {
    Tally {
        count,
        kind: None,
        reason: None,
        counter: None,
    }
}

/// In the order in which they are told.
pub(super) const TALLIES: [Tally; 14] = [
    tally(
        |counts| counts.opened,
        Kind::Connected,
        "foundation.connection_pool.connects",
    ),
    tally(
        |counts| counts.lent,
        Kind::Checkout,
        "foundation.connection_pool.checkouts",
    ),
    tally(
        |counts| counts.timeouts,
        Kind::Timeout,
        "foundation.connection_pool.timeouts",
    ),
    refused(|counts| counts.exhausted, "exhausted"),
    refused(|counts| counts.queue_full, "queue_full"),
    refused(|counts| counts.overloaded, "overloaded"),
    refused(|counts| counts.deadlocks, "self_deadlock"),
    refused(|counts| counts.unconnected, "unconnected"),
    evicted(|counts| counts.idle_out, "idle"),
    evicted(|counts| counts.aged, "age"),
    evicted(|counts| counts.broken, "broken"),
    evicted(|counts| counts.surplus, "surplus"),
    beside(|counts| counts.waited),
    beside(|counts| counts.waited_for),
];

/// The place of those who would have waited for themselves in [`TALLIES`].
const DEADLOCKS: usize = 6;

/// The places of those two in [`TALLIES`].
pub(super) const WAITED: usize = 12;
pub(super) const WAITED_FOR: usize = 13;

/// Over the life of a pool, at the places of [`TALLIES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals(pub(super) [u64; TALLIES.len()]);

/// Up to where a pool has been told of. It outlives the keeper, so that none of them tells what another has told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Totals>);

impl Totals {
    pub(super) fn of(counts: &Counts) -> Self {
        Self(std::array::from_fn(|nth| (TALLIES[nth].count)(counts)))
    }
}

impl Told {
    /// Those who waited for themselves so far were not refused: they are not told as if they had been.
    pub(crate) fn pass_over_deadlocks(&self, counts: &Counts) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.0[DEADLOCKS] = counts.deadlocks;
    }

    /// What a pool has come to, and what of it has not been told yet; it is taken to be told from now on. One count may go back: that
    /// of leases, when one is found not to have been used. It is told when it has been made up for.
    pub(super) fn catch_up(&self, totals: Totals) -> (Totals, Totals) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut later, mut added) = (Totals::default(), Totals::default());
        for (nth, &before) in told.0.iter().enumerate() {
            later.0[nth] = totals.0[nth].max(before);
            added.0[nth] = later.0[nth] - before;
        }
        *told = later;
        (later, added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_not_told_again_and_what_goes_back_is_made_up_for() {
        let told = Told::default();
        let counts = |lent: u64, waited: u64| {
            Totals::of(&Counts {
                lent,
                waited,
                ..Counts::default()
            })
        };
        let lent = 1; // the place of leases
        let (totals, added) = told.catch_up(counts(5, 2));
        assert_eq!((totals.0[lent], added.0[lent], added.0[WAITED]), (5, 5, 2));
        let (totals, added) = told.catch_up(counts(4, 2));
        assert_eq!((totals.0[lent], added), (5, Totals::default()));
        let (totals, added) = told.catch_up(counts(7, 3));
        assert_eq!((totals.0[lent], added.0[lent], added.0[WAITED]), (7, 2, 1));
    }
}
