//! The services of a namespace: which of them run, and how.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`ServicesSpec`] |
//! | `config_server.rs` | [`ConfigServerSpec`] |
//! | `event_store/` | [`EventStoreSpec`], [`EventBackendSpec`] |
//! | `telemetry.rs` | [`TelemetrySpec`], which holds the following |
//! | `events.rs` | [`EventsSpec`] |
//! | `alerts/` | [`AlertsSpec`], [`AlertRule`] |
//! | `memory_manager/` | [`MemoryManagerSpec`], [`PressureLevel`] |
//! | `metrics.rs` | [`MetricsSpec`] |
//! | `process_metrics.rs` | [`ProcessMetricsSpec`] |
//! | `circuit_breakers/` | [`CircuitBreakersSpec`], [`CircuitConfig`] |
//! | `rate_limiters/` | [`RateLimitersSpec`], [`RateLimitConfig`] |
//! | `connection_pools/` | [`ConnectionPoolsSpec`], [`PoolConfig`] |
//! | `health/` | [`HealthAggregatorSpec`], [`HealthCheckConfig`] |
//! | `foundation.rs` | what guards the first three, unless they say otherwise |
//! | `named.rs` | what can be wrong with a list of things that have names |
//! | `protections/` | [`ProtectionsSpec`], [`ProtectionConfig`] |

mod alerts;
mod circuit_breakers;
mod config_server;
mod connection_pools;
mod event_store;
mod events;
mod foundation;
mod health;
mod memory_manager;
mod metrics;
mod named;
mod process_metrics;
mod protections;
mod rate_limiters;
mod telemetry;

pub use alerts::{ALERT_EVENT, AlertRule, AlertsSpec, Aspect, Comparison, Each, NoData, Severity};
pub use circuit_breakers::{
    CallRate, CircuitBreakersSpec, CircuitConfig, CircuitFamily, CircuitWindow, FailureCount,
    HalfOpen, NamedCircuit, OpenTime, ProbeExpiry, SlowCalls, TripRules,
};
pub use config_server::ConfigServerSpec;
pub use connection_pools::{
    CoDel, ConnectionPoolsSpec, LeaseMax, NamedPool, OnSelfDeadlock, PoolConfig, PoolHealth,
    PoolSource, PostgresReset, RedisReset, SqliteReset, SqliteSync,
};
pub use event_store::{EventBackendSpec, EventStoreSpec};
pub use events::EventsSpec;
pub use health::{
    CheckKind, HealthAggregatorSpec, HealthCheckConfig, HealthGroup, HealthThresholds, Importance,
    NamedHealthCheck, TreeLimits, dependency_cycle,
};
pub use memory_manager::{
    AdmissionAction, AdmissionRow, AdmissionSpec, BudgetsSpec, CleanupClass, CleanupSpec,
    CleanupStrategySpec, MemoryBudget, MemoryManagerSpec, OperationClass, OperationPriority,
    PressureLevel, Sustained,
};
pub use metrics::MetricsSpec;
pub use process_metrics::ProcessMetricsSpec;
pub use protections::{
    MemoryDemand, NamedProtection, ProtectionConfig, ProtectionsSpec, RateDemand,
};
pub use rate_limiters::{
    Algorithm, Backend, Inherit, KeyStrategy, NamedLimiter, OnFull, OnMissingKey, OnUnavailable,
    RateLimitConfig, RateLimitersSpec, RedisBackend, WindowStart,
};
pub use telemetry::TelemetrySpec;

use serde::{Deserialize, Serialize};

use crate::finding::Report;
use crate::path::At;
use crate::{Faults, Kinds};

