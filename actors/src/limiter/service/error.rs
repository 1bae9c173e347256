//! What a call through a limited service comes to.

use std::time::Duration;

use crate::limiter::RateLimitError;

/// Why a call of a service behind limiters gave no answer.
///
/// A function with `#[mainstay::rate_limited]` can return it too, as a [`RateLimitError`] becomes one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateLimitedError<E> {
    /// The limiter did not let it through: the service was not called.
    #[error(transparent)]
    Limited(#[from] RateLimitError),
    /// No function of this name has a limit of its own: the service was not called.
    #[error("there is no limit for a function {0:?} of the service")]
    UnknownFunction(String),
    /// The service was called, and failed.
    #[error("{0}")]
    Failed(E),
}

impl<E> RateLimitedError<E> {
    /// How long to wait before another try makes sense, where a limiter knows. Never zero.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited(error) => error.retry_after(),
            Self::UnknownFunction(_) | Self::Failed(_) => None,
        }
    }

    /// The service's own error, if it is that.
    #[must_use]
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Limited(_) | Self::UnknownFunction(_) => None,
        }
    }
}
