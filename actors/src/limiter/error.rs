//! What can go wrong.

use std::time::Duration;

use mainstay_specs::{Faults, ServiceName, SpecPath};

use crate::clock::in_milliseconds;

/// A call that came too soon: which limiter, and when to come back.
///
/// A refusal is no failure of what is protected, and nothing was taken for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rate limit {policy} is reached, come back in {}", in_milliseconds(*.retry_after))]
#[non_exhaustive]
pub struct RateLimitExceeded {
    /// The limiter.
    pub policy: ServiceName,
    /// How much it lets through in each window.
    pub limit: u32,
    /// How long to wait before the same call is let through, if nobody else takes anything meanwhile. Never zero: a nanosecond
    /// before that, it would be refused again.
    pub retry_after: Duration,
}

/// Why a call was not let through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateLimitError {
    /// It came too soon.
    #[error(transparent)]
    Exceeded(RateLimitExceeded),
    /// It costs more than can ever be had at once, or than one call may cost. There is no use in waiting.
    #[error(
        "a call through the rate limit {policy} may cost {max} at most, and this one costs {cost}"
    )]
    TooCostly {
        /// The limiter.
        policy: ServiceName,
        /// What the call costs.
        cost: u32,
        /// The most that one may cost.
        max: u32,
    },
    /// It has no key, and the limiter lets nobody through without one.
    #[error("the rate limit {policy} lets nobody through without a key")]
    MissingKey {
        /// The limiter.
        policy: ServiceName,
    },
    /// Its key is new, there are as many as there may be, and none of those that were looked at is idle. When one will be, nobody
    /// knows.
    #[error("the rate limit {policy} has no room for another key, of which it has {keys}")]
    Full {
        /// The limiter.
        policy: ServiceName,
        /// How many keys there are.
        keys: u64,
    },
    /// As many callers wait as may.
    #[error("{max} callers wait for the rate limit {policy}, as many as may")]
    QueueFull {
        /// The limiter.
        policy: ServiceName,
        /// How many may wait.
        max: u32,
    },
    /// It would have to wait for longer than the caller would.
    #[error("the rate limit {policy} lets this call through in {}, which is not within {}", in_milliseconds(*.ready_in), in_milliseconds(*.within))]
    TooLate {
        /// The limiter.
        policy: ServiceName,
        /// How long it would take, counted from when this was found out.
        ready_in: Duration,
        /// How long the caller would have waited.
        within: Duration,
    },
    /// There is no limiter of this name.
    #[error("there is no rate limiter {0}")]
    Missing(ServiceName),
    /// No process of a namespace runs here, in which a limiter of this name could be. Only of functions with
    /// `#[mainstay::rate_limited]`.
    #[error(
        "there is no namespace to look for the rate limiter {0} in: no process of one runs here"
    )]
    NoNamespace(ServiceName),
    /// The limiter could not be made. Only of functions with `#[mainstay::rate_limited]`.
    #[error(transparent)]
    Register(Box<RegisterLimiterError>),
    /// The counts of this limiter are in a server, and whoever asks has no future in which it could be asked: `check_now`, or a
    /// function with `#[mainstay::rate_limited]` that is not `async` and gives no future.
    #[error(
        "the counts of the rate limiter {0} are in a server, which can only be asked where there is a future to await"
    )]
    Elsewhere(ServiceName),
    /// Its counts are in a server that has not given them, and the limiter refuses such calls, or would have to let more through
    /// than is this machine's part.
    #[error("the rate limit {policy} cannot be asked, and refuses meanwhile: {reason}")]
    Unavailable {
        /// The limiter.
        policy: ServiceName,
        /// What is wrong with the server.
        reason: Unavailable,
    },
    /// These limiters were to decide as one, and their counts are in different servers, or they have different connections.
    #[error(
        "the rate limits {policy} and {other} have no connection in common, and cannot decide as one"
    )]
    NotTogether {
        /// One of them.
        policy: ServiceName,
        /// The other.
        other: ServiceName,
    },
}

/// Why a server that keeps counts has not given them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// It has not answered in time. What it was asked to take, it may still take.
    #[error("no answer within {}", in_milliseconds(*.within))]
    TooSlow {
        /// The time it had.
        within: Duration,
    },
    /// It could not be reached, or it said that it will not.
    #[error("{told}")]
    Failed {
        /// What the system or the server says.
        told: String,
    },
    /// It has not answered several times, and is not asked for a while.
    #[error("it did not answer before, and is asked again in {}", in_milliseconds(*.retry_in))]
    Paused {
        /// When one call will try.
        retry_in: Duration,
    },
    /// As many calls are under way as may.
    #[error("{max} calls are under way, as many as may")]
    Busy {
        /// How many may.
        max: u32,
    },
    /// There is no tokio runtime to ask in, or it ended meanwhile.
    #[error("there is no runtime to ask in")]
    NoRuntime,
}

impl RateLimitError {
    /// How long to wait before another try makes sense, where that is known. Never zero.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Exceeded(exceeded) => Some(exceeded.retry_after),
            Self::TooLate { ready_in, .. } => Some(*ready_in),
            Self::Unavailable {
                reason: Unavailable::Paused { retry_in },
                ..
            } => Some(*retry_in),
            _ => None,
        }
    }

    /// Whether a limiter refused the call; not if there is none that could, or none that could be asked like this.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Missing(_)
                | Self::NoNamespace(_)
                | Self::Register(_)
                | Self::Elsewhere(_)
                | Self::NotTogether { .. }
        )
    }
}

/// Why a limiter was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterLimiterError {
    /// There is one of this name already.
    #[error("there is a rate limiter {0} already")]
    AlreadyRegistered(ServiceName),
    /// There are as many as there may be.
    #[error("there are {max} rate limiters, as many as there may be")]
    TooMany {
        /// How many there may be.
        max: u32,
    },
    /// The configuration cannot be.
    #[error("the configuration of the rate limiter is wrong: {0}")]
    Config(Faults),
    /// It is to be another algorithm, and keys are to keep what they have, which is of no meaning to it.
    #[error(
        "another algorithm can take nothing over: expected on_change to be reset, found {found}"
    )]
    Algorithm {
        /// What keys were to keep.
        found: &'static str,
    },
    /// The keys there are would not fit.
    #[error("the keys of the rate limiter would take {needed} bytes, and bytes_max is {max}")]
    TooManyBytes {
        /// What they would take.
        needed: u64,
        /// What they may take.
        max: u64,
    },
    /// The limiter is to be of one algorithm, and its configuration says another.
    #[error("expected the algorithm {expected}, found {found}")]
    OtherAlgorithm {
        /// What the type of limiter is for.
        expected: &'static str,
        /// What the configuration says.
        found: &'static str,
    },
    /// The limit is shared by machines, and cannot be changed like this.
    #[error("a limit that machines share cannot be changed like this: expected {expected}")]
    Shared {
        /// What the new configuration has to say.
        expected: &'static str,
    },
    /// The keeper was started outside of any namespace.
    #[error("rate limiters live in a namespace; their keeper was started outside of any")]
    NotInNamespace,
}

impl RegisterLimiterError {
    /// The same of the nth limiter of a spec: its faults are told with their place there.
    pub(crate) fn at_limiter(self, nth: usize) -> Self {
        let Self::Config(faults) = self else {
            return self;
        };
        let place = SpecPath::root()
            .field("limiters")
            .index(nth)
            .field("config");
        let placed = faults.into_iter().map(|fault| fault.inside(&place));
        let placed = Faults::from_list(placed.collect());
        Self::Config(placed.expect("there are as many as before"))
    }
}
