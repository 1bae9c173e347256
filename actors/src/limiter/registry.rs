//! The limiters of a namespace by name.

use std::sync::Arc;

use mainstay_specs::{RateLimitConfig, RateLimitersSpec, ServiceName};
use mainstay_supervisors::{Child, Namespace};

use super::admission::Admission;
use super::any::AnyLimiter;
use super::error::{RateLimitError, RegisterLimiterError};
use super::key::RateKey;
use super::limiters::Limiters;
use super::start;
use super::stats::LimiterStats;

/// The id of the child that keeps the limiters of a namespace, and the name it is registered under.
pub const NAME: &str = "rate_limiters";

/// The rate limiters of a namespace: a handle, cheap to clone.
///
/// Each keeps its counts where its configuration says, in this process or in a server: whoever finds it by name need not know. Those
/// with the same server share a connection.
///
/// They can be made and used whether the service [`child`](Self::child) runs or not. It clears away keys that are idle; it may crash
/// at any moment, which no caller notices.
///
/// While it runs, the telemetry of the namespace is told what its limiters do, in events `foundation.rate_limiter.*`
/// ([`CATALOGUE`](crate::telemetry::CATALOGUE)), and its metrics count `foundation.rate_limiter.allowed` and
/// `foundation.rate_limiter.limited` by `policy`. That is done once an interval, `report_every` of the spec, with counts: an attack
/// makes no more events than a single call. The handler of such an event that is attached inline is called by the keeper.
///
/// To find a limiter takes a lock for the time of one lookup: keep the handle where calls are many.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{RateKey, RateLimiterRegistry, check_in};
/// use mainstay_specs::{NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let api = ServiceName::new("api")?;
/// let config = RateLimitConfig::token_bucket(5, Duration::from_secs(60)).burst_limit(10);
/// let spec = RateLimitersSpec::default().limiter(api.clone(), config);
/// let plan = NamespacePlan::new().service(RateLimiterRegistry::child(spec));
/// let runtime = Runtime::new();
/// let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
///
/// for _ in 0..5 {
///     check_in(&production, &api, RateKey::user("ada")).await?;
/// }
/// assert!(check_in(&production, &api, RateKey::user("ada")).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiterRegistry {
    limiters: Arc<Limiters>,
}

impl RateLimiterRegistry {
    /// The keeper of the limiters as a child, to be started in a namespace.
    ///
    /// The limiters of the spec are made at its first start, which fails if others have taken their room. Those that are there
    /// already, also at a restart, keep their keys and their configuration; those that were unregistered stay away. Another keeper, started
    /// later in the same namespace, makes those that its spec names and the one before did not.
    #[must_use]
    #[track_caller]
    pub fn child(spec: RateLimitersSpec) -> Child {
        start::child(spec)
    }

    /// The limiters of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            limiters: Limiters::of(namespace),
        }
    }

    /// Makes a limiter.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::AlreadyRegistered`], [`RegisterLimiterError::TooMany`], [`RegisterLimiterError::Config`].
    pub fn register(
        &self,
        name: ServiceName,
        config: RateLimitConfig,
    ) -> Result<AnyLimiter, RegisterLimiterError> {
        self.limiters.insert(name, config)
    }

    /// The limiter of this name, as it is; made with this configuration if there is none.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::TooMany`], [`RegisterLimiterError::Config`], if there is none and it cannot be made.
    pub fn limiter_or_register(
        &self,
        name: &ServiceName,
        config: &RateLimitConfig,
    ) -> Result<AnyLimiter, RegisterLimiterError> {
        self.limiters.find_or_insert(name, config)
    }

    /// Goes by `new` where it differs from `old`, by which they have been until now: what it does not name any more is unregistered as by
    /// hand, others go by their new configuration, and what comes is made. A limiter
    /// whose algorithm or server changes is another one, whose keys begin anew. What somebody has unregistered meanwhile stays away.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError`], with its place; [`RegisterLimiterError::Config`] of a wrong spec before anything has changed, all others
    /// after what comes before.
    pub fn renew(
        &self,
        old: &RateLimitersSpec,
        new: &RateLimitersSpec,
    ) -> Result<(), RegisterLimiterError> {
        new.validate().map_err(RegisterLimiterError::Config)?;
        self.limiters.renew(old, new)
    }

    /// Forgets a limiter, and hands it out. It goes on working for whoever holds it, and its name is free. Telemetry is told of it for
    /// the last time.
    pub fn unregister(&self, name: &str) -> Option<AnyLimiter> {
        self.limiters.remove(name)
    }

    /// The limiter of this name.
    #[must_use]
    pub fn limiter(&self, name: &str) -> Option<AnyLimiter> {
        self.limiters.find(name)
    }

    /// Lets a call through the limiter of this name that costs 1, or refuses it, as [`AnyLimiter::check`].
    ///
    /// # Errors
    ///
    /// Those of [`AnyLimiter::check`], and [`RateLimitError::Missing`]: a misspelt name is no limit.
    ///
    /// Cancel safety: as that of [`AnyLimiter::check`].
    pub async fn check<'a>(
        &self,
        name: &ServiceName,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Admission, RateLimitError> {
        match self.limiters.find(name.as_str()) {
            Some(limiter) => limiter.check(key).await,
            None => Err(RateLimitError::Missing(name.clone())),
        }
    }

    /// All limiters, by name.
    #[must_use]
    pub fn limiters(&self) -> Vec<AnyLimiter> {
        self.limiters.all()
    }

    /// Everything there is to know about them, by name.
    #[must_use]
    pub fn stats(&self) -> Vec<LimiterStats> {
        self.limiters.all().iter().map(AnyLimiter::stats).collect()
    }
}

/// Lets a call through a limiter of a namespace that costs 1, or refuses it.
///
/// # Errors
///
/// As [`RateLimiterRegistry::check`].
///
/// Cancel safety: as that of [`AnyLimiter::check`].
pub async fn check_in<'a>(
    namespace: &Namespace,
    name: &ServiceName,
    key: impl Into<Option<RateKey<'a>>>,
) -> Result<Admission, RateLimitError> {
    RateLimiterRegistry::of(namespace).check(name, key).await
}
