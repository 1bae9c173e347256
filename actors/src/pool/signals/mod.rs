//! What pools do, told to the telemetry and the metrics of their namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Signals`]: the way there |
//! | `kind.rs` | which kinds of events there are |
//! | `deed.rs` | [`Deed`]: what happens seldom, and what is said of it |
//! | `tally.rs` | [`Told`]: what is counted and told in sums, and up to where it was |
//! | `metrics.rs` | the counters and gauges |
//! | `log.rs` | the lines of the log |
//!
//! What happens seldom is told when it happens, by whoever did it: one event for each time. What happens with each call is counted by
//! the core anyway, and the keeper tells now and then how much has been added: one event of a kind and interval at most, and no call
//! is lost or told twice, whatever keepers crash meanwhile.

mod deed;
mod kind;
mod log;
mod metrics;
mod tally;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Namespace, WeakNamespace};

pub(crate) use deed::Deed;
use deed::base;
use kind::{KINDS, Kind};
use log::log;
use metrics::{add, levels};
pub(crate) use tally::Told;
use tally::{TALLIES, Totals, WAITED, WAITED_FOR};

use super::core::{Counts, Situation};
use crate::MetricsStore;
use crate::telemetry::{Emitter, EventDescriptor, Measurements, Metadata, TelemetryService};

/// The way to the telemetry of a namespace, shared by its pools.
#[derive(Debug)]
pub(crate) struct Signals {
    namespace: WeakNamespace,
    /// In milliseconds.
    report_every: AtomicU64,
    /// Of [`KINDS`], from when there is telemetry.
    emitters: OnceLock<Vec<Emitter>>,
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace, report_every: Duration) -> Self {
        let signals = Self {
            namespace: namespace.downgrade(),
            report_every: AtomicU64::new(0),
            emitters: OnceLock::new(),
        };
        signals.set_report_every(report_every);
        signals
    }

    pub(crate) fn set_report_every(&self, time: Duration) {
        // An hour at most.
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.report_every.store(time, Ordering::Relaxed);
    }

    /// How often it is told what pools have done.
    pub(crate) fn report_every(&self) -> Duration {
        Duration::from_millis(self.report_every.load(Ordering::Relaxed))
    }

    /// Tells what has happened. Handlers of telemetry are called by this, here and now: no lock may be held.
    pub(crate) fn tell(&self, pool: &ServiceName, deed: &Deed<'_>) {
        log(&self.namespace, pool, deed);
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        if let Some(name) = deed.counter()
            && let Some(store) = MetricsStore::in_namespace(&namespace)
        {
            add(&store, name, pool, None, deed.count());
        }
        self.emit(&namespace, deed.kind(), || {
            (deed.measurements(), deed.metadata(pool, &namespace))
        });
    }

    fn emit(
        &self,
        namespace: &Namespace,
        kind: Kind,
        say: impl FnOnce() -> (Measurements, Metadata),
    ) {
        let emitter = self.emitters(namespace);
        if let Some(emitter) = emitter.and_then(|emitters| emitters.get(kind as usize)) {
            emitter.emit(say);
        }
    }

    fn emitters(&self, namespace: &Namespace) -> Option<&[Emitter]> {
        if let Some(emitters) = self.emitters.get() {
            return Some(emitters);
        }
        let telemetry = TelemetryService::in_namespace(namespace)?;
        let emitter = |kind: &EventDescriptor| telemetry.event(kind.event_path()).ok();
        let emitters: Option<Vec<_>> = KINDS.iter().map(emitter).collect();
        let emitters = emitters?;
        Some(self.emitters.get_or_init(|| emitters))
    }

    /// Tells what a pool has done since it was last told of, and how it stands.
    pub(crate) fn report<B>(
        &self,
        pool: &ServiceName,
        counts: &Counts,
        situation: &Situation<B>,
        told: &Told,
    ) {
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        let (totals, added) = told.catch_up(Totals::of(counts));
        let store = MetricsStore::in_namespace(&namespace);
        if let Some(store) = &store {
            levels(store, pool, situation);
        }
        for (nth, tally) in TALLIES.iter().enumerate() {
            let (count, total) = (added.0[nth], totals.0[nth]);
            if count == 0 {
                continue;
            }
            if let (Some(store), Some(name)) = (&store, tally.counter) {
                add(store, name, pool, tally.reason, count);
            }
            let Some(kind) = tally.kind else { continue };
            self.emit(&namespace, kind, || {
                let mut measurements = Measurements::from([("count", count), ("total", total)]);
                if matches!(kind, Kind::Checkout) {
                    let (waited, wait) = (added.0[WAITED], added.0[WAITED_FOR] / 1_000_000);
                    measurements = measurements.with("waited", waited).with("wait_ms", wait);
                }
                let metadata = base(pool, &namespace);
                let said = match tally.reason {
                    Some(reason) => metadata.with("reason", reason),
                    None => metadata,
                };
                (measurements, said)
            });
        }
    }
}
