//! A call that was let through.

use std::time::Duration;

use super::method::Look;
use super::taken::Taken;

/// A call that was let through, and what its key has left after it.
#[derive(Clone, Copy, Debug)]
pub struct Admission(Option<Taken>);

impl Admission {
    pub(super) const fn of(taken: Taken) -> Self {
        Self(Some(taken))
    }

    /// Of a call that counts nowhere.
    pub(super) const fn free() -> Self {
        Self(None)
    }

    /// Whether it was taken from the limit of its key. Not if the limiter only looks on and would have refused it, nor if it
    /// had no key, or no room for it, and is let through all the same.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        match self.0 {
            Some(taken) => taken.source.epoch_of_key().is_some(),
            None => false,
        }
    }

    /// Whether it counts nowhere at all.
    #[cfg(feature = "redis")]
    pub(super) const fn is_nowhere(&self) -> bool {
        match self.0 {
            Some(taken) => taken.source.is_nowhere(),
            None => true,
        }
    }

    /// How much the limiter lets through in each window; none of a call that had no key.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.0.map(|taken| taken.limit)
    }

    /// How much can be had at once after this; none of a call that counts nowhere, because it had no key, or no room for it.
    #[must_use]
    pub fn remaining(&self) -> Option<u32> {
        let left = self.look()?.left.floor();
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// In how long the key will look as if it had not been used for long; none of a call that counts nowhere, as
    /// [`remaining`](Self::remaining) has it.
    #[must_use]
    pub fn reset_after(&self) -> Option<Duration> {
        Some(Duration::from_nanos(self.look()?.full_in.ceil()))
    }

    fn look(&self) -> Option<Look> {
        self.0
            .map(|taken| taken.look)
            .filter(|look| *look != Taken::NOTHING.look)
    }
}
