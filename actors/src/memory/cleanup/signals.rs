//! What cleanup and admission do, told to subscribers and to the telemetry and the metrics of the namespace.

use std::sync::{Mutex, PoisonError};

use mainstay_supervisors::Namespace;

use super::event::{CleanupEnd, CleanupResult, CleanupStart, RoundEnd, RoundOutcome};
use super::plan::{Began, Cause, Ended, Order, RunEnd};
use super::relief::add;
use crate::MetricsStore;
use crate::memory::admission::{AdmissionStats, Intake, OperationClass};
use crate::memory::cell::MemoryCell;
use crate::memory::event::MemoryEvent;
use crate::telemetry::{
    Emitter, EventDescriptor, MEMORY_CLEANUP_RAN, MEMORY_CLEANUP_ROUND_BEGUN,
    MEMORY_CLEANUP_ROUND_ENDED, MEMORY_REFUSED, Measurements, Metadata, TelemetryService, Value,
};

/// The bytes that cleanups have freed, by `service`.
const FREED: &str = "foundation.memory.cleanup_freed";

/// The runs of strategies, by `service` and `result`.
const RUNS: &str = "foundation.memory.cleanup_runs";

/// The operations that were refused, by `class` and `reason`.
const REFUSED: &str = "foundation.memory.refused";

/// The way to the telemetry and the metrics of a namespace, as far as there are any.
#[derive(Debug)]
pub(super) struct CleanupSignals {
    namespace: String,
    emitters: Option<Emitters>,
    metrics: Option<MetricsStore>,
}

#[derive(Debug)]
struct Emitters {
    begun: Emitter,
    ran: Emitter,
    ended: Emitter,
    refused: Emitter,
}

/// What was told of refusals. It outlives the executor, so that none of them tells what another has told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<AdmissionStats>);

impl CleanupSignals {
    pub(super) fn new(namespace: &Namespace) -> Self {
        let telemetry = TelemetryService::in_namespace(namespace);
        Self {
            namespace: namespace.name().as_str().to_owned(),
            emitters: telemetry.as_ref().and_then(Emitters::new),
            metrics: MetricsStore::in_namespace(namespace),
        }
    }

    fn metadata(&self, round: u64) -> Metadata {
        Metadata::new()
            .with("namespace", self.namespace.clone())
            .with("round", round)
    }

    /// A round has begun.
    pub(super) fn began(&self, began: &Began) {
        let (service, cause) = (text(began.service.as_ref()), cause(began.cause));
        tracing::info!(
            namespace = self.namespace,
            round = began.round,
            service,
            cause,
            priority = began.priority.as_str(),
            target = began.target,
            "memory is being freed"
        );
        let Some(emitters) = &self.emitters else {
            return;
        };
        emitters.begun.emit(|| {
            let metadata = self
                .metadata(began.round)
                .with("service", service.to_owned())
                .with("cause", cause)
                .with("priority", began.priority.as_str());
            (measured(&[("target", began.target)]), metadata)
        });
    }

    /// A strategy is being run.
    pub(super) fn triggered(&self, cell: &MemoryCell, order: &Order) {
        cell.tell(&MemoryEvent::CleanupTriggered(CleanupStart {
            round: order.round,
            service: order.service.clone(),
            class: order.class,
            priority: order.priority,
            target: order.target,
        }));
    }

    /// A strategy was run.
    pub(super) fn ran(&self, cell: &MemoryCell, order: &Order, end: &RunEnd, error: Option<&str>) {
        let service = order.service.as_str();
        let result = end.result.as_str();
        if !matches!(end.result, CleanupResult::Done | CleanupResult::Lost) {
            tracing::warn!(
                namespace = self.namespace,
                service,
                class = order.class.as_str(),
                result,
                error = error.unwrap_or_default(),
                "a cleanup has not done what it was to do"
            );
        }
        cell.tell(&MemoryEvent::CleanupFinished(CleanupEnd {
            round: order.round,
            service: order.service.clone(),
            class: order.class,
            result: end.result,
            error: error.map(str::to_owned),
            freed: end.freed,
            told: end.told,
            entries: end.entries,
            took: end.took,
        }));
        self.count_run(service, result, end.freed);
        let Some(emitters) = &self.emitters else {
            return;
        };
        emitters.ran.emit(|| {
            let duration = u64::try_from(end.took.as_nanos()).unwrap_or(u64::MAX);
            let metadata = self
                .metadata(order.round)
                .with("service", service.to_owned())
                .with("class", order.class.as_str())
                .with("result", result)
                .with("error", Value::text_of(&error.unwrap_or_default()));
            let measurements = measured(&[
                ("freed", end.freed),
                ("told", end.told),
                ("entries", Some(end.entries)),
                ("duration", Some(duration)),
            ]);
            (measurements, metadata)
        });
    }

