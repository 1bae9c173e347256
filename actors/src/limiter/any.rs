//! A limiter, wherever it keeps its counts.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{RateLimitConfig, ServiceName};

use super::admission::Admission;
use super::error::{RateLimitError, RegisterLimiterError};
use super::handle::Limiter;
use super::key::RateKey;
use super::kinds::{FixedWindowLimiter, RateLimiter, SlidingWindowLimiter, TokenBucketLimiter};
#[cfg(feature = "redis")]
use super::redis::RedisLimiter;
use super::reservation::Reservation;
use super::stats::{LimiterStats, RateLimitStatus};
use super::turn::Turn;

/// A rate limiter, wherever its configuration says that its counts are: a handle, cheap to clone. This is what a
/// [`RateLimiterRegistry`](super::RateLimiterRegistry) gives out, and what `#[rate_limited]`, the tower layer and
/// [`RateLimitedService`](super::RateLimitedService) take.
///
/// All that may have to ask a server is a future, which is ready at once where the counts are in this process. Callers that know
/// that they are there, and need no future, take [`local`](Self::local) or [`check_now`](Self::check_now).
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{AnyLimiter, RateKey};
/// use mainstay_specs::{RateLimitConfig, ServiceName};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RateLimitConfig::token_bucket(2, Duration::from_secs(60));
/// let limiter = AnyLimiter::new(ServiceName::new("login")?, config)?;
///
/// assert_eq!(limiter.check(RateKey::user("ada")).await?.remaining(), Some(1));
/// limiter.check_n(RateKey::user("grace"), 2).await?;
/// assert_eq!(limiter.stats().admitted, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyLimiter {
    /// In this process.
    Local(Limiter),
    /// In a Redis.
    #[cfg(feature = "redis")]
    Redis(RedisLimiter),
}

impl AnyLimiter {
    /// A limiter that stands alone, outside of any namespace; with a connection of its own, if its counts are in a server.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`].
    pub fn new(name: ServiceName, config: RateLimitConfig) -> Result<Self, RegisterLimiterError> {
        #[cfg(feature = "redis")]
        if !config.backend.is_local() {
            return RedisLimiter::new(name, config).map(Self::Redis);
        }
        Limiter::new(name, config).map(Self::Local)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        match self {
            Self::Local(limiter) => limiter.name(),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.name(),
        }
    }

    /// The limiter, if its counts are in this process.
    #[must_use]
    pub const fn local(&self) -> Option<&Limiter> {
        match self {
            Self::Local(limiter) => Some(limiter),
            #[cfg(feature = "redis")]
            Self::Redis(_) => None,
        }
    }

    /// The limiter, if its counts are in a Redis.
    #[cfg(feature = "redis")]
    #[must_use]
    pub const fn redis(&self) -> Option<&RedisLimiter> {
        match self {
            Self::Local(_) => None,
            Self::Redis(limiter) => Some(limiter),
        }
    }

    /// What of it is counted in this process: all, or what counts here while a server does not answer.
    pub(super) fn counted_here(&self) -> Option<Limiter> {
        match self {
            Self::Local(limiter) => Some(limiter.clone()),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.local(),
        }
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<RateLimitConfig> {
        match self {
            Self::Local(limiter) => limiter.config(),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.config(),
        }
    }

    /// Lets a call through that costs 1, or refuses it. A call without a key is treated as `on_missing_key` says.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::Exceeded`], [`RateLimitError::MissingKey`], [`RateLimitError::Full`]; [`RateLimitError::Unavailable`] of one
    /// whose counts are in a server. Nothing was taken then.
    ///
    /// Cancel safety: what is taken for a call that is dropped before this is done goes back.
    pub async fn check<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Admission, RateLimitError> {
        self.check_n(key, 1).await
    }

    /// Lets a call through that costs so much, or refuses it. One that costs nothing is let through.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check), and [`RateLimitError::TooCostly`].
    ///
    /// Cancel safety: as that of [`check`](Self::check).
    pub async fn check_n<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        let turn = Turn::of(self, key.into(), cost);
        turn?.take().await
    }

