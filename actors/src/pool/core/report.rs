//! What the core tells.

use std::hash::Hash;
use std::panic::Location;

use super::super::error::ConnectError;
use super::slot::{Kind, Tally};
use super::waits::Waits;
use super::{Core, Phase, Seat};

/// Why somebody does not get a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    /// There is none, and it would not wait.
    Exhausted,
    /// Its time is up.
    Timeout,
    /// As many wait as may.
    QueueFull,
    /// All have waited for long.
    Overloaded,
    /// Attempts to connect have failed.
    Connect,
    /// No attempt is made before then.
    Held { until: u64 },
    /// The pool is closed.
    Closed,
    /// Everybody waits for everybody.
    SelfDeadlock,
}

/// How a pool stands.
#[derive(Clone, Debug)]
pub(crate) struct Situation<B> {
    pub(crate) is_suspended: bool,
    pub(crate) max: u32,
    pub(crate) idle: u32,
    pub(crate) leased: u32,
    pub(crate) connecting: u32,
    pub(crate) mending: u32,
    pub(crate) closing: u32,
    pub(crate) waiting: u32,
    pub(crate) longest: Option<Holder<B>>,
    pub(crate) failures: u32,
    pub(crate) last_error: Option<ConnectError>,
    /// When the next attempt to connect may begin, if that is not now.
    pub(crate) retry_at: Option<u64>,
}

/// A lease, from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<B> {
    pub(crate) seat: Seat,
    pub(crate) at: &'static Location<'static>,
    pub(crate) borrower: Option<B>,
    pub(crate) since: u64,
    /// The borrower knows.
    pub(crate) taken: bool,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How often a connection was lent: at once, and after waiting. What was granted to one who did not take it counts for neither.
    pub(crate) lent: u64,
    pub(crate) waited: u64,
    /// For how long those have waited who were served, in all and at most: tasks count for the latter, and in `waits`, once they have
    /// given back.
    pub(crate) waited_for: u64,
    pub(crate) longest_wait: u64,
    pub(crate) timeouts: u64,
    /// Refused at once, as there was none or too many waited.
    pub(crate) exhausted: u64,
    pub(crate) queue_full: u64,
    pub(crate) overloaded: u64,
    pub(crate) deadlocks: u64,
    /// Told that attempts to connect have failed, or are not made.
    pub(crate) unconnected: u64,
    pub(crate) opened: u64,
    pub(crate) failed: u64,
    /// Of those that were closed: idle for too long, too old or replaced, found broken, and too many.
    pub(crate) idle_out: u64,
    pub(crate) aged: u64,
    pub(crate) broken: u64,
    pub(crate) surplus: u64,
    pub(crate) closed: u64,
    pub(crate) mended: u64,
    pub(crate) revoked: u64,
    /// How many have waited for how long.
    pub(crate) waits: Waits,
}

impl Counts {
    /// What has come of a place as well. What was [taken back](Self::uncount) may be more than there was without it.
    pub(super) fn add(&mut self, tally: &Tally) {
        self.lent = self.lent.wrapping_add(tally.lent);
        self.waited = self.waited.wrapping_add(tally.waited);
        self.waited_for = self.waited_for.wrapping_add(tally.waited_for);
        self.longest_wait = self.longest_wait.max(tally.longest_wait);
        self.waits.join(&tally.waits);
    }

    /// What was granted to one after so long was never taken, and so was not lent.
    pub(super) const fn uncount(&mut self, waited: u64) {
        self.lent = self.lent.wrapping_sub(1);
        self.waited = self.waited.wrapping_sub(1);
        self.waited_for = self.waited_for.wrapping_sub(waited);
    }
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// What has happened so far, here and at all places.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = self.counts;
        self.slots.iter().for_each(|slot| counts.add(&slot.tally));
        counts
    }

    pub(crate) fn situation(&mut self, now: u64) -> Situation<B> {
        let longest = self.longest();
        let count = |kind: Kind| self.count(kind);
        Situation {
            is_suspended: self.phase == Phase::Suspended,
            max: self.terms.max,
            idle: count(Kind::Idle),
            leased: count(Kind::Leased),
            connecting: count(Kind::Connecting),
            mending: count(Kind::Mending),
            closing: count(Kind::Closing),
            waiting: self.line.len(),
            longest,
            failures: self.connects.failures,
            last_error: self.connects.last_error.clone(),
            retry_at: Some(self.connects.not_before).filter(|&at| at > now),
        }
    }

    /// The lease that has lasted for longest: as later ones begin later it is the same until it ends, and only then it is looked at all
    /// of them.
    fn longest(&mut self) -> Option<Holder<B>> {
        let known = self.longest.filter(|&seat| self.is_at(seat, Kind::Leased));
        if let Some(seat) = known {
            return self.holder(seat.number());
        }
        let longest = match self.count(Kind::Leased) {
            0 => None,
            _ => self.holders().min_by_key(|holder| holder.since),
        };
        self.longest = longest.map(|holder| holder.seat);
        longest
    }

    /// All leases.
    pub(crate) fn holders(&self) -> impl Iterator<Item = Holder<B>> {
        (0..self.slots.len() as u32).filter_map(|number| self.holder(number))
    }

    /// The lease of a place, if it is leased.
    pub(super) fn holder(&self, number: u32) -> Option<Holder<B>> {
        let slot = &self.slots[number as usize];
        let who = slot.who.filter(|_| slot.kind == Kind::Leased)?;
        Some(Holder {
            seat: Seat::new(number, slot.epoch),
            at: who.at,
            borrower: who.borrower,
            since: slot.since,
            taken: slot.taken,
        })
    }
}
