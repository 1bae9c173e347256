//! Services that look worse than they are.

use std::time::Duration;

use mainstay_actors::health::{
    CircuitBreakersHealthCheck, ConfigServerHealthCheck, HealthError, HealthStatus, Simulation,
};
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, HealthAggregator,
    MemoryManager, RateLimiterRegistry, TelemetryService,
};
use mainstay_actors::{breaker, config, event_store, limiter, memory, pool, telemetry};
use mainstay_specs::ServiceName;
use mainstay_supervisors::Namespace;

/// In which way a service looks worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Degradation {
    /// Its subscribers do not take what they are sent in time: it is degraded.
    SubscriberTimeout,
    /// What it needs refuses calls, or takes none: it is degraded.
    DependencyRefuses,
    /// It answers, but slowly: it is degraded.
    Slow,
    /// It does not answer: it is unhealthy.
    Down,
}

impl Degradation {
    const fn status(self) -> HealthStatus {
        match self {
            Self::SubscriberTimeout | Self::DependencyRefuses | Self::Slow => {
                HealthStatus::Degraded
            }
            Self::Down => HealthStatus::Unhealthy,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::SubscriberTimeout => "Subscribers do not answer in time",
            Self::DependencyRefuses => "What it needs refuses calls",
            Self::Slow => "It answers slowly",
            Self::Down => "Service unavailable",
        }
    }

    const fn part(self) -> &'static str {
        match self {
            Self::SubscriberTimeout => ConfigServerHealthCheck::SUBSCRIBERS,
            Self::DependencyRefuses => CircuitBreakersHealthCheck::OPEN,
            Self::Slow => "response_time",
            Self::Down => "availability",
        }
    }
}

/// A service that can be made to look worse than it is, for the health aggregator of its namespace.
///
/// ```
/// use mainstay::actors::health::{HealthAggregator, HealthStatus};
/// use mainstay::prelude::*;
/// use mainstay::specs::{ConfigServerSpec, HealthAggregatorSpec};
/// use mainstay::testkit::{Degradation, SimulateDegradation};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plan = NamespacePlan::new()
///     .service(ConfigServer::child(ConfigServerSpec::default()))
///     .service(HealthAggregator::child(HealthAggregatorSpec::default()));
/// let runtime = Runtime::new();
/// let namespace = runtime.start_namespace(NamespaceName::new("test")?, plan).await?;
///
/// let simulated = ConfigServer::simulate_degradation(&namespace, Degradation::SubscriberTimeout)?;
/// let health = HealthAggregator::system_health(&namespace).await?;
/// assert_eq!(health.status, HealthStatus::Degraded);
/// drop(simulated);
/// # Ok(())
/// # }
/// ```
pub trait SimulateDegradation {
    /// The name of its check.
    const SERVICE: &'static str;

    /// Makes the service look like that until what this gives is dropped, or an hour has gone by. It is looked at anew at once.
    ///
    /// # Errors
    ///
    /// [`HealthError::NotStarted`] without a health aggregator, [`HealthError::NoCheck`] if the service is not there.
    fn simulate_degradation(
        namespace: &Namespace,
        degradation: Degradation,
    ) -> Result<Simulation, HealthError> {
        let health = HealthAggregator::in_namespace(namespace);
        let health = health.ok_or_else(|| HealthError::NotStarted(namespace.name().clone()))?;
        let name = ServiceName::new(Self::SERVICE);
        let name = name.map_err(|_| HealthError::NoCheck(Self::SERVICE.to_owned()))?;
        let (status, message) = (degradation.status(), degradation.message());
        health.simulate(&name, degradation.part(), status, message, LONGEST)
    }
}

const LONGEST: Duration = Duration::from_secs(3600);

macro_rules! services {
    ($($service:ty: $name:expr),* $(,)?) => {$(
        impl SimulateDegradation for $service {
            const SERVICE: &'static str = $name;
        }
    )*};
}

services! {
    ConfigServer: config::NAME,
    EventStore: event_store::NAME,
    TelemetryService: telemetry::NAME,
    CircuitBreakerRegistry: breaker::NAME,
    RateLimiterRegistry: limiter::NAME,
    MemoryManager: memory::NAME,
    ConnectionPoolRegistry: pool::NAME,
}
