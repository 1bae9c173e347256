//! Requests for a cleanup: how urgent, of what, and what becomes of them.

use std::fmt;
use std::time::Duration;

use mainstay_specs::{CleanupClass, PressureLevel, ServiceName};
use serde::Serialize;

/// How urgent a cleanup is: the more, the sooner its turn comes, and the more is given up at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CleanupPriority {
    /// Some time; only what will not be missed.
    #[default]
    Background,
    /// Soon, before memory is scarce: half of what there is, by whatever measure the strategy has.
    Proactive,
    /// Now, with all there is.
    Emergency,
}

impl CleanupPriority {
    /// As it is called in telemetry and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Proactive => "proactive",
            Self::Emergency => "emergency",
        }
    }

    /// How much is given up at least.
    pub(crate) const fn aggressiveness(self) -> f64 {
        match self {
            Self::Background => 0.0,
            Self::Proactive => 0.5,
            Self::Emergency => 1.0,
        }
    }
}

impl fmt::Display for CleanupPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How urgent a cleanup is at a level of pressure.
impl From<PressureLevel> for CleanupPriority {
    fn from(level: PressureLevel) -> Self {
        match level {
            PressureLevel::Low | PressureLevel::Medium => Self::Background,
            PressureLevel::High => Self::Proactive,
            PressureLevel::Critical => Self::Emergency,
        }
    }
}

/// A wish for a cleanup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is made"]
#[non_exhaustive]
pub struct CleanupRequest {
    /// Of which service; none for all of them.
    pub service: Option<ServiceName>,
    /// How urgent it is.
    pub priority: CleanupPriority,
    /// How many bytes are to be freed. Without, the strategies of one class are run: the mildest that has any.
    pub target: Option<u64>,
    /// How long to keep what is kept by age, in place of what the strategies say.
    pub retention: Option<Duration>,
}

impl CleanupRequest {
    /// A cleanup of one service, in the background.
    pub const fn of(service: ServiceName) -> Self {
        Self {
            service: Some(service),
            priority: CleanupPriority::Background,
            target: None,
            retention: None,
        }
    }

    /// A cleanup of all services, in the background.
    pub const fn of_all() -> Self {
        Self {
            service: None,
            priority: CleanupPriority::Background,
            target: None,
            retention: None,
        }
    }

    /// Sets how urgent it is.
    pub const fn priority(mut self, priority: CleanupPriority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets how many bytes are to be freed.
    pub const fn target(mut self, bytes: u64) -> Self {
        self.target = Some(bytes);
        self
    }

    /// Sets how long to keep what is kept by age.
    pub const fn retention(mut self, time: Duration) -> Self {
        self.retention = Some(time);
        self
    }

    /// Has this one stand for another of the same service as well: as urgent, as much, and as young as either asks for.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.priority = self.priority.max(other.priority);
        self.target = self.target.max(other.target);
        self.retention = match (self.retention, other.retention) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// What becomes of a request. It is told at once; nobody waits for the cleanup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requested {
    /// It waits for its turn, which comes when the strategies have rested; if pressure is low by then, it is not needed any more. A round of
    /// all services that comes to the service before stands for it.
    Queued,
    /// There is one of the same service that waits or runs, or one of all services that is just at this one, and stands for this one too:
    /// it is as urgent, and has as much to free.
    Coalesced,
    /// No strategy is known for the service.
    NoStrategy,
    /// All strategies of the service are of a higher class than may be carried out.
    NotAllowed {
        /// The lowest of them.
        class: CleanupClass,
        /// The highest that may be.
        class_max: CleanupClass,
    },
    /// Memory is not freed, as `pressure_relief_enabled` is false.
    Off,
    /// There is no memory manager, or the namespace has ended.
    Stopped,
}
