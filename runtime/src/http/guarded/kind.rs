//! What a request does, and what it goes through.

use axum::http::Method;
use mainstay_actors::protection::Protection;
use mainstay_actors::{CircuitBreakerRegistry, ProtectionRegistry, RateLimiterRegistry};
use mainstay_specs::{
    ApiGuard, ApiGuardsSpec, MemoryDemand, OperationClass, ProtectionConfig, RateDemand,
    ServiceName,
};
use mainstay_supervisors::Namespace;

use crate::http::error::ApiError;

/// One of the services behind the API.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) enum Api {
    Config,
    Events,
}

/// What a request does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Kind {
    ConfigReads,
    ConfigWrites,
    EventReads,
    EventWrites,
}

impl Api {
    pub(super) fn kind(self, method: &Method) -> Kind {
        let reads = *method == Method::GET || *method == Method::HEAD;
        match (self, reads) {
            (Self::Config, true) => Kind::ConfigReads,
            (Self::Config, false) => Kind::ConfigWrites,
            (Self::Events, true) => Kind::EventReads,
            (Self::Events, false) => Kind::EventWrites,
        }
    }
}

impl Kind {
    pub(super) const fn changes(self) -> bool {
        matches!(self, Self::ConfigWrites | Self::EventWrites)
    }

    /// The name of its operation, and of the breaker and the limiter of that.
    const fn name(self) -> &'static str {
        match self {
            Self::ConfigReads => "api.config.reads",
            Self::ConfigWrites => "api.config.writes",
            Self::EventReads => "api.events.reads",
            Self::EventWrites => "api.events.writes",
        }
    }

    const fn class(self) -> OperationClass {
        match self {
            Self::ConfigReads | Self::EventReads => OperationClass::Read,
            Self::ConfigWrites => OperationClass::Control,
            Self::EventWrites => OperationClass::Write,
        }
    }

    const fn guard(self, spec: &ApiGuardsSpec) -> &ApiGuard {
        match self {
            Self::ConfigReads => &spec.config_reads,
            Self::ConfigWrites => &spec.config_writes,
            Self::EventReads => &spec.event_reads,
            Self::EventWrites => &spec.event_writes,
        }
    }
}

/// The protection of these requests in a namespace: what is configured for the operation there, and else by the spec of the server.
pub(super) fn protection(
    namespace: &Namespace,
    kind: Kind,
    spec: &ApiGuardsSpec,
) -> Result<Protection, ApiError> {
    let protections = ProtectionRegistry::of(namespace);
    match protections.protection(kind.name()) {
        Some(protection) => Ok(protection),
        None => configure(namespace, &protections, kind, kind.guard(spec)),
    }
}

fn configure(
    namespace: &Namespace,
    protections: &ProtectionRegistry,
    kind: Kind,
    guard: &ApiGuard,
) -> Result<Protection, ApiError> {
    // Not empty, short, and without `/` and white space.
    let name = ServiceName::new(kind.name()).expect("a name");
    let mut config = ProtectionConfig::default();
    config.deadline = guard.deadline;
    if let Some(circuit) = &guard.circuit {
        let breakers = CircuitBreakerRegistry::of(namespace);
        let breaker = breakers.circuit_or_register(&name, circuit.clone());
        breaker.map_err(|error| unguarded(kind, &error))?;
        config = config.circuit(name.clone());
    }
    if guard.memory {
        config = config.memory(MemoryDemand::new(kind.class()));
    }
    if let Some(limit) = &guard.rate_limit {
        let limiters = RateLimiterRegistry::of(namespace);
        let limiter = limiters.limiter_or_register(&name, limit);
        limiter.map_err(|error| unguarded(kind, &error))?;
        config = config.rate_limit(RateDemand::new(name.clone()));
    }
    let made = protections.configure_protection(name, &config);
    made.map_err(|error| unguarded(kind, &error))
}

/// There is no room for its guards, as the bounds of the namespace have it: nothing goes by without.
fn unguarded(kind: Kind, error: &dyn std::error::Error) -> ApiError {
    tracing::warn!(operation = kind.name(), %error, "requests have no guards, and are refused");
    ApiError::internal(format!(
        "the guards of {} cannot be made: {error}",
        kind.name()
    ))
}
