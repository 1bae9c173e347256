//! What changes about health, told to the telemetry and the metrics of its namespace.

use mainstay_supervisors::Namespace;

use super::cell::{Counts, read};
use super::snapshot::{HealthChange, SystemHealth};
use crate::MetricsStore;
use crate::metrics::{Counter, Gauge, MetricsError, Tags, Unit};
use crate::signals::Way;
use crate::telemetry::{
    Emitter, EventDescriptor, HEALTH_CHANGED, HEALTH_SERVICE_CHANGED, Metadata, TelemetryService,
    Value,
};

/// The score of the whole.
const SCORE: &str = "foundation.health.score";
/// How many services there are, and how many of them are not healthy.
const SERVICES: &str = "foundation.health.services";
const NOT_HEALTHY: &str = "foundation.health.not_healthy";
/// How many runs there were, how many had no answer in time, and how many have panicked.
const RUNS: &str = "foundation.health.runs";
const TIMEOUTS: &str = "foundation.health.timeouts";
const PANICS: &str = "foundation.health.panics";

/// The way to the telemetry and the metrics of a namespace, as far as there are any.
#[derive(Debug)]
pub(crate) struct Signals(Way<Metrics, Emitters>);

#[derive(Debug)]
struct Metrics {
    score: Gauge,
    services: Gauge,
    not_healthy: Gauge,
    counters: [Counter; 3],
    /// What the counters were told of already.
    told: [u64; 3],
}

#[derive(Debug)]
struct Emitters {
    whole: Emitter,
    service: Emitter,
}

impl Metrics {
    fn new(store: &MetricsStore, told: [u64; 3]) -> Result<Self, MetricsError> {
        let gauge = |name: &str, unit| store.gauge(name, unit, Tags::new());
        let counter = |name: &str| store.counter(name, Tags::new());
        Ok(Self {
            score: gauge(SCORE, Unit::Ratio)?,
            services: gauge(SERVICES, Unit::Count)?,
            not_healthy: gauge(NOT_HEALTHY, Unit::Count)?,
            counters: [counter(RUNS)?, counter(TIMEOUTS)?, counter(PANICS)?],
            told,
        })
    }

    #[allow(clippy::cast_precision_loss)]
    fn tell(&mut self, health: &SystemHealth, counts: [u64; 3]) {
        self.score.set(health.overall_score);
        self.services.set(health.total_services as f64);
        let not_healthy = health.total_services - health.healthy_services;
        self.not_healthy.set(not_healthy as f64);
        let counters = self.counters.iter().zip(&mut self.told).zip(counts);
        for ((counter, told), count) in counters {
            counter.increment(count.saturating_sub(*told));
            *told = count;
        }
    }
}

impl Emitters {
    fn new(telemetry: &TelemetryService) -> Option<Self> {
        let emitter = |kind: EventDescriptor| telemetry.event(kind.event_path()).ok();
        Some(Self {
            whole: emitter(HEALTH_CHANGED)?,
            service: emitter(HEALTH_SERVICE_CHANGED)?,
        })
    }
}

fn counted(counts: &Counts) -> [u64; 3] {
    [&counts.runs, &counts.timeouts, &counts.panics].map(read)
}

impl Signals {
    /// What was counted before goes to metrics only if there was no keeper before.
    pub(crate) fn new(namespace: &Namespace, told: [u64; 3]) -> Self {
        let metrics = |store: MetricsStore| Metrics::new(&store, told);
        Self(Way::to(namespace, "health", metrics, Emitters::new))
    }

    /// Tells of changes, and of how things are.
    pub(crate) fn tell(
        &mut self,
        changes: &[HealthChange],
        health: &SystemHealth,
        counts: &Counts,
    ) -> [u64; 3] {
        for change in changes {
            self.log(change);
            self.emit(change, health);
        }
        let counts = counted(counts);
        if let Some(metrics) = &mut self.0.metrics {
            metrics.tell(health, counts);
        }
        counts
    }

    fn log(&self, change: &HealthChange) {
        let (namespace, from, to) = (&self.0.namespace, change.from.as_str(), change.to.as_str());
        let service = change
            .service
            .as_ref()
            .map_or("(all)", |name| name.as_str());
        let why = &change.message;
        if change.to.is_failing() {
            tracing::warn!(namespace, service, from, to, why, "health has changed");
        } else {
            tracing::info!(namespace, service, from, to, why, "health has changed");
        }
    }

    fn emit(&self, change: &HealthChange, health: &SystemHealth) {
        let Some(emitters) = &self.0.emitters else {
            return;
        };
        let metadata = || {
            Metadata::new()
                .with("namespace", self.0.namespace.clone())
                .with("from", change.from.as_str())
                .with("to", change.to.as_str())
                .with("message", Value::text_of(&change.message))
        };
        match &change.service {
            Some(service) => emitters.service.emit(|| {
                let failures = health.service(service.as_str());
                let failures = failures.map_or(0, |service| service.consecutive_failures);
                let metadata = metadata().with("service", service.to_string());
                ([("consecutive_failures", failures)], metadata)
            }),
            None => emitters.whole.emit(|| {
                let services = [
                    ("healthy_services", health.healthy_services as u64),
                    ("total_services", health.total_services as u64),
                ];
                (services, metadata())
            }),
        }
    }
}
