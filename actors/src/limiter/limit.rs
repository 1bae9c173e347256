//! What `#[rate_limited]` writes calls of. To be used through it.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use mainstay_specs::{RateLimitConfig, ServiceName};
use mainstay_supervisors::current;

use super::any::AnyLimiter;
pub use super::error::RateLimitError;
use super::error::RegisterLimiterError;
use super::handle::Limiter;
use super::key::RateKey;
pub use super::keyed::{api_key, custom, given, global, ip, user};
use super::kinds::{FixedWindowLimiter, SlidingWindowLimiter, TokenBucketLimiter};
#[cfg(feature = "redis")]
use super::redis::RedisLimiter;
use super::registry::RateLimiterRegistry;
use super::turn;
pub use crate::answer::{Answer, failed, failed_by, fall_back, fall_back_async};

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

/// The limiter that was found.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)]
pub enum Found<'a> {
    /// One of this process.
    Local(&'a Limiter),
    /// One that keeps its counts wherever it does.
    Any(Cow<'a, AnyLimiter>),
}

impl Found<'_> {
    fn local(&self) -> Option<&Limiter> {
        match self {
            Self::Local(limiter) => Some(limiter),
            Self::Any(limiter) => limiter.local(),
        }
    }

    fn into_any(self) -> AnyLimiter {
        match self {
            Self::Local(limiter) => limiter.clone().into(),
            Self::Any(limiter) => limiter.into_owned(),
        }
    }
}

/// What the option `limiter` may be.
#[diagnostic::on_unimplemented(
    message = "`limiter` of `#[rate_limited]` cannot be a `{Self}`",
    note = "expected a name in quotes, a `ServiceName`, an `AnyLimiter`, a `Limiter` or one of its kinds, or a `Result` of one as `RateLimiterRegistry::register` gives it"
)]
pub trait Limits {
    /// The limiter; `None` if the call is to be made without one.
    ///
    /// # Errors
    ///
    /// There is none.
    fn limiter(&self, absent: impl FnOnce() -> Absent)
    -> Result<Option<Found<'_>>, RateLimitError>;
}

impl Limits for AnyLimiter {
    fn limiter(&self, _: impl FnOnce() -> Absent) -> Result<Option<Found<'_>>, RateLimitError> {
        Ok(Some(Found::Any(Cow::Borrowed(self))))
    }
}

impl<L: Limits> Limits for Result<L, RegisterLimiterError> {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Found<'_>>, RateLimitError> {
        match self {
            Ok(limiter) => limiter.limiter(absent),
            Err(error) => Err(RateLimitError::Register(Box::new(error.clone()))),
        }
    }
}

impl<L: Limits + ?Sized> Limits for &L {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Found<'_>>, RateLimitError> {
        (**self).limiter(absent)
    }
}

impl Limits for Limiter {
    fn limiter(&self, _: impl FnOnce() -> Absent) -> Result<Option<Found<'_>>, RateLimitError> {
        Ok(Some(Found::Local(self)))
    }
}

/// A type of limiter that holds a `Limiter`.
macro_rules! kind {
    ($($name:ident),+) => {$(
        impl Limits for $name {
            fn limiter(
                &self,
                _: impl FnOnce() -> Absent,
            ) -> Result<Option<Found<'_>>, RateLimitError> {
                Ok(Some(Found::Local(self.limiter())))
            }
        }
    )+};
}

kind!(TokenBucketLimiter, SlidingWindowLimiter, FixedWindowLimiter);

#[cfg(feature = "redis")]
impl Limits for RedisLimiter {
    fn limiter(&self, _: impl FnOnce() -> Absent) -> Result<Option<Found<'_>>, RateLimitError> {
        Ok(Some(Found::Any(Cow::Owned(self.clone().into()))))
    }
}

