//! A call that a limiter is asked for, with nothing in it of what its key was made of: so nothing of that is held while a server is
//! asked, or while there is a wait.

use std::time::Duration;

use super::admission::Admission;
use super::any::AnyLimiter;
use super::digest::Digest;
use super::error::RateLimitError;
use super::handle::Limiter;
use super::key::RateKey;
#[cfg(feature = "redis")]
use super::redis;
use super::reservation::Reservation;

/// The call. Dropped before it is asked for, nothing is taken.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Of a limiter of this process; no digest if there is no key and none is needed.
    Here(Limiter, Option<Digest>, u32),
    #[cfg(feature = "redis")]
    There(redis::Turn),
}

impl Turn {
    /// A call of a limiter.
    ///
    /// # Errors
    ///
    /// It has no key, or is refused whatever was taken before.
    pub(crate) fn of(
        limiter: &AnyLimiter,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> Result<Self, RateLimitError> {
        match limiter {
            AnyLimiter::Local(limiter) => {
                let digest = limiter.cell().digest(key)?;
                Ok(Self::Here(limiter.clone(), digest, cost))
            }
            #[cfg(feature = "redis")]
            AnyLimiter::Redis(limiter) => limiter.turn(key, cost).map(Self::There),
        }
    }

    /// Lets it through, or refuses it.
    pub(super) async fn take(self) -> Result<Admission, RateLimitError> {
        match self {
            Self::Here(limiter, digest, cost) => limiter.check_digest(digest, cost),
            // In a box, as much has to be kept while a server is asked.
            #[cfg(feature = "redis")]
            Self::There(turn) => Box::pin(turn.decide()).await.outcome,
        }
    }

    /// Takes what goes back if the call is not made.
    pub(crate) async fn reserve(self) -> Result<Reservation, RateLimitError> {
        match self {
            Self::Here(limiter, digest, cost) => limiter.reserve_digest(digest, cost),
            #[cfg(feature = "redis")]
            Self::There(turn) => Box::pin(turn.reserve()).await,
        }
    }

    /// Waits until it may be made, no longer than `within`.
    pub(super) async fn wait(self, within: Option<Duration>) -> Result<Admission, RateLimitError> {
        match self {
            Self::Here(limiter, digest, cost) => limiter.wait_until(digest, cost, within).await,
            #[cfg(feature = "redis")]
            Self::There(turn) => Box::pin(turn.wait(within)).await,
        }
    }
}
