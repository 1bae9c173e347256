//! The numbers of events.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The highest number that a caller may give an event, 2^52 - 1: the store counts on from there, and has as many again until JavaScript
/// cannot tell a number from its neighbours.
pub const EVENT_ID_MAX: u64 = (1 << 52) - 1;

/// The number of an event: from 1, unique in its namespace, and rising in the order in which the store was given those it numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct EventId(NonZeroU64);

impl EventId {
    /// The first.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// This number; `None` for 0 and for those above 2^63 - 1, which databases do not hold.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= i64::MAX as u64 => Some(Self(number)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number that follows; the last one is its own.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        match Self::new(self.get() + 1) {
            Some(next) => next,
            None => self,
        }
    }
}

impl TryFrom<u64> for EventId {
    type Error = NoEventId;

    fn try_from(number: u64) -> Result<Self, NoEventId> {
        Self::new(number).ok_or_else(|| NoEventId(number.to_string()))
    }
}

impl From<EventId> for u64 {
    fn from(id: EventId) -> Self {
        id.get()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text is no number of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of an event, from 1, found {0}")]
#[non_exhaustive]
pub struct NoEventId(pub String);

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        let number = text.parse().ok().and_then(Self::new);
        number.ok_or_else(|| NoEventId(format!("{:?}", text.chars().take(32).collect::<String>())))
    }
}
