//! What guards the server against too many changes, and its callers against a server that does not answer.
//!
//! Reading goes by none of it: it needs no server.

use std::future::Future;

use mainstay_specs::{ConfigServerSpec, RateLimitConfig, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::{ConfigError, LoadError};
use super::handle::{NAME, service_name};
use crate::breaker::{CircuitBreakerRegistry, Outcome};
use crate::limiter::{AnyLimiter, RateKey, RateLimiterRegistry};
use crate::protection::{Protection, ProtectionError};

/// The rate limiter of updates, in the registry of the namespace. The circuit breaker of all changes has the [name](NAME) of the server.
pub const UPDATE_LIMIT: &str = "config_server.update";

/// The guards of one config server, which are those of its namespace: they go on when another server takes its place.
#[derive(Debug)]
pub(crate) struct Guards {
    /// Through the breaker and the limit.
    updates: Protection,
    /// Through the breaker alone.
    others: Protection,
    has_breaker: bool,
    has_limit: bool,
}

impl Guards {
    /// Nothing is refused.
    pub(crate) fn none() -> Self {
        Self {
            updates: Protection::new(service_name()),
            others: Protection::new(service_name()),
            has_breaker: false,
            has_limit: false,
        }
    }

    /// Those that a spec says. Guards of these names that are there already go by it from now on.
    pub(crate) fn of(namespace: &Namespace, spec: &ConfigServerSpec) -> Result<Self, LoadError> {
        let mut guards = Self::none();
        if let Some(config) = &spec.breaker {
            let breakers = CircuitBreakerRegistry::of(namespace);
            let breaker = breakers.circuit_going_by(&service_name(), config);
            let breaker = breaker.map_err(LoadError::Breaker)?;
            guards.updates = guards.updates.circuit(breaker.clone());
            guards.others = guards.others.circuit(breaker);
            guards.has_breaker = true;
        }
        if let Some(config) = &spec.update_limit {
            guards.updates = guards.updates.rate_limit(limiter(namespace, config)?, 1);
            guards.has_limit = true;
        }
        Ok(guards)
    }

    /// Those of `before` that are no more are not found in the namespace any more either.
    pub(crate) fn replace(&self, before: &Self, namespace: &Namespace) {
        if before.has_breaker && !self.has_breaker {
            CircuitBreakerRegistry::of(namespace).unregister(NAME);
        }
        if before.has_limit && !self.has_limit {
            RateLimiterRegistry::of(namespace).unregister(UPDATE_LIMIT);
        }
    }

    /// An update, unless it is refused.
    pub(crate) async fn update<T, F>(&self, update: impl FnOnce() -> F) -> Result<T, ConfigError>
    where
        F: Future<Output = Result<T, ConfigError>>,
    {
        through(&self.updates, update).await
    }

    /// Another change, unless it is refused.
    pub(crate) async fn change<T, F>(&self, change: impl FnOnce() -> F) -> Result<T, ConfigError>
    where
        F: Future<Output = Result<T, ConfigError>>,
    {
        through(&self.others, change).await
    }
}

async fn through<T, F>(
    protection: &Protection,
    change: impl FnOnce() -> F,
) -> Result<T, ConfigError>
where
    F: Future<Output = Result<T, ConfigError>>,
{
    // The limit is one for all.
    let call = protection.key(RateKey::global());
    Ok(call.run_with(outcome, change).await?)
}

fn limiter(namespace: &Namespace, config: &RateLimitConfig) -> Result<AnyLimiter, LoadError> {
    // Not empty, short, and without `/` and white space.
    let name = ServiceName::new(UPDATE_LIMIT).expect("a name");
    let limiters = RateLimiterRegistry::of(namespace);
    let limiter = limiters.limiter_or_register(&name, config);
    let limiter = limiter.map_err(LoadError::Limit)?;
    if *limiter.config() != *config {
        let changed = limiter.reconfigure(config.clone());
        changed.map_err(LoadError::Limit)?;
    }
    Ok(limiter)
}

/// What a result tells about the server.
pub(crate) fn outcome<T>(result: &Result<T, ConfigError>) -> Outcome {
    result
        .as_ref()
        .map_or_else(ConfigError::outcome, |_| Outcome::Success)
}

impl From<ProtectionError<Self>> for ConfigError {
    /// What the guards of the server can say; those that it has not, say nothing.
    fn from(error: ProtectionError<Self>) -> Self {
        match error {
            ProtectionError::Failed(error) => error,
            ProtectionError::CircuitOpen(refusal) => Self::ServiceCircuitOpen(Box::new(refusal)),
            ProtectionError::RateLimited(error) => Self::UpdateLimited(Box::new(error)),
            ProtectionError::Timeout { within, .. } => Self::Timeout(within),
            other => unreachable!("{NAME} has no guard that says: {other}"),
        }
    }
}
