//! How an operation ended.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The tag of a latency histogram that says how the operations ended: the text of an [`Outcome`].
pub const STATUS: &str = "status";

/// How an operation ended, as the tag [`STATUS`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It gave a value.
    Success,
    /// It gave an error.
    Error,
    /// It panicked.
    Panic,
    /// It took longer than it may: of a measured future, its error is tokio's [`Elapsed`](tokio::time::error::Elapsed).
    Timeout,
    /// Whoever waited for it stopped waiting: the future was dropped before it was done.
    Cancelled,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Success,
        Self::Error,
        Self::Panic,
        Self::Timeout,
        Self::Cancelled,
    ];

    /// The value of the tag.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it goes into the error rate as a failure. What was cancelled is neither a success nor a failure.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Error | Self::Panic | Self::Timeout)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is that of no [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected success, error, panic, timeout or cancelled")]
pub struct UnknownOutcome;

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        let mut all = Self::ALL.into_iter();
        all.find(|outcome| outcome.as_str() == text)
            .ok_or(UnknownOutcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_read_back_from_its_text() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        assert_eq!("ok".parse::<Outcome>(), Err(UnknownOutcome));
    }
}
