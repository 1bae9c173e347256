//! A limiter, and what a request costs there.

use std::fmt;
use std::sync::Arc;

use super::head::RequestHead;
use crate::limiter::AnyLimiter;

type Cost = dyn Fn(RequestHead<'_>) -> u32 + Send + Sync;
type Exempt = dyn Fn(RequestHead<'_>) -> bool + Send + Sync;

/// What the quota of a policy is counted in, as clients are told (the parameter `qu`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaUnit {
    /// Requests.
    #[default]
    Requests,
    /// Bytes of content.
    ContentBytes,
}

/// A limiter around a service: what a request costs there, and which are not limited by it.
///
/// A limiter, of any type, is one in which each request costs 1.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{Limiter, RateLimitPolicy};
/// use mainstay_specs::RateLimitConfig;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RateLimitConfig::token_bucket(100, Duration::from_secs(60));
/// let limiter = Limiter::new("api".parse()?, config)?;
/// let policy = RateLimitPolicy::new(limiter)
///     .cost(|request| if request.uri.path() == "/search" { 10 } else { 1 })
///     .unless(|request| request.uri.path() == "/health");
/// # drop(policy);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RateLimitPolicy {
    pub(super) limiter: AnyLimiter,
    pub(super) unit: QuotaUnit,
    cost: Option<Arc<Cost>>,
    exempt: Option<Arc<Exempt>>,
}

impl RateLimitPolicy {
    /// Each request costs 1.
    #[must_use]
    pub fn new(limiter: impl Into<AnyLimiter>) -> Self {
        Self {
            limiter: limiter.into(),
            unit: QuotaUnit::Requests,
            cost: None,
            exempt: None,
        }
    }

    /// Sets what a request costs. One that costs nothing is let through.
    #[must_use]
    pub fn cost(mut self, cost: impl Fn(RequestHead<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }

    /// Sets which requests this does not limit.
    #[must_use]
    pub fn unless(
        mut self,
        exempt: impl Fn(RequestHead<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.exempt = Some(Arc::new(exempt));
        self
    }

    /// Sets what clients are told that is counted in. Default: requests.
    #[must_use]
    pub const fn unit(mut self, unit: QuotaUnit) -> Self {
        self.unit = unit;
        self
    }

    /// The limiter.
    #[must_use]
    pub const fn limiter(&self) -> &AnyLimiter {
        &self.limiter
    }

    /// What a request costs; nothing if this does not limit it.
    pub(super) fn cost_of(&self, request: RequestHead<'_>) -> u32 {
        if self.exempt.as_ref().is_some_and(|exempt| exempt(request)) {
            return 0;
        }
        self.cost.as_ref().map_or(1, |cost| cost(request))
    }
}

impl<L: Into<AnyLimiter>> From<L> for RateLimitPolicy {
    fn from(limiter: L) -> Self {
        Self::new(limiter)
    }
}

impl fmt::Debug for RateLimitPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitPolicy")
            .field("limiter", self.limiter.name())
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}