/// The limiter of this name in the namespace of the current process.
impl Limits for ServiceName {
    fn limiter(
        &self,
        absent: impl FnOnce() -> Absent,
    ) -> Result<Option<Found<'_>>, RateLimitError> {
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
    ) -> Result<Option<Found<'_>>, RateLimitError> {
        let name = || ServiceName::new(self.0).expect("the macro has looked at it");
        find(self.0, name, absent)
    }
}

fn find(
    text: &str,
    name: impl Fn() -> ServiceName,
    absent: impl FnOnce() -> Absent,
) -> Result<Option<Found<'static>>, RateLimitError> {
    let namespace = current().and_then(|process| process.namespace());
    let limiters = namespace.as_ref().map(RateLimiterRegistry::of);
    if let Some(limiter) = limiters.as_ref().and_then(|all| all.limiter(text)) {
        return Ok(Some(Found::Any(Cow::Owned(limiter))));
    }
    match (absent(), limiters) {
        (Absent::Allow, _) => Ok(None),
        (_, None) => Err(RateLimitError::NoNamespace(name())),
        (Absent::Error, Some(_)) => Err(RateLimitError::Missing(name())),
        (Absent::Create(config), Some(limiters)) => {
            let made = limiters.limiter_or_register(&name(), &config);
            let made = made.map_err(|error| RateLimitError::Register(Box::new(error)))?;
            Ok(Some(Found::Any(Cow::Owned(made))))
        }
    }
}

/// Asks for a call to be let through, of a function that has no future in which a server could be asked.
///
/// # Errors
///
/// The refusal, or that there is no limiter, or none that can be asked so.
pub fn admit(
    limiter: &(impl Limits + ?Sized),
    absent: impl FnOnce() -> Absent,
    key: Option<RateKey<'_>>,
    cost: u32,
) -> Result<(), RateLimitError> {
    let Some(found) = limiter.limiter(absent)? else {
        return Ok(());
    };
    match found.local() {
        Some(limiter) => limiter.check_n(key, cost).map(drop),
        None => Err(RateLimitError::Elsewhere(found.into_any().name().clone())),
    }
}

/// A call that is to be asked for, which holds nothing of that by which its limiter and its key were found.
#[derive(Debug)]
pub struct Turn(turn::Turn);

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
    let Some(found) = limiter.limiter(absent)? else {
        return Ok(None);
    };
    turn::Turn::of(&found.into_any(), key, cost).map(|turn| Some(Turn(turn)))
}

/// Asks for a call to be let through, as far as that takes no future: what is still to be asked, if anything is.
///
/// # Errors
///
/// The refusal, or that there is no limiter.
pub fn begin(
    limiter: &(impl Limits + ?Sized),
    absent: impl FnOnce() -> Absent,
    key: Option<RateKey<'_>>,
    cost: u32,
) -> Result<Option<Turn>, RateLimitError> {
    let Some(found) = limiter.limiter(absent)? else {
        return Ok(None);
    };
    match found.local() {
        Some(limiter) => limiter.check_n(key, cost).map(|_| None),
        None => turn::Turn::of(&found.into_any(), key, cost).map(|turn| Some(Turn(turn))),
    }
}

/// Asks for what is still to be asked.
///
/// # Errors
///
/// Those of [`begin`].
pub async fn ask(begun: Result<Option<Turn>, RateLimitError>) -> Result<(), RateLimitError> {
    match begun? {
        Some(Turn(turn)) => turn.take().await.map(drop),
        None => Ok(()),
    }
}

/// Waits for it, no longer than `within`.
///
/// # Errors
///
/// Those of [`turn()`], and of [`AnyLimiter::wait_for`].
pub async fn wait(
    turn: Result<Option<Turn>, RateLimitError>,
    within: Option<Duration>,
) -> Result<(), RateLimitError> {
    match turn? {
        Some(Turn(turn)) => turn.wait(within).await.map(drop),
        None => Ok(()),
    }
}

/// Runs the future of a function.
pub async fn run<R: Answer, F: Future<Output = R>>(body: F) -> R {
    body.await
}
