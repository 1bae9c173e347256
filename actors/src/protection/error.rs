//! What can go wrong.

use std::time::Duration;

use mainstay_specs::{Faults, ServiceName};

use super::guard::Guard;
use crate::breaker::{Outcome, Refusal};
use crate::limiter::RateLimitError;
use crate::memory::MemoryPressure;
use crate::pool::PoolError;

/// Why a protected operation came to nothing: which guard refused it and when to come back, or what became of it.
///
/// A refusal was made before the operation was begun: nothing of it has happened, and what had been taken for it went back. It is no
/// failure of what is protected, and no breaker counts it; but that a pool could not connect is one
/// ([`outcome`](Self::outcome)).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectionError<E> {
    /// The time for all of it was up while this guard was being asked.
    #[error("the time for {operation} was up before it was begun, at the guard `{at}`")]
    Late {
        /// The operation.
        operation: ServiceName,
        /// What was asked, or waited for, by then.
        at: Guard,
    },
    /// The circuit breaker refused it: the seed's `:circuit_open`.
    #[error(transparent)]
    CircuitOpen(Refusal),
    /// The memory manager refused it: the seed's `:memory_pressure`.
    #[error(transparent)]
    MemoryPressure(MemoryPressure),
    /// The rate limiter refused it: the seed's `:rate_limited`.
    #[error(transparent)]
    RateLimited(RateLimitError),
    /// The pool lent no connection.
    #[error(transparent)]
    NoConnection(PoolError),
    /// There is no guard of the name that the configuration says: a misspelt name is no protection.
    #[error("{operation} is to go through `{guard}` {name}, and there is none of this name")]
    Missing {
        /// The operation.
        operation: ServiceName,
        /// What there is none of.
        guard: Guard,
        /// Its name.
        name: ServiceName,
    },
    /// The configuration says that it takes a connection of a pool, and it was run without: see
    /// [`Call::leasing`](super::Call::leasing).
    #[error(
        "{operation} takes a connection of the pool {pool}, and was run as one that takes none"
    )]
    Unleased {
        /// The operation.
        operation: ServiceName,
        /// The pool.
        pool: ServiceName,
    },
    /// No operation of this name is configured.
    #[error("no protection is configured for {0}")]
    Unconfigured(ServiceName),
    /// It was begun, took longer than there was time, and was dropped.
    #[error("{operation} was not done in its time, {}", whole(*.within))]
    Timeout {
        /// The operation.
        operation: ServiceName,
        /// How much time there was: for all of it, the guards included; or for the operation alone, if the `call_timeout` of its breaker
        /// left less.
        within: Duration,
    },
    /// It was begun, and failed. It shows itself as that error does, and is taken for it: the error is no
    /// [`source`](std::error::Error::source) of this one, as it need not be an `Error` itself.
    #[error("{0}")]
    Failed(E),
}

impl<E> ProtectionError<E> {
    /// The guard that refused it; none if it was begun, or could not be for other reasons.
    #[must_use]
    pub const fn guard(&self) -> Option<Guard> {
        match self {
            Self::Late { .. } => Some(Guard::Deadline),
            Self::CircuitOpen(_) => Some(Guard::Circuit),
            Self::MemoryPressure(_) => Some(Guard::Memory),
            Self::RateLimited(_) => Some(Guard::RateLimit),
            Self::NoConnection(_) => Some(Guard::Pool),
            Self::Missing { guard, .. } => Some(*guard),
            Self::Unleased { .. } => Some(Guard::Pool),
            Self::Unconfigured(_) | Self::Timeout { .. } | Self::Failed(_) => None,
        }
    }

    /// How long to wait before another try makes sense, where the guard knows that.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen(refusal) => refusal.retry_after(),
            Self::MemoryPressure(pressure) => Some(pressure.retry_after),
            Self::RateLimited(error) => error.retry_after(),
            Self::NoConnection(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether it was begun.
    #[must_use]
    pub const fn was_begun(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Failed(_))
    }

    /// What it means to a breaker around it, and what the breaker of the operation itself was told: that a pool cannot connect says
    /// that what is behind it fails; all other refusals say nothing about that.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Timeout { .. } => Outcome::TimedOut,
            Self::Failed(_) | Self::NoConnection(PoolError::Connect { .. }) => Outcome::Failure,
            _ => Outcome::Refused,
        }
    }

    /// The operation's own error, or all that it cannot be.
    ///
    /// # Errors
    ///
    /// Why it was not made, or not done in time.
    pub fn split(self) -> Result<E, ProtectionError<std::convert::Infallible>> {
        Err(match self {
            Self::Failed(error) => return Ok(error),
            Self::Late { operation, at } => ProtectionError::Late { operation, at },
            Self::CircuitOpen(refusal) => ProtectionError::CircuitOpen(refusal),
            Self::MemoryPressure(pressure) => ProtectionError::MemoryPressure(pressure),
            Self::RateLimited(error) => ProtectionError::RateLimited(error),
            Self::NoConnection(error) => ProtectionError::NoConnection(error),
            Self::Missing {
                operation,
                guard,
                name,
            } => ProtectionError::Missing {
                operation,
                guard,
                name,
            },
            Self::Unleased { operation, pool } => ProtectionError::Unleased { operation, pool },
            Self::Unconfigured(name) => ProtectionError::Unconfigured(name),
            Self::Timeout { operation, within } => ProtectionError::Timeout { operation, within },
        })
    }

    /// The operation's own error, if it is that.
    #[must_use]
    pub const fn failed(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The operation's own error, if it is that.
    #[must_use]
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl<E> From<Refusal> for ProtectionError<E> {
    fn from(refusal: Refusal) -> Self {
        Self::CircuitOpen(refusal)
    }
}

impl<E> From<MemoryPressure> for ProtectionError<E> {
    fn from(pressure: MemoryPressure) -> Self {
        Self::MemoryPressure(pressure)
    }
}

impl<E> From<RateLimitError> for ProtectionError<E> {
    fn from(error: RateLimitError) -> Self {
        Self::RateLimited(error)
    }
}

impl<E> From<PoolError> for ProtectionError<E> {
    fn from(error: PoolError) -> Self {
        Self::NoConnection(error)
    }
}

/// Why a protection was not made or changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureProtectionError {
    /// The configuration cannot be.
    #[error("the configuration of the protection is wrong: {0}")]
    Config(Faults),
    /// As many operations are configured as may be.
    #[error(
        "there is no room for the protection of {name}: there are {max} already, as many as there may be"
    )]
    TooMany {
        /// The one that there is no room for.
        name: ServiceName,
        /// How many there may be.
        max: u32,
    },
    /// The service was to be started outside of a namespace, or its namespace has ended.
    #[error("protections belong to a namespace, and this is outside of one")]
    NotInNamespace,
}

/// In milliseconds, and never none.
fn whole(time: Duration) -> humantime::FormattedDuration {
    let milliseconds = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(milliseconds.max(1)))
}
