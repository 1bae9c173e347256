//! One call of a service.

use std::future::Future;
use std::time::Duration;

use super::error::RateLimitedError;
use crate::limiter::{Admission, AnyLimiter, Limiter, RateKey, RateLimitError, RateLimiter};

/// A call of a service that is yet to be made. Dropped, it is not made and costs nothing.
#[derive(Debug)]
#[must_use = "a call is made when it is run"]
pub struct LimitedCall<'a, S, L = Limiter> {
    service: &'a S,
    /// The limiter, or the function that has none.
    limiter: Result<&'a L, &'a str>,
    key: Option<RateKey<'a>>,
    cost: u32,
}

impl<'a, S, L: RateLimiter> LimitedCall<'a, S, L> {
    pub(super) const fn new(
        service: &'a S,
        limiter: Result<&'a L, &'a str>,
        key: Option<RateKey<'a>>,
    ) -> Self {
        Self {
            service,
            limiter,
            key,
            cost: 1,
        }
    }

    /// Sets what it costs; one that costs nothing is let through.
    pub const fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    fn limiter<E>(&self) -> Result<&'a L, RateLimitedError<E>> {
        let unknown = |function: &str| RateLimitedError::UnknownFunction(function.to_owned());
        self.limiter.map_err(unknown)
    }

    /// Makes it if the limiter lets it through, and refuses it otherwise.
    ///
    /// # Errors
    ///
    /// [`RateLimitedError::Limited`] with what the limiter says, [`RateLimitedError::UnknownFunction`], and
    /// [`RateLimitedError::Failed`] with what the service says. What was taken for a call that fails stays taken.
    ///
    /// Cancel safety: dropped before the limiter has answered, the call is not made; whether it was taken for, the limiter knows.
    /// Dropped after that, what was taken stays taken.
    pub async fn run<T, E, F>(self, call: impl FnOnce(&'a S) -> F) -> Result<T, RateLimitedError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let asked = self.limiter()?.check_rate_limit(self.key, self.cost);
        asked.await?;
        call(self.service).await.map_err(RateLimitedError::Failed)
    }
}

impl<'a, S, L: RateLimiter + Now> LimitedCall<'a, S, L> {
    /// As [`run`](Self::run), of a call that needs no future. Of an [`AnyLimiter`] whose counts are in a server, it comes to
    /// [`RateLimitError::Elsewhere`].
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn run_now<T, E>(
        self,
        call: impl FnOnce(&'a S) -> Result<T, E>,
    ) -> Result<T, RateLimitedError<E>> {
        self.limiter()?.check_now(self.key, self.cost)?;
        call(self.service).map_err(RateLimitedError::Failed)
    }
}

/// Can be asked without a future.
#[doc(hidden)]
pub trait Now {
    fn check_now(&self, key: Option<RateKey<'_>>, cost: u32) -> Result<Admission, RateLimitError>;
}

impl Now for Limiter {
    fn check_now(&self, key: Option<RateKey<'_>>, cost: u32) -> Result<Admission, RateLimitError> {
        self.check_n(key, cost)
    }
}

impl Now for AnyLimiter {
    fn check_now(&self, key: Option<RateKey<'_>>, cost: u32) -> Result<Admission, RateLimitError> {
        Self::check_now(self, key, cost)
    }
}

impl<'a, S, L: RateLimiter + Clone + Into<AnyLimiter>> LimitedCall<'a, S, L> {
    /// Waits for its turn as [`AnyLimiter::wait`] does, and makes it then.
    ///
    /// # Errors
    ///
    /// Those of [`AnyLimiter::wait`] in [`RateLimitedError::Limited`], and those of [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`AnyLimiter::wait`].
    ///
    /// Cancel safety: dropped while it waits, its place is lost and nothing was taken; after that, what was taken stays taken.
    pub async fn run_in_turn<T, E, F>(
        self,
        call: impl FnOnce(&'a S) -> F,
    ) -> Result<T, RateLimitedError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let limiter: AnyLimiter = self.limiter()?.clone().into();
        limiter.wait(self.key, self.cost).await?;
        call(self.service).await.map_err(RateLimitedError::Failed)
    }

    /// As [`run_in_turn`](Self::run_in_turn), and waits no longer than `within`: if that is known not to be enough, it does not wait at
    /// all.
    ///
    /// # Errors
    ///
    /// Those of [`AnyLimiter::wait_for`] in [`RateLimitedError::Limited`], and those of [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`AnyLimiter::wait`].
    ///
    /// Cancel safety: as that of [`run_in_turn`](Self::run_in_turn).
    pub async fn run_in_turn_within<T, E, F>(
        self,
        within: Duration,
        call: impl FnOnce(&'a S) -> F,
    ) -> Result<T, RateLimitedError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let limiter: AnyLimiter = self.limiter()?.clone().into();
        limiter.wait_for(self.key, self.cost, within).await?;
        call(self.service).await.map_err(RateLimitedError::Failed)
    }
}
