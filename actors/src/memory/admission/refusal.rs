//! What becomes of an operation, and why it is refused.

use std::fmt;
use std::time::Duration;

use mainstay_specs::{PressureLevel, ServiceName};

use super::class::OperationClass;
use crate::clock::in_milliseconds;

/// What becomes of an operation.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an operation that is refused is not to be done"]
#[allow(clippy::exhaustive_enums)]
pub enum Admission {
    /// It may begin.
    Allow,
    /// It may begin after so long; there is no need to ask again.
    Delay(Duration),
    /// It may not.
    Refuse(MemoryPressure),
}

impl Admission {
    /// Whether it may begin, now or later.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        !matches!(self, Self::Refuse(_))
    }

    /// How long to wait before it begins.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn into_result(self) -> Result<Duration, MemoryPressure> {
        match self {
            Self::Allow => Ok(Duration::ZERO),
            Self::Delay(time) => Ok(time),
            Self::Refuse(why) => Err(why),
        }
    }
}

/// An operation is refused, as memory is scarce.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("memory pressure is {level}, from {}: {reason} for a {class} of {bytes} bytes; come back in {}", Source(.source_name), in_milliseconds(*.retry_after))]
#[non_exhaustive]
pub struct MemoryPressure {
    /// The class of the operation.
    pub class: OperationClass,
    /// How many bytes it was to take.
    pub bytes: u64,
    /// Why it is refused.
    pub reason: RefusalReason,
    /// How scarce memory is.
    pub level: PressureLevel,
    /// The share that is taken.
    pub ratio: f64,
    /// Where the pressure comes from: the source with the highest share, if there is one.
    pub source_name: Option<ServiceName>,
    /// In how long to come back, if at all.
    pub retry_after: Duration,
}

struct Source<'a>(&'a Option<ServiceName>);

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("no source", ServiceName::as_str))
    }
}

/// Why an operation is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// All of its class are, at this level.
    #[error("there is no admission")]
    Level,
    /// It was its turn, by chance: the more likely, the higher the pressure.
    #[error("there is admission for some only")]
    Shed,
    /// There is no room for it below the critical threshold.
    #[error("there is room for {room} bytes, of which {reserved} are reserved, and none")]
    NoRoom {
        /// For how many bytes there is room in all.
        room: u64,
        /// How many of them others have reserved.
        reserved: u64,
    },
}

impl RefusalReason {
    /// As it is called in telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Shed => "shed",
            Self::NoRoom { .. } => "no_room",
        }
    }
}
