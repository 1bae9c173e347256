//! What `#[rate_limited]` writes calls of. To be used through it.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use mainstay_specs::{RateLimitConfig, ServiceName};
use mainstay_supervisors::current;

use super::digest::Digest;
pub use super::error::RateLimitError;
use super::error::RegisterLimiterError;
use super::handle::Limiter;
use super::key::RateKey;
pub use super::keyed::{api_key, custom, given, global, ip, user};
use super::kinds::{FixedWindowLimiter, SlidingWindowLimiter, TokenBucketLimiter};
use super::registry::RateLimiterRegistry;

/// What becomes of a call if there is no limiter of the name.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Absent {
    /// It comes to an error.
    Error,
    /// It is made without a limit.
    Allow,
    /// The limiter is made with this configuration.
    Create(RateLimitConfig),
}

/// What the option `limiter` may be.
#[diagnostic::on_unimplemented(
    message = "`limiter` of `#[rate_limited]` cannot be a `{Self}`",
    note = "expected a name in quotes, a `ServiceName`, a `Limiter` or one of its kinds, or a `Result` of one as `RateLimiterRegistry::register` gives it"
)]
pub trait Limits {
    /// The limiter; `None` if the call is to be made without one.
    ///
    /// # Errors
    ///
    /// There is none.
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError>;
}

impl Limits for Limiter {
    fn limiter(
        &self,
        _: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
        Ok(Some(Cow::Borrowed(self)))
    }
}

impl Limits for Result<Limiter, RegisterLimiterError> {
    fn limiter(
        &self,
        _: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
        match self {
            Ok(limiter) => Ok(Some(Cow::Borrowed(limiter))),
            Err(error) => Err(RateLimitError::Register(Box::new(error.clone()))),
        }
    }
}

impl<L: Limits + ?Sized> Limits for &L {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
        (**self).limiter(absent)
    }
}

/// A type of limiter that holds a `Limiter`.
macro_rules! kind {
    ($($name:ident),+) => {$(
        impl Limits for $name {
            fn limiter(
                &self,
                absent: impl FnOnce() -> Absent,
            ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
                self.limiter().limiter(absent)
            }
        }
    )+};
}

kind!(TokenBucketLimiter, SlidingWindowLimiter, FixedWindowLimiter);

/// The limiter of this name in the namespace of the current process.
impl Limits for ServiceName {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
        find(self.as_str(), || self.clone(), absent)
    }
}

/// A name that was found to be one when the program was compiled.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Named(pub &'static str);

impl Limits for Named {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Cow<'_, Limiter>>, RateLimitError> {
        let name = || ServiceName::new(self.0).expect("the macro has looked at it");
        find(self.0, name, absent)
    }
}

fn find(
    text: &str,
    name: impl Fn() -> ServiceName,
    absent: impl FnOnce() -> Absent,
) -> Result<Option<Cow<'static, Limiter>>, RateLimitError> {
    let namespace = current().and_then(|process| process.namespace());
    let limiters = namespace.as_ref().map(RateLimiterRegistry::of);
    if let Some(limiter) = limiters.as_ref().and_then(|all| all.limiter(text)) {
        return Ok(Some(Cow::Owned(limiter)));
    }
    match (absent(), limiters) {
        (Absent::Allow, _) => Ok(None),
        (_, None) => Err(RateLimitError::NoNamespace(name())),
        (Absent::Error, Some(_)) => Err(RateLimitError::Missing(name())),
        (Absent::Create(config), Some(limiters)) => {
            let made = limiters.limiter_or_register(&name(), &config);
            let made = made.map_err(|error| RateLimitError::Register(Box::new(error)))?;
            Ok(Some(Cow::Owned(made)))
        }
    }
}

/// Asks for a call to be let through.
///
/// # Errors
///
/// The refusal, or that there is no limiter.
pub fn admit(
    limiter: &(impl Limits + ?Sized),
    absent: impl FnOnce() -> Absent,
    key: Option<RateKey<'_>>,
    cost: u32,
) -> Result<(), RateLimitError> {
    match limiter.limiter(absent)? {
        Some(limiter) => limiter.check_n(key, cost).map(drop),
        None => Ok(()),
    }
}

/// What is to be waited for, which holds nothing of that by which it was found.
#[derive(Debug)]
pub struct Turn {
    limiter: Limiter,
    digest: Option<Digest>,
    cost: u32,
}

/// Finds out what is to be waited for; nothing if a call is to be made without a limit.
///
/// # Errors
///
/// There is no limiter, or no key.
pub fn turn(
    limiter: &(impl Limits + ?Sized),
    absent: impl FnOnce() -> Absent,
    key: Option<RateKey<'_>>,
    cost: u32,
) -> Result<Option<Turn>, RateLimitError> {
    let Some(limiter) = limiter.limiter(absent)? else {
        return Ok(None);
    };
    Ok(Some(Turn {
        digest: limiter.cell().digest(key)?,
        limiter: limiter.into_owned(),
        cost,
    }))
}

/// Waits for it, no longer than `within`.
///
/// # Errors
///
/// Those of [`turn`], and of [`Limiter::wait_for`].
pub async fn wait(
    turn: Result<Option<Turn>, RateLimitError>,
    within: Option<Duration>,
) -> Result<(), RateLimitError> {
    let Some(turn) = turn? else { return Ok(()) };
    let waits = turn.limiter.wait_until(turn.digest, turn.cost, within);
    waits.await.map(drop)
}

/// What a limited function may return.
#[diagnostic::on_unimplemented(
    message = "`#[rate_limited]` is for functions that return a `Result`, not `{Self}`",
    label = "a call that is refused has to come to an error",
    note = "mark a method `#[unlimited]` to leave it as it is"
)]
pub trait Answer: Sized {
    /// Its error.
    type Error;

    /// It comes to this error.
    fn failed(error: Self::Error) -> Self;
}

impl<T, E> Answer for Result<T, E> {
    type Error = E;

    fn failed(error: E) -> Self {
        Err(error)
    }
}

/// Runs the future of a function.
pub async fn run<R: Answer, F: Future<Output = R>>(body: F) -> R {
    body.await
}

/// The function's own error for what became of a call.
pub fn failed<R: Answer>(limited: RateLimitError) -> R
where
    R::Error: From<RateLimitError>,
{
    R::failed(limited.into())
}

/// The same, as the option `error` has it.
pub fn failed_by<R: Answer>(
    limited: RateLimitError,
    error: impl FnOnce(RateLimitError) -> R::Error,
) -> R {
    R::failed(error(limited))
}

/// What the fallback gives.
pub fn fall_back<R: Answer>(
    refusal: RateLimitError,
    fallback: impl FnOnce(RateLimitError) -> R,
) -> R {
    fallback(refusal)
}

/// What the future of the fallback gives.
pub async fn fall_back_async<R: Answer, F: Future<Output = R>>(
    refusal: RateLimitError,
    fallback: impl FnOnce(RateLimitError) -> F,
) -> R {
    fallback(refusal).await
}