    fn count_run(&self, service: &str, result: &str, freed: Option<u64>) {
        let Some(store) = &self.metrics else {
            return;
        };
        let runs = store.counter(RUNS, [("service", service), ("result", result)]);
        let bytes = store.counter(FREED, [("service", service)]);
        match (runs, bytes) {
            (Ok(runs), Ok(bytes)) => {
                runs.increment(1);
                bytes.increment(freed.unwrap_or(0));
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(service, %error, "a cleanup is not measured");
            }
        }
    }

    /// A round is over.
    pub(super) fn ended(&self, cell: &MemoryCell, ended: &Ended) {
        let counts = &cell.relief.counts;
        match ended.outcome {
            RoundOutcome::Relieved => add(&counts.relieved, 1),
            RoundOutcome::TargetMet => add(&counts.target_met, 1),
            RoundOutcome::Missed => add(&counts.missed, 1),
            RoundOutcome::Done => {}
        }
        cell.tell(&MemoryEvent::RoundEnded(RoundEnd {
            round: ended.round,
            service: ended.service.clone(),
            outcome: ended.outcome,
            class: ended.class,
            runs: ended.runs,
            freed: ended.freed,
            took: ended.took,
        }));
        tracing::info!(
            namespace = self.namespace,
            round = ended.round,
            outcome = ended.outcome.as_str(),
            runs = ended.runs,
            freed = ended.freed,
            "memory was freed"
        );
        let Some(emitters) = &self.emitters else {
            return;
        };
        emitters.ended.emit(|| {
            let duration = u64::try_from(ended.took.as_nanos()).unwrap_or(u64::MAX);
            let metadata = self
                .metadata(ended.round)
                .with("service", text(ended.service.as_ref()).to_owned())
                .with("cause", cause(ended.cause))
                .with("outcome", ended.outcome.as_str())
                .with("class", ended.class.map_or("", |class| class.as_str()));
            let measurements = measured(&[
                ("freed", ended.freed),
                ("runs", Some(ended.runs.into())),
                ("duration", Some(duration)),
            ]);
            (measurements, metadata)
        });
    }

    /// Tells what was refused since it was last told: one event for each class and reason at most, however many there were.
    pub(super) fn refused(&self, intake: &Intake) {
        let now = intake.stats();
        let mut told = intake.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *told, now.clone());
        drop(told);
        for class in OperationClass::ALL {
            let (Some(now), before) = (now.of(class), before.of(class)) else {
                continue;
            };
            let of = |count: fn(&crate::memory::admission::ClassAdmissions) -> u64| {
                let total = count(now);
                (total - before.map_or(0, count).min(total), total)
            };
            self.refused_for(class, "level", of(|of| of.refused));
            self.refused_for(class, "shed", of(|of| of.shed));
            self.refused_for(class, "no_room", of(|of| of.no_room));
        }
    }

    fn refused_for(&self, class: OperationClass, reason: &'static str, (count, total): (u64, u64)) {
        if count == 0 {
            return;
        }
        let class = class.as_str();
        tracing::warn!(
            namespace = self.namespace,
            class,
            reason,
            count,
            total,
            "operations were refused as memory is scarce"
        );
        if let Some(store) = &self.metrics {
            match store.counter(REFUSED, [("class", class), ("reason", reason)]) {
                Ok(counter) => counter.increment(count),
                Err(error) => tracing::warn!(%error, "refusals are not measured"),
            }
        }
        if let Some(emitters) = &self.emitters {
            emitters.refused.emit(|| {
                let metadata = Metadata::new()
                    .with("namespace", self.namespace.clone())
                    .with("class", class)
                    .with("reason", reason);
                ([("count", count), ("total", total)], metadata)
            });
        }
    }
}

impl Emitters {
    fn new(telemetry: &TelemetryService) -> Option<Self> {
        let emitter = |kind: EventDescriptor| telemetry.event(kind.event_path()).ok();
        Some(Self {
            begun: emitter(MEMORY_CLEANUP_ROUND_BEGUN)?,
            ran: emitter(MEMORY_CLEANUP_RAN)?,
            ended: emitter(MEMORY_CLEANUP_ROUND_ENDED)?,
            refused: emitter(MEMORY_REFUSED)?,
        })
    }
}

/// Those that are known.
fn measured(all: &[(&'static str, Option<u64>)]) -> Measurements {
    let known = all
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    known.collect()
}

/// A service, or nothing for all of them.
fn text(service: Option<&mainstay_specs::ServiceName>) -> &str {
    service.map_or("", |service| service.as_str())
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Pressure(_) => "pressure",
        Cause::Request => "request",
    }
}
