//! What can go wrong.

use std::time::Duration;

use mainstay_specs::Faults;
use mainstay_supervisors::RegisterError;

use super::backend::{BackendError, Refused};
use super::id::EventId;
use crate::breaker::{Outcome, Refusal, RegisterCircuitError};
use crate::protection::Guard;

/// Why an event store has not done what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What was given is wrong, each fault with its path: of an event, such as `data`, or of one of a batch, such as `[3].data`; or of a
    /// query. Nothing was stored.
    #[error("{0}")]
    Invalid(Faults),
    /// There are more events than one batch may have, `batch_max` and `max_events` of the spec; so many were found as had to be looked at.
    /// Nothing was stored.
    #[error("expected a batch of at most {max} events, found {found}")]
    BatchTooLarge {
        /// How many it may have.
        max: u32,
        /// How many there are.
        found: usize,
    },
    /// The events have more bytes as JSON than may wait to be stored, or be kept: `queue_bytes_max` and `bytes_max` of the spec. Nothing was
    /// stored.
    #[error("expected a batch of at most {max} bytes as JSON, found {found}")]
    BatchTooHeavy {
        /// How many they may have.
        max: u64,
        /// How many they have.
        found: u64,
    },
    /// There is an event of this number already, and it says something else. Nothing of the batch was stored.
    #[error("there is another event with the number {id}")]
    Taken {
        /// The number.
        id: EventId,
    },
    /// There is no room for an event with so low a number: those with the lowest numbers go first, and it would go at once, or has gone
    /// already. Nothing of the batch was stored.
    #[error(
        "there is no room for an event with the number {id}, as those with the lowest numbers go first"
    )]
    NoRoom {
        /// The number.
        id: EventId,
    },
    /// Too much waits to be stored. Nothing was stored; come back later.
    #[error(
        "{waiting} events of {bytes} bytes wait to be stored, of at most {waiting_max} events and {bytes_max} bytes"
    )]
    Overloaded {
        /// How many events wait.
        waiting: u64,
        /// How many may wait.
        waiting_max: u64,
        /// How many bytes they have.
        bytes: u64,
        /// How many bytes they may have.
        bytes_max: u64,
    },
    /// So many questions are being answered already, and as many wait as may, or the time of this one was up before its turn. It was not
    /// asked; come back later.
    #[error(
        "{max} questions are being answered already, of which others wait, {waiting_max} at most"
    )]
    Busy {
        /// How many may be answered at a time.
        max: u32,
        /// How many more may wait.
        waiting_max: u32,
    },
    /// There was no answer in time. An event that was to be stored may be stored all the same.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The keeper was down all the time. An event that was to be stored still waits for it, unless the namespace ends.
    #[error("the event store was down for {0:?}")]
    Unavailable(Duration),
    /// Events have waited so long to be stored, and still do: the backend hangs, or is too slow for what comes.
    #[error("events have waited for {0:?} and are not stored")]
    Stuck(Duration),
    /// The backend panicked while it stored. The event may be stored.
    #[error("the event store crashed while it stored the event")]
    Interrupted,
    /// The backend has failed. Only after [`BackendError::Unknown`] the event may be stored.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The store has failed, and its circuit breaker does not let it be asked before the time that it says. Nothing was stored.
    #[error("the event store is not asked: {0}")]
    CircuitOpen(Box<Refusal>),
    /// There are as many subscribers as there may be.
    #[error("expected at most {max} subscribers, and there are as many")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
    /// The namespace has ended.
    #[error("the namespace has ended")]
    Stopped,
}

impl StoreError {
    /// How long to wait before another try makes sense, if the store itself has refused: as long as its circuit breaker says, if that knows;
    /// a second, if there was too much to do.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen(refusal) => refusal.retry_after(),
            Self::Busy { .. } | Self::Overloaded { .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The guard that has refused, if the store itself has: its circuit breaker; or as [`Guard::Pool`], of which there are so many places,
    /// the bound of what is stored or asked at a time. The backend was not asked then.
    #[must_use]
    pub const fn guard(&self) -> Option<Guard> {
        match self {
            Self::CircuitOpen(_) => Some(Guard::Circuit),
            Self::Busy { .. } | Self::Overloaded { .. } => Some(Guard::Pool),
            _ => None,
        }
    }

    /// What it means to a breaker around the store: what the caller has given says nothing about what is behind it, and that the store
    /// refuses is no failure.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Timeout(_) => Outcome::TimedOut,
            Self::Unavailable(_)
            | Self::Stuck(_)
            | Self::Interrupted
            | Self::Backend(BackendError::Failed(_) | BackendError::Unknown(_)) => Outcome::Failure,
            Self::Overloaded { .. } | Self::Busy { .. } | Self::CircuitOpen(_) => Outcome::Refused,
            _ => Outcome::Ignored,
        }
    }

    /// Whether the event may be stored although nobody has said that it is.
    #[must_use]
    pub const fn may_be_stored(&self) -> bool {
        matches!(
            self,
            Self::Timeout(_)
                | Self::Unavailable(_)
                | Self::Interrupted
                | Self::Backend(BackendError::Unknown(_))
        )
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Taken(id) => Self::Taken { id },
            Refused::NoRoom(id) => Self::NoRoom { id },
        }
    }
}

/// Why an event store has not started.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventStoreStartError {
    /// It was not started in a namespace.
    #[error("an event store is started in a namespace")]
    NoNamespace,
    /// The spec is wrong.
    #[error("{0}")]
    Spec(Faults),
    /// The program was built without this backend.
    #[error("this program was built without the feature `{0}`")]
    NotBuiltIn(&'static str),
    /// There is no connection pool of this name and kind.
    #[error("the namespace has no connection pool `{0}` for {1}")]
    NoPool(String, &'static str),
    /// The backend cannot be opened.
    #[error("{0}")]
    Backend(#[from] BackendError),
    /// There is no room for its circuit breakers.
    #[error("the circuit breakers of the event store: {0}")]
    Breaker(RegisterCircuitError),
    /// Somebody else has the name.
    #[error("cannot register `event_store`: {0}")]
    Register(RegisterError),
}
