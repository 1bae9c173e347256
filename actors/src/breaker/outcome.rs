//! What a call came to, and who says so.

use std::fmt;

use crate::protection::Guard;

/// What a call came to, as a breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It succeeded. It counts as slow too if the breaker was told which calls are, and it took that long.
    Success,
    /// It failed; slow too, as above.
    Failure,
    /// It succeeded and was slow, whatever the clock says.
    Slow,
    /// It tells nothing about what is protected, such as a caller's own mistake: it counts for no rule.
    Ignored,
    /// It was not done in time. A failure.
    TimedOut,
    /// The caller gave up before it was done. It tells nothing.
    Cancelled,
    /// It panicked. A failure.
    Panicked,
    /// It was not made at all, as another guard refused it: one before it, or one further in, of the service that it asks. It tells nothing.
    Refused,
}

impl Outcome {
    /// Whether it counts as failed.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::TimedOut | Self::Panicked)
    }

    /// Whether it counts for no rule, and gives the permit of a probe to another.
    #[must_use]
    pub const fn is_neutral(self) -> bool {
        matches!(self, Self::Ignored | Self::Cancelled | Self::Refused)
    }

    /// One word, in lower case: `success`, `timed_out`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Slow => "slow",
            Self::Ignored => "ignored",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says what the result of a call means for a breaker.
///
/// Any `Fn(&Result<T, E>) -> Outcome` is one.
///
/// ```
/// use mainstay_actors::breaker::{Classify, Outcome};
///
/// let classify = |result: &Result<u8, std::io::Error>| match result {
///     Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Outcome::Ignored,
///     Err(_) => Outcome::Failure,
///     Ok(_) => Outcome::Success,
/// };
/// assert_eq!(classify.classify(&Ok(1)), Outcome::Success);
/// ```
pub trait Classify<T, E> {
    /// What this result means. A panic in here counts as one of the call.
    fn classify(&self, result: &Result<T, E>) -> Outcome;

    /// Which guard has refused, of a result that was found [`Outcome::Refused`]: one further in, such as the bound of what the service behind the
    /// operation does at a time. A [`Protection`](crate::protection::Protection) tells of it as of its own. By default, that is not known.
    fn guard(&self, result: &Result<T, E>) -> Option<Guard> {
        let _ = result;
        None
    }
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> Classify<T, E> for F {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// `Ok` is a success and `Err` a failure, whatever is in it: also the refusal of a breaker inside of this one. It does not know of what
/// kind an error is: where breakers are nested, [`Nested`] does.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct ByResult;

impl<T, E> Classify<T, E> for ByResult {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}

/// For an operation that is itself run by a breaker: what the inner one refused was not made, and is no failure of what the
/// outer one protects. What came back of it is for the classifier in here, which should be that of the inner one: it is shown the
/// answer, and the operation's own error, by reference.
///
/// ```
/// use mainstay_actors::breaker::{ByResult, CircuitBreaker, Nested, Outcome};
/// use mainstay_specs::{CircuitConfig, ServiceName};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let touchy = CircuitConfig::default().failure_threshold(1);
/// let region = CircuitBreaker::new(ServiceName::new("region")?, touchy.clone())?;
/// let shard = CircuitBreaker::new(ServiceName::new("shard")?, touchy)?;
/// shard.force_open();
/// let call = || shard.execute(|| async { Ok::<_, &str>(1) });
/// assert!(region.execute_with(Nested(ByResult), call).await.is_err());
/// assert!(region.check_state().is_ok());
///
/// let classify = |result: &Result<&u8, &&str>| match *result {
///     Err(&"bad path") => Outcome::Ignored,
///     Err(_) => Outcome::Failure,
///     Ok(_) => Outcome::Success,
/// };
/// shard.reset();
/// let mistake = || shard.execute(|| async { Err::<u8, _>("bad path") });
/// assert!(region.execute_with(Nested(classify), mistake).await.is_err());
/// assert!(region.check_state().is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Nested<C = ByResult>(pub C);

impl<T, E, C> Classify<T, super::CircuitError<E>> for Nested<C>
where
    C: for<'a> Classify<&'a T, &'a E>,
{
    fn classify(&self, result: &Result<T, super::CircuitError<E>>) -> Outcome {
        match result {
            Ok(answer) => self.0.classify(&Ok(answer)),
            Err(super::CircuitError::Failed(error)) => self.0.classify(&Err(error)),
            Err(error) => error.outcome(),
        }
    }

    fn guard(&self, result: &Result<T, super::CircuitError<E>>) -> Option<Guard> {
        match result {
            Ok(answer) => self.0.guard(&Ok(answer)),
            Err(super::CircuitError::Failed(error)) => self.0.guard(&Err(error)),
            Err(_) => Some(Guard::Circuit),
        }
    }
}
