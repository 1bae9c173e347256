//! What can go wrong.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::Faults;
use mainstay_supervisors::{CallError, ExitReason, RegisterError};

use super::path::{ConfigPath, PathError};
use super::value::{ConfigKind, ConfigValue};
use crate::breaker::{Outcome, Refusal, RegisterCircuitError};
use crate::limiter::{RateLimitError, RegisterLimiterError};
use crate::protection::Guard;

/// Why the config server did not do what it was asked for. Nothing is changed then, but where it is said.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// What was given as a path is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// There is no value at the path.
    #[error("there is no value at `{path}`: {obstacle}")]
    NotFound {
        /// The path.
        path: ConfigPath,
        /// Where on the path it ends.
        obstacle: Obstacle,
    },
    /// There can be no value at the path: it leads into something that is neither a map nor a list, or past the end of a list.
    #[error("there is no place for a value at `{path}`: {obstacle}")]
    NoPlace {
        /// The path.
        path: ConfigPath,
        /// Where on the path it ends.
        obstacle: Obstacle,
    },
    /// The value is not what it was to be read as.
    #[error("the value at {} cannot be read as wanted: {message}", place(path))]
    Decode {
        /// The part that does not fit.
        path: ConfigPath,
        /// What was expected and what was found.
        message: String,
    },
    /// The value is of another kind than the one that is there.
    #[error(
        "expected {expected} at {}, as there is now, found {found}",
        place(path)
    )]
    WrongKind {
        /// Where; it may lie inside of what was to be updated. The root, if the whole is to be something else than a map.
        path: ConfigPath,
        /// The kind that is there.
        expected: ConfigKind,
        /// The kind of the value.
        found: ConfigKind,
    },
    /// The server was told which paths may be updated, and this is not among them.
    #[error("{} is not among the paths that may be updated", place(path))]
    NotUpdatable {
        /// The path.
        path: ConfigPath,
    },
    /// Too deep, too large, no finite number, or refused by a validator.
    #[error("{0}")]
    Invalid(Faults),
    /// A validator panicked, and so said neither yes nor no.
    #[error("a validator of the configuration panicked: {0}")]
    ValidatorPanicked(String),
    /// The configuration has changed since it was looked at.
    #[error("expected version {expected} of the configuration, found version {found}")]
    VersionMismatch {
        /// The version the change was made for.
        expected: u64,
        /// The version there is.
        found: u64,
    },
    /// There are as many subscribers as there may be.
    #[error("there are {max} subscribers, as many as there may be")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
    /// As many requests wait as may wait. Come back when the server has caught up.
    #[error("{waiting} requests wait for the config server, as many as may wait")]
    Overloaded {
        /// How many wait.
        waiting: usize,
    },
    /// No actor was there to carry the request out, all the time.
    #[error("no config server was running for {0:?}")]
    Unavailable(Duration),
    /// The actor did not come to the request in time, and will not; or it was at it, and took too long, most likely over a
    /// validator.
    #[error("the config server did not answer within {0:?}")]
    Timeout(Duration),
    /// The actor ended while it carried the request out. Whether it did is to be seen from the configuration.
    #[error("the config server ended while it carried the request out: {0}")]
    Interrupted(ExitReason),
    /// The namespace has ended: nothing will change any more.
    #[error("the namespace of the config server has ended")]
    Stopped,
    /// A circuit breaker before the server refuses calls of this kind: that of its changes, or one of a
    /// [`ProtectedConfigServer`](crate::breaker::ProtectedConfigServer). Nothing was changed.
    #[error("the config server is not called: {0}")]
    ServiceCircuitOpen(Box<Refusal>),
    /// There are more updates than there may be, `update_limit` of the spec. Nothing was changed.
    #[error("the configuration is not updated: {0}")]
    UpdateLimited(Box<RateLimitError>),
    /// The request could not be made.
    #[error(transparent)]
    Call(CallError),
}

