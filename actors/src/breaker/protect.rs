//! What `#[protected]` writes calls of. To be used through it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use mainstay_specs::{CircuitConfig, ServiceName};
use mainstay_supervisors::current;
use tokio::time::sleep;

use super::attempt::Attempt;
pub use super::error::{CircuitError, Refusal, RegisterCircuitError};
use super::handle::CircuitBreaker;
pub use super::outcome::Outcome;
use super::permit::OwnedPermit;
use super::registry::CircuitBreakerRegistry;
pub use super::unanswered::Unanswered;
pub use crate::answer::{Answer, failed, failed_by, fall_back, fall_back_async};
use crate::limiter::{RateLimitError, RateLimitedError};

/// What becomes of a call if there is no breaker of the name.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Absent {
    /// It comes to an error.
    Error,
    /// It is made without protection.
    Allow,
    /// The breaker is made by the default of the namespace.
    CreateDefault,
    /// The breaker is made with this configuration.
    Create(CircuitConfig),
}

/// The right to make a call: of a breaker, or because none is needed.
#[derive(Debug)]
pub struct Admitted(Option<(OwnedPermit, Option<Duration>)>);

impl Admitted {
    fn settle(self, outcome: impl FnOnce() -> Outcome) {
        if let Some((permit, _)) = self.0 {
            permit.settle(outcome());
        }
    }
}

/// What the option `breaker` may be.
#[diagnostic::on_unimplemented(
    message = "`breaker` of `#[protected]` cannot be a `{Self}`",
    note = "expected a name in quotes, a `ServiceName`, a `CircuitBreaker`, or a `Result` of one as `KeyedBreakers::breaker` gives it"
)]
pub trait Protects {
    /// The breaker; `None` if the call is to be made without one.
    ///
    /// # Errors
    ///
    /// There is none.
    fn breaker(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<CircuitBreaker>, Unanswered>;
}

impl Protects for CircuitBreaker {
    fn breaker(&self, _: impl FnOnce() -> Absent) -> Result<Option<CircuitBreaker>, Unanswered> {
        Ok(Some(self.clone()))
    }
}

impl Protects for Result<CircuitBreaker, RegisterCircuitError> {
    fn breaker(&self, _: impl FnOnce() -> Absent) -> Result<Option<CircuitBreaker>, Unanswered> {
        self.clone().map(Some).map_err(Unanswered::Register)
    }
}

impl<B: Protects + ?Sized> Protects for &B {
    fn breaker(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<CircuitBreaker>, Unanswered> {
        (**self).breaker(absent)
    }
}

/// The breaker of this name in the namespace of the current process.
impl Protects for ServiceName {
    fn breaker(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<CircuitBreaker>, Unanswered> {
        find(self.as_str(), || self.clone(), absent)
    }
}

/// A name that was found to be one when the program was compiled.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Named(pub &'static str);

impl Protects for Named {
    fn breaker(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<CircuitBreaker>, Unanswered> {
        let name = || ServiceName::new(self.0).expect("the macro has looked at it");
        find(self.0, name, absent)
    }
}

fn find(
    text: &str,
    name: impl Fn() -> ServiceName,
    absent: impl FnOnce() -> Absent,
) -> Result<Option<CircuitBreaker>, Unanswered> {
    let namespace = current().and_then(|process| process.namespace());
    let breakers = namespace.as_ref().map(CircuitBreakerRegistry::of);
    if let Some(breaker) = breakers.as_ref().and_then(|all| all.circuit(text)) {
        return Ok(Some(breaker));
    }
    let made = match (absent(), breakers) {
        (Absent::Allow, _) => return Ok(None),
        (_, None) => return Err(Unanswered::NoNamespace(name())),
        (Absent::Error, Some(_)) => return Err(Unanswered::Missing(name())),
        (Absent::CreateDefault, Some(breakers)) => breakers.circuit_or_default(&name()),
        (Absent::Create(config), Some(breakers)) => breakers.circuit_or_register(&name(), config),
    };
    made.map(Some).map_err(Unanswered::Register)
}

/// Asks for the right to make a call.
///
/// # Errors
///
/// The refusal, or that there is no breaker.
#[track_caller]
pub fn admit(
    breaker: &(impl Protects + ?Sized),
    absent: impl FnOnce() -> Absent,
) -> Result<Admitted, Unanswered> {
    let Some(breaker) = breaker.breaker(absent)? else {
        return Ok(Admitted(None));
    };
    let permit = breaker.try_acquire_owned().map_err(Unanswered::Open)?;
    Ok(Admitted(Some((permit, breaker.cell().call_timeout()))))
}

/// Runs the body of a function. A panic in it goes on, and counts as a failure.
pub fn call<R: Answer>(
    admitted: Admitted,
    body: impl FnOnce() -> R,
    judge: impl FnOnce(&R) -> Outcome,
) -> R {
    let answer = body();
    admitted.settle(|| judge(&answer));
    answer
}

/// Runs the future of a function, for as long as the breaker lets a call take.
pub async fn run<R: Answer>(
    admitted: Admitted,
    body: impl Future<Output = R>,
    judge: impl FnOnce(&R) -> Outcome,
    late: impl FnOnce(Unanswered) -> R,
) -> R {
    let (permit, limit) = admitted.0.unzip();
    let limit = limit.flatten();
    let mut attempt = Attempt::new(permit);
    let deadline = limit.map(sleep);
    let done = {
        let (mut body, mut deadline) = (pin!(body), pin!(deadline));
        poll_fn(|cx| attempt.poll(body.as_mut(), deadline.as_mut(), cx)).await
    };
    let Some(answer) = done else {
        attempt.settle(Outcome::TimedOut);
        return late(Unanswered::Timeout(limit.unwrap_or(Duration::MAX)));
    };
    let outcome = attempt.step(|| judge(&answer));
    attempt.settle(outcome);
    answer
}

/// What the option `classify` says of an answer.
pub fn judge<R>(answer: &R, classify: impl FnOnce(&R) -> Outcome) -> Outcome {
    classify(answer)
}

/// An answer, of which it is known where its type is what it means: methods are looked for among those of the type itself first,
/// then among those of a trait for it, then among those of a trait for a reference to it.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Judged<'a, R>(pub &'a R);

impl<T, E> Judged<'_, Result<T, CircuitError<E>>> {
    /// Of one that came through another breaker.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => error.outcome(),
        }
    }
}

impl<T> Judged<'_, Result<T, Unanswered>> {
    /// Of one that came through another breaker.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => error.outcome(),
        }
    }
}

impl<T> Judged<'_, Result<T, RateLimitError>> {
    /// Of one that a limiter may have refused.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Refused,
        }
    }
}

impl<T, E> Judged<'_, Result<T, RateLimitedError<E>>> {
    /// Of one that a limiter may have refused.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(RateLimitedError::Failed(_)) => Outcome::Failure,
            Err(RateLimitedError::Limited(_) | RateLimitedError::UnknownFunction(_)) => {
                Outcome::Refused
            }
        }
    }
}

/// Of any other result.
pub trait OfResult {
    /// An error is a failure.
    fn outcome(&self) -> Outcome;
}

impl<T, E> OfResult for Judged<'_, Result<T, E>> {
    fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}

/// Of what is no result, which [`Answer`] refuses: so that nothing else is said to be wrong with it.
pub trait OfAny {
    /// It tells nothing.
    fn outcome(&self) -> Outcome;
}

impl<R> OfAny for &Judged<'_, R> {
    fn outcome(&self) -> Outcome {
        Outcome::Ignored
    }
}
