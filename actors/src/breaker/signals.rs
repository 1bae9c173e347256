//! What a breaker does, told to the telemetry and the metrics of its namespace.

use std::sync::OnceLock;

use mainstay_supervisors::{Namespace, WeakNamespace};

use super::event::{Cause, CircuitEvent, CircuitEventKind, CircuitState, Transition};
use crate::metrics::{Gauge, MetricsError, Unit};
use crate::signals::Emitters;
use crate::telemetry::{
    CIRCUIT_BREAKER_CLOSED, CIRCUIT_BREAKER_FORCED, CIRCUIT_BREAKER_HALF_OPENED,
    CIRCUIT_BREAKER_OPENED, CIRCUIT_BREAKER_PROBES_INCONCLUSIVE, CIRCUIT_BREAKER_RECONFIGURED,
    EventDescriptor, Measurements, Metadata,
};
use crate::{MetricsStore, telemetry::Value};

/// How often breakers went to a state, by `service` and `to`; those of a family are counted together.
const TRANSITIONS: &str = "foundation.circuit_breaker.transitions";

/// What a breaker with a name of its own does with calls, by `service`, from its first transition on: 0 if it lets all through, 1
/// if a few, 2 if none.
const STATE: &str = "foundation.circuit_breaker.state";

/// The way to the telemetry of a namespace.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// None for a breaker that stands alone.
    namespace: Option<WeakNamespace>,
    /// Of [`KINDS`], from when there is telemetry.
    emitters: Emitters<{ KINDS.len() }>,
}

/// Every kind of event that a breaker has.
const KINDS: [EventDescriptor; 6] = [
    CIRCUIT_BREAKER_OPENED,
    CIRCUIT_BREAKER_HALF_OPENED,
    CIRCUIT_BREAKER_CLOSED,
    CIRCUIT_BREAKER_FORCED,
    CIRCUIT_BREAKER_RECONFIGURED,
    CIRCUIT_BREAKER_PROBES_INCONCLUSIVE,
];

impl Signals {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: Some(namespace.downgrade()),
            emitters: Emitters::new(),
        }
    }

    /// Emits the event, and counts a transition. `state` is the gauge of the breaker, resolved when it is first set.
    pub(crate) fn tell(&self, event: &CircuitEvent, state: &OnceLock<Option<Gauge>>) {
        let Some(namespace) = self.namespace.as_ref().and_then(WeakNamespace::upgrade) else {
            return;
        };
        if let Some(step) = event.transition()
            && let Some(store) = MetricsStore::in_namespace(&namespace)
        {
            record(&store, event, step, state);
        }
        if let Some(emitters) = self.emitters.of(&namespace, &KINDS) {
            emitters[nth(&event.kind)].emit(|| (measurements(&event.kind), metadata(event)));
        }
    }
}

/// The place of its kind in [`KINDS`].
const fn nth(kind: &CircuitEventKind) -> usize {
    match kind {
        CircuitEventKind::Transition(step) => match step.to {
            CircuitState::Open => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Closed => 2,
            CircuitState::ForcedOpen
            | CircuitState::ForcedClosed
            | CircuitState::Disabled
            | CircuitState::MetricsOnly => 3,
        },
        CircuitEventKind::Reconfigured { .. } => 4,
        CircuitEventKind::ProbesInconclusive { .. } => 5,
    }
}

fn measurements(kind: &CircuitEventKind) -> Measurements {
    match kind {
        CircuitEventKind::Transition(step) => [
            ("failure_count", step.failure_count),
            ("success_count", step.success_count),
        ]
        .into(),
        CircuitEventKind::Reconfigured { version, .. } => [("version", *version)].into(),
        CircuitEventKind::ProbesInconclusive { probes, .. } => [("probes", *probes)].into(),
    }
}

fn metadata(event: &CircuitEvent) -> Metadata {
    let namespace = event.namespace.as_ref();
    let metadata = Metadata::new()
        .with("service", &event.name)
        .with("key", event.key.clone().unwrap_or_default())
        .with(
            "namespace",
            namespace.map_or_else(|| "".into(), Value::from),
        )
        .with("sequence", event.kind.sequence());
    let Some(step) = event.transition() else {
        return metadata;
    };
    metadata
        .with("from", step.from.as_str())
        .with("to", step.to.as_str())
        .with("cause", cause(step.cause))
        .with("reason", Value::text_of(&step.cause))
}

/// One word, the same as in JSON.
const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Failures { .. } => "failures",
        Cause::ConsecutiveFailures { .. } => "consecutive_failures",
        Cause::FailureRate { .. } => "failure_rate",
        Cause::SlowRate { .. } => "slow_rate",
        Cause::CombinedRate { .. } => "combined_rate",
        Cause::InFlight { .. } => "in_flight",
        Cause::TimeUp => "time_up",
        Cause::ProbesSucceeded => "probes_succeeded",
        Cause::ProbesFailed => "probes_failed",
        Cause::Forced => "forced",
        Cause::Reset => "reset",
        Cause::Restarted => "restarted",
    }
}

fn record(
    store: &MetricsStore,
    event: &CircuitEvent,
    step: &Transition,
    state: &OnceLock<Option<Gauge>>,
) {
    let service = event.name.as_str();
    let tags = [("service", service), ("to", step.to.as_str())];
    if let Some(counter) = had(store.counter(TRANSITIONS, tags), service) {
        counter.increment(1);
    }
    // One for each key would be too many.
    if event.key.is_some() {
        return;
    }
    let gauge = || {
        had(
            store.gauge(STATE, Unit::Count, [("service", service)]),
            service,
        )
    };
    if let Some(gauge) = state.get_or_init(gauge) {
        gauge.set(level(step.to));
    }
}

const fn level(state: CircuitState) -> f64 {
    match state {
        CircuitState::Closed
        | CircuitState::ForcedClosed
        | CircuitState::Disabled
        | CircuitState::MetricsOnly => 0.0,
        CircuitState::HalfOpen => 1.0,
        CircuitState::Open | CircuitState::ForcedOpen => 2.0,
    }
}

fn had<T>(series: Result<T, MetricsError>, service: &str) -> Option<T> {
    let told =
        |error: &MetricsError| tracing::warn!(service, %error, "a circuit breaker is not measured");
    series.inspect_err(told).ok()
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_a_cause_is_that_of_its_json() {
        let rate = 0.5;
        for each in [
            Cause::Failures { count: 1 },
            Cause::ConsecutiveFailures { count: 1 },
            Cause::FailureRate { rate },
            Cause::SlowRate { rate },
            Cause::CombinedRate { rate },
            Cause::InFlight { calls: 1 },
            Cause::TimeUp,
            Cause::ProbesSucceeded,
            Cause::ProbesFailed,
            Cause::Forced,
            Cause::Reset,
            Cause::Restarted,
        ] {
            let json = serde_json::to_value(each).expect("JSON");
            assert_eq!(json["cause"], cause(each));
        }
    }
}
