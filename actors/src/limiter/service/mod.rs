//! A service behind limiters.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`RateLimitedService`] |
//! | `call.rs` | [`LimitedCall`]: one call of it |
//! | `error.rs` | [`RateLimitedError`] |

mod call;
mod error;

use std::collections::BTreeMap;

use mainstay_specs::{RateLimitConfig, ServiceName};
use mainstay_supervisors::Namespace;

pub use call::LimitedCall;
pub use error::RateLimitedError;

use super::any::AnyLimiter;
use super::error::RegisterLimiterError;
use super::handle::Limiter;
use super::key::RateKey;
use super::kinds::RateLimiter;
use super::registry::RateLimiterRegistry;

/// A service of any kind behind limiters: all its calls share a limit, but for those of functions that have a limit of their own.
///
/// It is for what is not one's own code, or is limited at the place it is called from; `#[mainstay::rate_limited]` is for functions
/// that are limited whoever calls them. `L` is any [`RateLimiter`]: one of this process, one that
/// machines share, or an [`AnyLimiter`], which is the one or the other.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{Limiter, RateKey, RateLimitedError, RateLimitedService};
/// use mainstay_specs::{RateLimitConfig, ServiceName};
///
/// struct Search;
///
/// impl Search {
///     async fn find(&self, text: &str) -> Result<usize, std::io::Error> {
///         Ok(text.len())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let minute = Duration::from_secs(60);
/// let all = Limiter::new(ServiceName::new("search")?, RateLimitConfig::token_bucket(100, minute))?;
/// let exports = Limiter::new(ServiceName::new("search.export")?, RateLimitConfig::fixed_window(1, minute))?;
/// let search = RateLimitedService::new(Search, all).with_function("export", exports);
///
/// let ada = RateKey::user("ada");
/// assert_eq!(search.call(ada).run(|search| search.find("cup")).await?, 3);
/// search.function("export", ada).run(|search| search.find("")).await?;
/// let refused = search.function("export", ada).run(|search| search.find("")).await;
/// assert!(matches!(refused, Err(RateLimitedError::Limited(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimitedService<S, L = Limiter> {
    service: S,
    limiter: L,
    /// Those of functions that have one of their own.
    functions: BTreeMap<&'static str, L>,
}

impl<S> RateLimitedService<S, AnyLimiter> {
    /// A service behind the limiter of this name in a namespace. It is made with this configuration, unless it is there already: then it
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`], [`RegisterLimiterError::TooMany`].
    pub fn in_namespace(
        namespace: &Namespace,
        name: &ServiceName,
        config: &RateLimitConfig,
        service: S,
    ) -> Result<Self, RegisterLimiterError> {
        let limiters = RateLimiterRegistry::of(namespace);
        let limiter = limiters.limiter_or_register(name, config)?;
        Ok(Self::new(service, limiter))
    }
}

impl<S, L: RateLimiter> RateLimitedService<S, L> {
    /// A service behind a limiter.
    #[must_use]
    pub const fn new(service: S, limiter: L) -> Self {
        Self {
            service,
            limiter,
            functions: BTreeMap::new(),
        }
    }

    /// Gives a function a limiter of its own, in place of that of the service; the last one that is given counts.
    #[must_use]
    pub fn with_function(mut self, function: &'static str, limiter: L) -> Self {
        self.functions.insert(function, limiter);
        self
    }

    /// The service itself, behind nothing.
    #[must_use]
    pub const fn unlimited(&self) -> &S {
        &self.service
    }

    /// The limiter of all functions that have none of their own.
    #[must_use]
    pub const fn limiter(&self) -> &L {
        &self.limiter
    }

    /// The limiter of a function's own, if it has one.
    #[must_use]
    pub fn limiter_of(&self, function: &str) -> Option<&L> {
        self.functions.get(function)
    }

    /// A call that goes by the limit of the service, and costs 1. Nothing is asked before it is run.
    pub fn call<'a>(&'a self, key: impl Into<Option<RateKey<'a>>>) -> LimitedCall<'a, S, L> {
        LimitedCall::new(&self.service, Ok(&self.limiter), key.into())
    }

    /// A call that goes by the limit of this function's own, and costs 1. Nothing is asked before it is run; it comes to
    /// [`RateLimitedError::UnknownFunction`] if the function has none.
    pub fn function<'a>(
        &'a self,
        function: &'a str,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> LimitedCall<'a, S, L> {
        let limiter = self.functions.get(function).ok_or(function);
        LimitedCall::new(&self.service, limiter, key.into())
    }
}
