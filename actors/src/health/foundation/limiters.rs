//! How rate limiters fare.

use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::CheckResult;
use super::{Home, look};
use crate::RateLimiterRegistry;
use crate::limiter::NAME;

/// How the rate limiters of a namespace fare: `rate_limiters_self_check`, which is degraded while the keeper is down, as limiters work all
/// the same; `rate_limiters_backends`, degraded while the server of one that is shared is not asked. That calls are refused is what they
/// are for, and no fault.
#[derive(Clone, Debug)]
pub struct RateLimitersHealthCheck(Home);

impl RateLimitersHealthCheck {
    /// Looks at the rate limiters of this namespace, as they are each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn backends(&self) -> CheckResult {
        const PART: &str = "rate_limiters_backends";
        look(PART, self.0.namespace(), |namespace| {
            let stats = RateLimiterRegistry::of(&namespace).stats();
            let shared = stats
                .iter()
                .filter(|limiter| limiter.redis.is_some())
                .count();
            let is_down = |redis: &crate::limiter::RedisStats| !redis.is_up;
            let down = stats
                .iter()
                .filter(|limiter| limiter.redis.as_ref().is_some_and(is_down));
            let down = down.count();
            let result = match down {
                0 => CheckResult::healthy(PART, "All counts are at hand"),
                _ => CheckResult::degraded(PART, "The server of shared limits is not asked"),
            };
            result
                .with("limiters", stats.len())
                .with("shared", shared)
                .with("without_server", down)
        })
    }
}

impl HealthCheckable for RateLimitersHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "rate_limiters_self_check";
        look(PART, self.0.namespace(), |namespace| {
            if namespace.whereis(NAME).is_some() {
                return CheckResult::healthy(PART, "RateLimiters operational");
            }
            CheckResult::degraded(PART, "The keeper is down; limiters work all the same")
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.backends()]
    }
}