impl ConfigError {
    /// How long to wait before another try makes sense, if a guard before the server has refused the change and knows that; a second, if too
    /// many requests wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ServiceCircuitOpen(refusal) => refusal.retry_after(),
            Self::UpdateLimited(error) => error.retry_after(),
            Self::Overloaded { .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The guard that has refused, if one before the server has: as [`Guard::Pool`], of which there are so many places, also the bound of the
    /// requests that wait for it. Nothing was changed.
    #[must_use]
    pub const fn guard(&self) -> Option<Guard> {
        match self {
            Self::ServiceCircuitOpen(_) => Some(Guard::Circuit),
            Self::UpdateLimited(_) => Some(Guard::RateLimit),
            Self::Overloaded { .. } => Some(Guard::Pool),
            _ => None,
        }
    }

    /// What it means to a breaker around the server: a mistake of the caller's says nothing about it, nor does that its namespace has ended,
    /// and a refusal is no failure.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::ServiceCircuitOpen(_) | Self::UpdateLimited(_) | Self::Overloaded { .. } => {
                Outcome::Refused
            }
            Self::Timeout(_) => Outcome::TimedOut,
            Self::Unavailable(_)
            | Self::Interrupted(_)
            | Self::ValidatorPanicked(_)
            | Self::Call(_) => Outcome::Failure,
            _ => Outcome::Ignored,
        }
    }
}

/// How far a path leads, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Obstacle {
    /// The part of the path that leads to something.
    pub reached: ConfigPath,
    /// What is there.
    pub kind: ConfigKind,
    /// How many elements, if it is a list.
    pub len: Option<usize>,
    /// The segment that leads nowhere from there.
    pub segment: Box<str>,
}

impl Obstacle {
    /// The first `depth` segments of `path` lead to `value`, the next one nowhere.
    pub(crate) fn new(path: &ConfigPath, depth: usize, value: &ConfigValue) -> Self {
        Self {
            reached: ConfigPath::of_existing(&path.segments()[..depth]),
            kind: value.kind(),
            len: value.as_list().map(<[ConfigValue]>::len),
            segment: path.segments()[depth].clone(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind, len, segment, ..
        } = self;
        write!(f, "{} is ", place(&self.reached))?;
        match len {
            Some(1) => write!(f, "a list of 1 element, without `{segment}`"),
            Some(len) => write!(f, "a list of {len} elements, without `{segment}`"),
            None if *kind == ConfigKind::Map => write!(f, "a map without `{segment}`"),
            None => write!(f, "{kind}"),
        }
    }
}

fn place(path: &ConfigPath) -> String {
    if path.is_root() {
        return "the root".to_owned();
    }
    format!("`{path}`")
}

/// Why the config server did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It was started outside of any namespace.
    #[error("a config server lives in a namespace; it was started outside of any")]
    NoNamespace,
    /// Its name is held by another process of the namespace, most likely by another config server.
    #[error("the name of the config server: {0}")]
    Register(#[from] RegisterError),
    /// There is no room for its circuit breaker, or that cannot be.
    #[error("the circuit breaker of the config server: {0}")]
    Breaker(RegisterCircuitError),
    /// There is no room for the rate limiter of its updates, or that cannot be.
    #[error("the rate limiter of updates: {0}")]
    Limit(RegisterLimiterError),
    /// The limits in its spec cannot be.
    #[error("the spec of the config server is wrong: {0}")]
    Spec(Faults),
    /// The file with the content to start with could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<std::io::Error>,
    },
    /// The file is longer than [`FILE_BYTES_MAX`](mainstay_specs::FILE_BYTES_MAX).
    #[error("{}: expected at most {} bytes", path.display(), mainstay_specs::FILE_BYTES_MAX)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is no text.
    #[error("{}: expected UTF-8 text, found something else at byte {}", path.display(), offset)]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that is no text, from 0.
        offset: usize,
    },
    /// The content to start with is wrong; of a file, with the name of it.
    #[error("{0}")]
    Content(Faults),
    /// The content is refused by the limits or a validator.
    #[error("the configuration to start with is refused: {0}")]
    Refused(ConfigError),
    /// Another config server has run in the namespace before, and the content it has left is refused.
    #[error("the configuration that is there already is refused: {0}")]
    Present(ConfigError),
}
