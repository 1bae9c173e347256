//! Why a protected function gave no answer of its own.

use std::time::Duration;

use mainstay_specs::ServiceName;

use super::error::{CircuitError, Refusal, RegisterCircuitError};
use super::outcome::Outcome;

/// Why a call of a function with `#[mainstay::protected]` came to nothing, but for the errors that the function gives itself.
///
/// The error of such a function is made of this, by `From` or the option `error`. [`CircuitError`] can be made of it, and whatever takes
/// any error, such as `Box<dyn Error + Send + Sync>`.
///
/// ```
/// use mainstay_actors::breaker::Unanswered;
///
/// #[derive(Debug, thiserror::Error)]
/// enum FetchError {
///     #[error("there is no such page")]
///     NotFound,
///     #[error(transparent)]
///     Unanswered(#[from] Unanswered),
/// }
/// # drop(FetchError::NotFound);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// The breaker did not let it through: nothing of the function was run.
    #[error(transparent)]
    Open(Refusal),
    /// It took longer than the breaker lets a call take, and was dropped. Only of functions that give a future.
    #[error("the call was not done within {0:?}")]
    Timeout(Duration),
    /// There is no breaker of this name in the namespace of the process that runs here: nothing of the function was run.
    #[error("there is no circuit breaker {0}")]
    Missing(ServiceName),
    /// No process of a namespace runs here, in which a breaker of this name could be: nothing of the function was run.
    #[error(
        "there is no namespace to look for the circuit breaker {0} in: no process of one runs here"
    )]
    NoNamespace(ServiceName),
    /// The breaker could not be made: nothing of the function was run.
    #[error(transparent)]
    Register(RegisterCircuitError),
}

impl Unanswered {
    /// What this means to a breaker around the one that it came from.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Open(_) | Self::Missing(_) | Self::NoNamespace(_) | Self::Register(_) => {
                Outcome::Refused
            }
            Self::Timeout(_) => Outcome::TimedOut,
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
}

/// [`NoNamespace`](Unanswered::NoNamespace) becomes [`Missing`](CircuitError::Missing).
impl<E> From<Unanswered> for CircuitError<E> {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Open(refusal) => Self::Open(refusal),
            Unanswered::Timeout(limit) => Self::Timeout(limit),
            Unanswered::Missing(name) | Unanswered::NoNamespace(name) => Self::Missing(name),
            Unanswered::Register(error) => Self::Register(error),
        }
    }
}
