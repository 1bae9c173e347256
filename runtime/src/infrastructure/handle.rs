//! Everything that runs.

use std::fmt;

use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, HealthAggregator,
    MemoryManager, PerformanceMonitor, ProtectionRegistry, RateLimiterRegistry, TelemetryService,
};
use mainstay_specs::ChildId;
use mainstay_supervisors::{Namespace, SupervisorError};

/// The services of a namespace that [`start`](super::start) has started: a handle, cheap to clone, that neither keeps the namespace up nor
/// ends anything when it is dropped.
///
/// What it hands out are the handles that each service gives for the namespace: they can be asked for anywhere else, too.
#[derive(Clone)]
pub struct Infrastructure {
    namespace: Namespace,
    telemetry: TelemetryService,
    monitor: PerformanceMonitor,
    services: Vec<ChildId>,
}

impl Infrastructure {
    /// None if telemetry or its metrics are not there.
    pub(super) fn of(namespace: Namespace, services: Vec<ChildId>) -> Option<Self> {
        Some(Self {
            telemetry: TelemetryService::in_namespace(&namespace)?,
            monitor: PerformanceMonitor::in_namespace(&namespace)?,
            namespace,
            services,
        })
    }

    /// Where it runs.
    #[must_use]
    pub const fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The ids of the services, in the order in which they were started.
    #[must_use]
    pub fn services(&self) -> &[ChildId] {
        &self.services
    }

    /// The circuit breakers.
    #[must_use]
    pub fn circuit_breakers(&self) -> CircuitBreakerRegistry {
        CircuitBreakerRegistry::of(&self.namespace)
    }

    /// The memory manager.
    #[must_use]
    pub fn memory_manager(&self) -> MemoryManager {
        MemoryManager::of(&self.namespace)
    }

    /// The health aggregator.
    #[must_use]
    pub fn health_aggregator(&self) -> HealthAggregator {
        HealthAggregator::of(&self.namespace)
    }

    /// The performance monitor.
    #[must_use]
    pub const fn performance_monitor(&self) -> &PerformanceMonitor {
        &self.monitor
    }

    /// The rate limiters.
    #[must_use]
    pub fn rate_limiters(&self) -> RateLimiterRegistry {
        RateLimiterRegistry::of(&self.namespace)
    }

    /// The connection pools.
    #[must_use]
    pub fn connection_pools(&self) -> ConnectionPoolRegistry {
        ConnectionPoolRegistry::of(&self.namespace)
    }

    /// The protected operations.
    #[must_use]
    pub fn protections(&self) -> ProtectionRegistry {
        ProtectionRegistry::of(&self.namespace)
    }

    /// Telemetry.
    #[must_use]
    pub const fn telemetry(&self) -> &TelemetryService {
        &self.telemetry
    }

    /// The configuration server, unless it was left out.
    #[must_use]
    pub fn config_server(&self) -> Option<ConfigServer> {
        ConfigServer::in_namespace(&self.namespace)
    }

    /// The event store, unless it was left out.
    #[must_use]
    pub fn event_store(&self) -> Option<EventStore> {
        EventStore::in_namespace(&self.namespace)
    }

    /// Stops the services, the last one first; the namespace and the children of the application go on. What the services keep stays in the
    /// namespace, for others that are started later. Those that are gone already are passed over.
    ///
    /// Cancel safety: when this is dropped, the service that is being stopped goes on stopping, and those before it run.
    ///
    /// # Errors
    ///
    /// That a supervisor does not take the request, as a process that it is starting makes it; the services from there on run.
    pub async fn stop(&self) -> Result<(), SupervisorError> {
        stop_all(&self.namespace, &self.services).await
    }
}

/// Stops services, the last one first. Those that are gone are passed over, and a namespace that has ended has none.
pub(super) async fn stop_all(
    namespace: &Namespace,
    services: &[ChildId],
) -> Result<(), SupervisorError> {
    for service in services.iter().rev() {
        match namespace.stop_service(service).await {
            Ok(()) | Err(SupervisorError::NotFound) => {}
            Err(SupervisorError::Call(_)) if !namespace.is_running() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl fmt::Debug for Infrastructure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Infrastructure")
            .field("namespace", &self.namespace)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