    /// As [`check_n`](Self::check_n), for callers that need no future.
    ///
    /// # Errors
    ///
    /// Those of [`check_n`](Self::check_n), and [`RateLimitError::Elsewhere`] if it takes asking a server.
    pub fn check_now<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        match self.local() {
            Some(limiter) => limiter.check_n(key, cost),
            None => Err(RateLimitError::Elsewhere(self.name().clone())),
        }
    }

    /// Takes so much for a call that is yet to be made, and goes back if it is not.
    ///
    /// # Errors
    ///
    /// Those of [`check_n`](Self::check_n).
    ///
    /// Cancel safety: as that of [`check`](Self::check).
    pub async fn reserve<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Reservation, RateLimitError> {
        let turn = Turn::of(self, key.into(), cost);
        turn?.reserve().await
    }

    /// Waits until a call that costs so much may be made: [`Limiter::wait`], or `RedisLimiter::wait`.
    ///
    /// # Errors
    ///
    /// Those of [`check_n`](Self::check_n) but [`RateLimitError::Exceeded`], and [`RateLimitError::QueueFull`].
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime with time.
    ///
    /// Cancel safety: the place in the queue is lost when this is dropped, and whatever was taken for it goes back.
    pub async fn wait<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        let turn = Turn::of(self, key.into(), cost);
        turn?.wait(None).await
    }

    /// As [`wait`](Self::wait), no longer than `within`. If that is known not to be enough, it does not wait at all.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), and [`RateLimitError::TooLate`].
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// Cancel safety: as that of [`wait`](Self::wait).
    pub async fn wait_for<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
        within: Duration,
    ) -> Result<Admission, RateLimitError> {
        let turn = Turn::of(self, key.into(), cost);
        turn?.wait(Some(within)).await
    }

    /// What a key has left; nothing is taken. None for a call without a key that is let through.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`], [`RateLimitError::Unavailable`].
    ///
    /// Cancel safety: safe.
    pub async fn status<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Option<RateLimitStatus>, RateLimitError> {
        match self {
            Self::Local(limiter) => limiter.status(key),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.status(key.into()).await,
        }
    }

    /// Lets a key begin anew.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`]; [`RateLimitError::Unavailable`]: whether it begins anew is not known then.
    ///
    /// Cancel safety: safe; it may be done all the same.
    pub async fn reset<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<(), RateLimitError> {
        match self {
            Self::Local(limiter) => limiter.reset(key),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.reset(key.into()).await,
        }
    }

    /// Goes by another configuration from now on, which says itself what keys take over from this one. Counts stay where they are: in
    /// this process, or in the server that they are in.
    ///
    /// # Errors
    ///
    /// Those of [`Limiter::reconfigure`] or `RedisLimiter::reconfigure`; nothing is changed then.
    pub fn reconfigure(&self, config: RateLimitConfig) -> Result<(), RegisterLimiterError> {
        match self {
            Self::Local(limiter) => limiter.reconfigure(config),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.reconfigure(config),
        }
    }

    /// Everything there is to know about it, but for what its keys are.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        match self {
            Self::Local(limiter) => limiter.stats(),
            #[cfg(feature = "redis")]
            Self::Redis(limiter) => limiter.stats(),
        }
    }
}

impl From<Limiter> for AnyLimiter {
    fn from(limiter: Limiter) -> Self {
        Self::Local(limiter)
    }
}

#[cfg(feature = "redis")]
impl From<RedisLimiter> for AnyLimiter {
    fn from(limiter: RedisLimiter) -> Self {
        Self::Redis(limiter)
    }
}

/// A type of limiter that holds a `Limiter`.
macro_rules! kind {
    ($($name:ident),+) => {$(
        impl From<$name> for AnyLimiter {
            fn from(limiter: $name) -> Self {
                Self::Local(limiter.limiter().clone())
            }
        }
    )+};
}

kind!(TokenBucketLimiter, SlidingWindowLimiter, FixedWindowLimiter);

impl RateLimiter for AnyLimiter {
    async fn check_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        self.check_n(key, cost).await
    }

    async fn reset_rate_limit(&self, key: Option<RateKey<'_>>) -> Result<(), RateLimitError> {
        self.reset(key).await
    }

    async fn rate_limit_status(
        &self,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<RateLimitStatus>, RateLimitError> {
        self.status(key).await
    }
}
