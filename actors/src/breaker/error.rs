//! What can go wrong.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Faults, ServiceName};

use super::event::{CircuitState, Epoch};
use super::notice::Notice;
use super::outcome::Outcome;
use crate::clock::in_milliseconds;

/// A call that a breaker did not let through: which breaker, why, and when to come back.
///
/// A refusal is no failure of what is protected: a breaker around another is to take it for [`Outcome::Refused`], as
/// [`Nested`](super::Nested) does.
///
/// It is as long as six numbers, and made without an allocation; of a name of more than 23 bytes it shares the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit {name} is {}{}", self.state(), self.when())]
// In this order: were the name behind what ends in padding, it would be moved together with that, in other pieces than those it
// has just been written in, and a processor waits for such pieces: for twice as long as all the rest of a refusal takes.
#[repr(C)]
pub struct Refusal {
    name: ServiceName,
    notice: Notice,
    epoch: Epoch,
}

impl Refusal {
    #[inline(always)]
    pub(crate) const fn new(name: ServiceName, notice: Notice, epoch: Epoch) -> Self {
        Self {
            name,
            notice,
            epoch,
        }
    }

    /// The breaker.
    #[must_use]
    pub const fn name(&self) -> &ServiceName {
        &self.name
    }

    /// What it is: open, half open and waiting for its probes, or forced open.
    #[must_use]
    pub const fn state(&self) -> CircuitState {
        self.notice.state()
    }

    /// How long to wait before another try makes sense, from this moment on. Never zero: what is due by now gives the shortest
    /// time there is. `None` if nobody knows, as of a breaker that was forced open until told otherwise;
    /// or if it would be more than 73 years after the breaker was made.
    ///
    /// Of a half-open breaker: when the probe that has been out longest loses its permit. It may come back before.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let left = self.notice.until()?.saturating_sub(self.epoch.now());
        Some(Duration::from_nanos(left.max(1)))
    }

    /// The moment of [`retry_after`](Self::retry_after), by the clock of tokio.
    #[must_use]
    pub fn retry_at(&self) -> Option<tokio::time::Instant> {
        Some(self.epoch.instant(self.notice.until()?))
    }

    fn when(&self) -> String {
        self.retry_after().map_or_else(String::new, |time| {
            format!(", come back in {}", in_milliseconds(time))
        })
    }
}

/// Why a call through a breaker came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitError<E> {
    /// The breaker did not let it through: the operation was not begun.
    #[error(transparent)]
    Open(Refusal),
    /// The operation took longer than the breaker lets a call take, and was dropped.
    #[error("the call was not done within {0:?}")]
    Timeout(Duration),
    /// The operation failed. It shows itself as that error does, and is taken for it: the error is no
    /// [`source`](std::error::Error::source) of this one, as it need not be an `Error` itself. To follow its chain of causes, take it
    /// out with [`failed`](Self::failed) or [`into_failed`](Self::into_failed).
    #[error("{0}")]
    Failed(E),
    /// There is no breaker of this name, and the caller wanted one.
    #[error("there is no circuit breaker {0}")]
    Missing(ServiceName),
    /// The breaker could not be made.
    #[error(transparent)]
    Register(RegisterCircuitError),
}

impl<E> CircuitError<E> {
    /// What this error means to a breaker around the one that gave it.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Open(_) | Self::Missing(_) | Self::Register(_) => Outcome::Refused,
            Self::Timeout(_) => Outcome::TimedOut,
            Self::Failed(_) => Outcome::Failure,
        }
    }

    /// The refusal, if it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Open(refusal) => Some(refusal),
            _ => None,
        }
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

/// Why a breaker was not made or changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterCircuitError {
    /// There is one of this name already.
    #[error("there is a circuit breaker {0} already")]
    AlreadyRegistered(ServiceName),
    /// There is none of this name.
    #[error("there is no circuit breaker {0}")]
    NotFound(ServiceName),
    /// There are as many as there may be.
    #[error(
        "there is no room for the circuit breaker {name}: there are {max} already, as many as there may be"
    )]
    TooMany {
        /// The one that there is no room for.
        name: ServiceName,
        /// How many there may be.
        max: u32,
    },
    /// There are as many families as there may be: as many as breakers with a name of their own.
    #[error(
        "there is no room for the family of circuit breakers {name}: there are {max} already, as many as there may be"
    )]
    TooManyFamilies {
        /// The one that there is no room for.
        name: ServiceName,
        /// How many there may be.
        max: u32,
    },
    /// There are as many keys as there may be, and of those that were looked at none is idle.
    #[error(
        "there are {max} keys of {family}, as many as there may be, and none of the {asked} that were looked at is idle"
    )]
    TooManyKeys {
        /// The family.
        family: ServiceName,
        /// How many there may be.
        max: u32,
        /// How many were looked at. The next time it is others, if there are more.
        asked: u32,
    },
    /// The configuration cannot be. Shared, so that errors of calls are not as long as the longest, which no call gets.
    #[error("the configuration of the circuit breaker is wrong: {0}")]
    Config(Arc<Faults>),
    /// The keeper was started outside of any namespace.
    #[error("circuit breakers live in a namespace; their keeper was started outside of any")]
    NotInNamespace,
}

impl From<Faults> for RegisterCircuitError {
    fn from(faults: Faults) -> Self {
        Self::Config(Arc::new(faults))
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_call_is_as_long_as_a_refusal() {
        assert_eq!(size_of::<Refusal>(), 48);
        assert_eq!(size_of::<CircuitError<()>>(), 48);
        assert_eq!(size_of::<Result<u64, CircuitError<u64>>>(), 48);
    }
}
