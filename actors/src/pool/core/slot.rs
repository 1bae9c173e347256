//! The places of a pool, of which each holds at most one connection.

use std::fmt;
use std::panic::Location;

use super::terms::NEVER;
use super::waits::Waits;

/// What is in a place. But for the first two, somebody outside holds its [`Seat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Free,
    Idle,
    Leased,
    Connecting,
    /// It is being reset, or pinged to keep it alive.
    Mending,
    Closing,
}

/// How many kinds there are.
pub(crate) const KINDS: usize = 6;

/// A right to a place: good for as long as its epoch is that of the place. One word, as it is moved about a lot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Seat(u64);

impl Seat {
    #[inline]
    pub(crate) const fn new(number: u32, epoch: u32) -> Self {
        Self((epoch as u64) << 32 | number as u64)
    }

    /// Both in one.
    #[inline]
    pub(super) const fn word(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) const fn of_word(word: u64) -> Self {
        Self(word)
    }

    /// The number of the place.
    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(crate) const fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({}, {})", self.number(), self.epoch())
    }
}

/// Who asks for a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<B> {
    pub(crate) at: &'static Location<'static>,
    pub(crate) borrower: Option<B>,
}

/// Nobody has waited.
pub(super) const NO_KEY: u32 = u32::MAX;

/// In lines of memory of its own: leases that end at a time on two processors do not take each other's away.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Slot<C, B> {
    pub(crate) kind: Kind,
    /// Goes on whenever a right to the place is given out or taken away.
    pub(crate) epoch: u32,
    /// There is one if it is idle.
    pub(crate) conn: Option<C>,
    /// Since when it is idle or leased, or when the attempt to connect began.
    pub(crate) since: u64,
    /// When it was last known to work.
    pub(crate) tried: u64,
    /// Who has it, if it is leased.
    pub(crate) who: Option<Who<B>>,
    /// The lease was told of.
    pub(crate) warned: bool,
    /// Whoever it is leased to has it for sure. Tasks that have waited take what they were granted without being seen.
    pub(crate) taken: bool,
    /// The entry of whoever has waited for it, until the lease is over or it was seen to be taken.
    pub(crate) key: u32,
    /// For how long that one has waited.
    pub(crate) waited: u64,
    /// It is not lent, and not kept, from then on.
    pub(crate) dies: u64,
    pub(crate) tally: Tally,
}

/// What has come of a place so far. Each place counts for itself: whoever gives a connection back has its place at hand, and what all
/// write to is taken from one processor to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) lent: u64,
    pub(crate) waited: u64,
    pub(crate) waited_for: u64,
    pub(crate) longest_wait: u64,
    pub(crate) waits: Waits,
}

impl Tally {
    /// One is granted what it has waited for.
    #[inline]
    pub(super) fn grant(&mut self, waited: u64) {
        self.lent += 1;
        self.waited += 1;
        self.waited_for = self.waited_for.wrapping_add(waited);
    }

    /// One has taken what it was granted after so long.
    #[inline]
    pub(super) fn took_after(&mut self, waited: u64) {
        self.longest_wait = self.longest_wait.max(waited);
        self.waits.add(waited);
    }
}

impl<C, B> Slot<C, B> {
    pub(crate) fn free() -> Self {
        Self {
            kind: Kind::Free,
            epoch: 0,
            conn: None,
            since: 0,
            tried: 0,
            who: None,
            warned: false,
            taken: false,
            key: NO_KEY,
            waited: 0,
            dies: NEVER,
            tally: Tally::default(),
        }
    }
}

/// A connection that was given to somebody.
#[derive(Debug)]
pub(crate) struct Given<C> {
    pub(crate) conn: C,
    pub(crate) seat: Seat,
}
