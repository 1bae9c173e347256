//! What came of a call, before anybody makes an answer or an error of it.

use super::method::{Look, Mark, Ratio};

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) look: Look,
    pub(crate) limit: u32,
    pub(crate) source: Source,
}

/// Of what something was taken, so that it can go back there: a number, as it is copied with each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(u64);

impl Source {
    pub(crate) const NOWHERE: Self = Self(0);

    /// A word that no number of changes reaches.
    const CROWD: u64 = 1 << 63;

    /// A key, in that epoch of its shard.
    #[inline]
    pub(super) const fn key(epoch: u64) -> Self {
        Self(epoch)
    }

    /// What new keys share, under that version of the terms.
    pub(super) const fn crowd(version: u64) -> Self {
        Self(version | Self::CROWD)
    }

    pub(super) const fn epoch_of_key(self) -> Option<u64> {
        match self.0 {
            1..Self::CROWD => Some(self.0),
            _ => None,
        }
    }

    pub(super) const fn version_of_crowd(self) -> Option<u64> {
        match self.0 {
            Self::CROWD.. => Some(self.0 & !Self::CROWD),
            _ => None,
        }
    }

    pub(crate) const fn is_nowhere(self) -> bool {
        self.0 == 0
    }
}

impl Taken {
    /// Nothing at all.
    pub(crate) const NOTHING: Self = Self {
        look: Look {
            left: Ratio::ZERO,
            full_in: Ratio::ZERO,
            mark: Mark::of(0),
        },
        limit: 0,
        source: Source::NOWHERE,
    };
}

/// What came of the short way.
pub(super) enum Fast {
    Taken(Taken),
    Refused(Refused),
    /// It does not lead there; nothing was done.
    No,
}

/// Why nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Come back in so many nanoseconds.
    Limited { wait: u64, limit: u32 },
    /// One call may cost no more than this.
    TooCostly { max: u32 },
    /// There is no room for the key.
    Full,
}