/// Which of the optional services a namespace runs, and how. A service that is not given is not started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ServicesSpec {
    /// Events, metrics and alerts; started before all others, which report through it. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetrySpec>,
    /// The configuration server. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_server: Option<ConfigServerSpec>,
    /// The event store. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_store: Option<EventStoreSpec>,
    /// The memory manager. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_manager: Option<MemoryManagerSpec>,
    /// The circuit breakers. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breakers: Option<CircuitBreakersSpec>,
    /// The rate limiters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limiters: Option<RateLimitersSpec>,
    /// The connection pools; started after the circuit breakers, which they may go through. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_pools: Option<ConnectionPoolsSpec>,
    /// What looks after the health of the namespace; started after all other services. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_aggregator: Option<HealthAggregatorSpec>,
    /// The operations that are protected by name. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protections: Option<ProtectionsSpec>,
}

impl ServicesSpec {
    /// Runs the telemetry service.
    #[must_use]
    pub fn telemetry(mut self, spec: TelemetrySpec) -> Self {
        self.telemetry = Some(spec);
        self
    }

    /// Runs a configuration server.
    #[must_use]
    pub fn config_server(mut self, spec: ConfigServerSpec) -> Self {
        self.config_server = Some(spec);
        self
    }

    /// Runs an event store.
    #[must_use]
    pub fn event_store(mut self, spec: EventStoreSpec) -> Self {
        self.event_store = Some(spec);
        self
    }

    /// Runs a memory manager.
    #[must_use]
    pub fn memory_manager(mut self, spec: MemoryManagerSpec) -> Self {
        self.memory_manager = Some(spec);
        self
    }

    /// Runs circuit breakers.
    #[must_use]
    pub fn circuit_breakers(mut self, spec: CircuitBreakersSpec) -> Self {
        self.circuit_breakers = Some(spec);
        self
    }

    /// Runs rate limiters.
    #[must_use]
    pub fn rate_limiters(mut self, spec: RateLimitersSpec) -> Self {
        self.rate_limiters = Some(spec);
        self
    }

    /// Runs connection pools.
    #[must_use]
    pub fn connection_pools(mut self, spec: ConnectionPoolsSpec) -> Self {
        self.connection_pools = Some(spec);
        self
    }

    /// Runs what looks after the health of the namespace.
    #[must_use]
    pub fn health_aggregator(mut self, spec: HealthAggregatorSpec) -> Self {
        self.health_aggregator = Some(spec);
        self
    }

    /// Protects operations by name.
    #[must_use]
    pub fn protections(mut self, spec: ProtectionsSpec) -> Self {
        self.protections = Some(spec);
        self
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    /// As [`validate`](Self::validate), with the kinds of connections that the application brings: a pool of another kind is wrong, and so
    /// are arguments that its kind does not take.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate_with(&self, kinds: &dyn Kinds) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        self.check_kinds(kinds, &mut report, &At::Root);
        report.without_text()
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check_kinds(&self, kinds: &dyn Kinds, report: &mut Report, at: &At<'_>) {
        if let Some(pools) = &self.connection_pools {
            pools.check_kinds(kinds, report, &At::Field(at, "connection_pools"));
        }
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.check(report, &At::Field(at, "telemetry"));
        }
        if let Some(server) = &self.config_server {
            server.check(report, &At::Field(at, "config_server"));
        }
        if let Some(store) = &self.event_store {
            store.check(report, &At::Field(at, "event_store"));
            store.check_pool(self.connection_pools.as_ref(), report, at);
        }
        if let Some(memory) = &self.memory_manager {
            memory.check(report, &At::Field(at, "memory_manager"));
        }
        if let Some(breakers) = &self.circuit_breakers {
            breakers.check(report, &At::Field(at, "circuit_breakers"));
        }
        if let Some(limiters) = &self.rate_limiters {
            limiters.check(report, &At::Field(at, "rate_limiters"));
        }
        if let Some(pools) = &self.connection_pools {
            pools.check(report, &At::Field(at, "connection_pools"));
            pools.check_breakers(self.circuit_breakers.as_ref(), report, at);
        }
        if let Some(health) = &self.health_aggregator {
            health.check_spec(report, &At::Field(at, "health_aggregator"));
        }
        if let Some(protections) = &self.protections {
            protections.check(report, &At::Field(at, "protections"));
        }
    }
}
