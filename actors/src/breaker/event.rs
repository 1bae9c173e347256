//! What a breaker does, told to whoever listens.

use std::fmt;
use std::time::Duration;

use mainstay_specs::{NamespaceName, ServiceName};
use serde::Serialize;
use tokio::time::Instant;

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CircuitState {
    /// Lets them through, and watches what they come to.
    Closed,
    /// Refuses them, until its time is up.
    Open,
    /// Lets a few through, to find out.
    HalfOpen,
    /// Refuses them, as it was told to.
    ForcedOpen,
    /// Lets them through, as it was told to; it counts outcomes, and opens on none.
    ForcedClosed,
    /// Lets them through and does not look at them.
    Disabled,
    /// Lets them through, and counts how often it would have opened.
    MetricsOnly,
}

impl CircuitState {
    /// One word, in lower case: `closed`, `half_open`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }

    /// Which it is, from 0 to 6: closed, those that refuse, those that let everything through.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
            Self::ForcedOpen => 3,
            Self::ForcedClosed => 4,
            Self::Disabled => 5,
            Self::MetricsOnly => 6,
        }
    }

    /// That of this number, or of that modulo 8; of 7, which none has, closed.
    pub(crate) const fn numbered(number: u64) -> Self {
        match number % 8 {
            1 => Self::Open,
            2 => Self::HalfOpen,
            3 => Self::ForcedOpen,
            4 => Self::ForcedClosed,
            5 => Self::Disabled,
            6 => Self::MetricsOnly,
            _ => Self::Closed,
        }
    }

    /// Whether it is as it is because somebody said so.
    #[must_use]
    pub const fn is_forced(self) -> bool {
        !matches!(self, Self::Closed | Self::Open | Self::HalfOpen)
    }
}

impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a breaker went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "cause")]
#[non_exhaustive]
pub enum Cause {
    /// So many failures within the time that they count for.
    Failures {
        /// How many.
        count: u32,
    },
    /// So many failures in a row.
    ConsecutiveFailures {
        /// How many.
        count: u32,
    },
    /// This share of the calls had failed.
    FailureRate {
        /// The share.
        rate: f64,
    },
    /// This share of the calls was slow.
    SlowRate {
        /// The share.
        rate: f64,
    },
    /// This share of the calls had failed or was slow.
    CombinedRate {
        /// The share.
        rate: f64,
    },
    /// So many calls had not come back in time.
    InFlight {
        /// How many.
        calls: u32,
    },
    /// It had refused for long enough.
    TimeUp,
    /// Enough of the probes succeeded.
    ProbesSucceeded,
    /// So many of the probes failed that not enough can succeed.
    ProbesFailed,
    /// Somebody said so.
    Forced,
    /// Somebody said it was to begin anew.
    Reset,
    /// The process that it follows was restarted, or started for the first time since it is followed.
    Restarted,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures { count } => write!(f, "{count} failures within the window"),
            Self::ConsecutiveFailures { count } => write!(f, "{count} failures in a row"),
            Self::FailureRate { rate } => write!(f, "{:.1} % of the calls failed", rate * 100.0),
            Self::SlowRate { rate } => write!(f, "{:.1} % of the calls were slow", rate * 100.0),
            Self::CombinedRate { rate } => {
                write!(f, "{:.1} % of the calls failed or were slow", rate * 100.0)
            }
            Self::InFlight { calls } => write!(f, "{calls} calls did not come back in time"),
            Self::TimeUp => f.write_str("it has refused for long enough"),
            Self::ProbesSucceeded => f.write_str("enough probes succeeded"),
            Self::ProbesFailed => f.write_str("too many probes failed"),
            Self::Forced => f.write_str("it was told to"),
            Self::Reset => f.write_str("it was reset"),
            Self::Restarted => f.write_str("the process it follows was started"),
        }
    }
}

/// One step of a breaker from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// The number of this event of the breaker, from 1, without a gap.
    pub sequence: u64,
    /// What it was.
    pub from: CircuitState,
    /// What it is.
    pub to: CircuitState,
    /// Why.
    #[serde(flatten)]
    pub cause: Cause,
    /// When, since the breaker was made. A time that was up is told with the moment it was up, also if it was noticed later.
    #[serde(rename = "at_ms", serialize_with = "super::stats::milliseconds")]
    pub at: Duration,
    /// How many calls had failed since the transition before.
    pub failure_count: u64,
    /// How many calls had succeeded since the transition before.
    pub success_count: u64,
}

/// What a breaker tells.
///
/// A generation of calls may begin without an event, as the state is the same: by a reset of a closed breaker, by being told again
/// what it was told before, and when what a half-open one follows is restarted. A call that comes back too late to count is no
/// event either; [`Totals::late`](super::Totals::late) counts them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[non_exhaustive]
pub enum CircuitEventKind {
    /// It went from one state to another. Exactly one event for each time it did.
    Transition(Transition),
    /// So many probes told nothing since it is half open: they were cancelled or ignored. It goes on letting others try.
    ProbesInconclusive {
        /// The number of this event of the breaker, from 1, without a gap.
        sequence: u64,
        /// How many since it is half open.
        probes: u64,
    },
    /// It goes by another configuration.
    Reconfigured {
        /// The number of this event of the breaker, from 1, without a gap.
        sequence: u64,
        /// The version of the configuration.
        version: u64,
    },
}

impl CircuitEventKind {
    /// The number of the event.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Transition(transition) => transition.sequence,
            Self::ProbesInconclusive { sequence, .. } | Self::Reconfigured { sequence, .. } => {
                *sequence
            }
        }
    }
}

/// What happened to which breaker.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CircuitEvent {
    /// The namespace of the breaker; none for one that stands alone.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub name: ServiceName,
    /// Which of a family it is, if it is of one.
    pub key: Option<String>,
    /// What it did.
    #[serde(flatten)]
    pub kind: CircuitEventKind,
}

impl CircuitEvent {
    /// The transition, if it is one.
    #[must_use]
    pub const fn transition(&self) -> Option<&Transition> {
        match &self.kind {
            CircuitEventKind::Transition(transition) => Some(transition),
            CircuitEventKind::ProbesInconclusive { .. } | CircuitEventKind::Reconfigured { .. } => {
                None
            }
        }
    }
}

/// Times of a breaker are counted from when it was made, by the clock of tokio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(Instant);

impl Epoch {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> u64 {
        // More nanoseconds than that are 584 years.
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn instant(self, at: u64) -> Instant {
        self.0 + Duration::from_nanos(at)
    }
}
