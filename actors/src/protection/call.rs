//! One call of an operation.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;

use tokio::time::Instant;

use super::error::ProtectionError;
use super::handle::Protection;
use super::passage::{self, Ready, Said};
use super::source::{Named, NoPool, Of, Source};
use crate::breaker::{ByResult, Classify};
use crate::limiter::RateKey;
use crate::pool::{ConnectionPool, PoolError, PoolManager};

/// One call of a protected operation: whose it is, what it costs, how long there is for it. Made by [`Protection::call`].
///
/// Nothing is asked or taken before the future that one of its `run` methods gives is polled, but by [`ask_ahead`](Self::ask_ahead).
#[must_use = "nothing happens before it is run"]
pub struct Call<'a, S = NoPool> {
    pub(super) protection: &'a Protection,
    pub(super) said: Said<'a>,
    pub(super) source: S,
    pub(super) at: &'static Location<'static>,
}

impl<'a> Call<'a> {
    pub(super) const fn new(protection: &'a Protection, at: &'static Location<'static>) -> Self {
        Self {
            protection,
            said: Said {
                key: None,
                cost: None,
                bytes: None,
                by: None,
            },
            source: NoPool(()),
            at,
        }
    }

    /// It takes a connection of this pool.
    pub fn leasing_of<P: ConnectionPool>(self, pool: &'a PoolManager<P>) -> Call<'a, Of<'a, P>> {
        self.with(Of(pool))
    }

    /// It takes a connection of the pool that the configuration names, whose connections are made by managers of this kind.
    ///
    /// # Errors
    ///
    /// [`ProtectionError::NoConnection`] if the configuration names no pool; that there is no pool of its name, or that it is of another
    /// kind, is found when the call is run.
    pub fn leasing<P: ConnectionPool>(self) -> Result<Call<'a, Named<P>>, PoolError> {
        let pool = self.protection.guards().pool.clone();
        let pool = pool.ok_or_else(|| PoolError::NotFound(self.protection.name().clone()))?;
        Ok(self.with(Named(pool, PhantomData)))
    }

    /// Runs the operation, unless a guard refuses it; `Err` is a failure.
    ///
    /// The guards are asked one after the other: deadline, circuit breaker, memory, rate limiter. Only then is the operation begun. Each guard
    /// is told what became of it exactly once: a call that was refused further on costs nothing before.
    ///
    /// # Errors
    ///
    /// [`ProtectionError`].
    ///
    /// # Panics
    ///
    /// If the operation does, which counts as its failure; and with a deadline, outside of a tokio runtime with time.
    ///
    /// Cancel safety: when this is dropped, the operation is, and was cancelled; before it was begun, whatever was taken for it goes
    /// back.
    pub fn run<T, E, F>(
        self,
        operation: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<T, ProtectionError<E>>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_with(ByResult, operation)
    }

    /// As [`run`](Self::run), with somebody to say what each result means to the circuit breaker. One that is
    /// [`Outcome::Refused`](crate::breaker::Outcome::Refused), by a guard of the service that the operation asks, is counted as refused by that guard.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// Cancel safety: as that of [`run`](Self::run).
    pub async fn run_with<T, E, F>(
        self,
        classify: impl Classify<T, E>,
        operation: impl FnOnce() -> F,
    ) -> Result<T, ProtectionError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let (ready, source) = self.ready();
        let operation = async move |(): &mut ()| operation().await;
        passage::through(ready, source, classify, operation).await
    }
}

impl<'a, S> Call<'a, S> {
    /// Whose call it is, for the rate limiter.
    pub fn key(mut self, key: impl Into<Option<RateKey<'a>>>) -> Self {
        self.said.key = key.into();
        self
    }

    /// What it costs at the rate limiter, in place of what the configuration says. One that costs nothing is not limited.
    pub const fn cost(mut self, cost: u32) -> Self {
        self.said.cost = Some(cost);
        self
    }

    /// How many bytes of memory it takes, about, in place of what the configuration says.
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.said.bytes = Some(bytes);
        self
    }

    /// By when it is to be done, such as the time that the caller's own caller waits. If the configuration leaves less, that counts.
    pub const fn by(mut self, time: Instant) -> Self {
        self.said.by = Some(time);
        self
    }

    fn ready(self) -> (Ready<&'a Protection>, S) {
        let ready = Ready::new(self.protection, self.said, self.at);
        (ready, self.source)
    }

    fn with<N>(self, source: N) -> Call<'a, N> {
        Call {
            protection: self.protection,
            said: self.said,
            source,
            at: self.at,
        }
    }
}

/// The same for each source of connections.
macro_rules! leasing {
    ($source:ty) => {
        impl<P: ConnectionPool> Call<'_, $source> {
            /// Runs the operation with a connection, unless a guard refuses it; `Err` is a failure. As [`run`](Call::run) of a call without one;
            /// the pool is asked last. A connection in the midst of whose use the operation was cut off is given back as that, and so
            /// is closed unless its manager says otherwise.
            ///
            /// # Errors
            ///
            /// [`ProtectionError`].
            ///
            /// # Panics
            ///
            /// As [`run`](Call::run) of a call without a connection.
            ///
            /// Cancel safety: as that of [`run`](Call::run) of a call without a connection.
            pub fn run<T, E>(
                self,
                operation: impl AsyncFnOnce(&mut P::Conn) -> Result<T, E>,
            ) -> impl Future<Output = Result<T, ProtectionError<E>>> {
                self.run_with(ByResult, operation)
            }

            /// As [`run`](Self::run), with somebody to say what each result means to the circuit breaker.
            ///
            /// # Errors
            ///
            /// As [`run`](Self::run).
            ///
            /// # Panics
            ///
            /// As [`run`](Self::run).
            ///
            /// Cancel safety: as that of [`run`](Self::run).
            pub async fn run_with<T, E>(
                self,
                classify: impl Classify<T, E>,
                operation: impl AsyncFnOnce(&mut P::Conn) -> Result<T, E>,
            ) -> Result<T, ProtectionError<E>> {
                let operation =
                    async move |lease: &mut <$source as Source>::Lease| operation(lease).await;
                let (ready, source) = self.ready();
                passage::through(ready, source, classify, operation).await
            }
        }
    };
}

leasing!(Named<P>);
leasing!(Of<'_, P>);

impl<S> fmt::Debug for Call<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", self.protection.name())
            .field("cost", &self.said.cost)
            .field("by", &self.said.by)
            .finish_non_exhaustive()
    }
}
