//! What the config server records of its use.

use std::sync::Arc;

use mainstay_supervisors::{Clock, Namespace, Tick};

use super::handle::NAME;
use crate::MetricsStore;
use crate::metrics::{Counter, Gauge, Histogram, MetricsError, Outcome, STATUS, Tags, Unit};

const GET: &str = "foundation.config_server.get";
const UPDATE: &str = "foundation.config_server.update";
const SUBSCRIBE: &str = "foundation.config_server.subscribe";
const HITS: &str = "foundation.config_server.cache_hits";
const MISSES: &str = "foundation.config_server.cache_misses";
const UPDATES: &str = "foundation.config_server.updates";
const HIT_RATE: &str = "foundation.config_server.cache_hit_rate";

/// The series of a config server, resolved once for its namespace, so that to read stays a matter of nanoseconds.
///
/// What is read is the present version, in memory: a cache of what was loaded and changed. A hit finds a value there.
#[derive(Debug)]
pub(super) struct Recording {
    clock: Clock,
    get: Latency,
    update: Latency,
    subscribe: Latency,
    hits: Counter,
    misses: Counter,
    updates: Counter,
    hit_rate: Gauge,
}

/// How long an operation takes, by what it comes to.
#[derive(Debug)]
struct Latency([(Outcome, Histogram); 4]);

impl Latency {
    fn new(store: &MetricsStore, name: &str) -> Result<Self, MetricsError> {
        let series = |outcome: Outcome| {
            let tags = Tags::from([(STATUS, outcome.as_str())]);
            let series = store.histogram(name, Unit::Nanoseconds, tags)?;
            Ok::<_, MetricsError>((outcome, series))
        };
        Ok(Self([
            series(Outcome::Success)?,
            series(Outcome::Error)?,
            series(Outcome::Panic)?,
            series(Outcome::Cancelled)?,
        ]))
    }

    fn of(&self, outcome: Outcome) -> Option<&Histogram> {
        let found = self.0.iter().find(|(of, _)| *of == outcome);
        found.map(|(_, series)| series)
    }
}

impl Recording {
    /// Makes the series, if the namespace has a metrics store and they are not there yet.
    pub(super) fn begin(namespace: &Namespace) {
        let Some(store) = MetricsStore::in_namespace(namespace) else {
            return;
        };
        if namespace.find_cell::<Self>(NAME).is_some() {
            return;
        }
        match Self::new(&store) {
            Ok(recording) => drop(namespace.cell(NAME, || recording)),
            Err(error) => tracing::warn!(%error, "the use of the config server is not recorded"),
        }
    }

    pub(super) fn in_namespace(namespace: &Namespace) -> Option<Arc<Self>> {
        namespace.find_cell(NAME)
    }

    fn new(store: &MetricsStore) -> Result<Self, MetricsError> {
        let counter = |name: &str| store.counter(name, Tags::new());
        Ok(Self {
            clock: Clock::new(),
            get: Latency::new(store, GET)?,
            update: Latency::new(store, UPDATE)?,
            subscribe: Latency::new(store, SUBSCRIBE)?,
            hits: counter(HITS)?,
            misses: counter(MISSES)?,
            updates: counter(UPDATES)?,
            hit_rate: store.gauge(HIT_RATE, Unit::Ratio, Tags::new())?,
        })
    }

    /// Notes which part of all lookups found something, if there were any.
    pub(super) fn note_hit_rate(&self) {
        let (hits, misses) = (self.hits.total(), self.misses.total());
        let lookups = hits.saturating_add(misses);
        if lookups > 0 {
            self.hit_rate.set(hits as f64 / lookups as f64);
        }
    }
}

/// A lookup, timed if it is recorded.
pub(super) struct Lookup<'a>(Option<(&'a Recording, Tick)>);

impl<'a> Lookup<'a> {
    pub(super) fn begin(recording: Option<&'a Recording>) -> Self {
        Self(recording.map(|recording| (recording, recording.clock.now())))
    }

    /// `found` says whether there is a value. The lookup may have failed all the same.
    pub(super) fn end(self, found: bool, outcome: Outcome) {
        let Some((recording, began)) = self.0 else {
            return;
        };
        let Recording {
            clock,
            get,
            hits,
            misses,
            ..
        } = recording;
        if let Some(series) = get.of(outcome) {
            series.record_duration(clock.between(began, clock.now()));
        }
        let lookups = if found { hits } else { misses };
        lookups.increment(1);
    }
}

/// A subscription that is being made.
pub(super) struct Subscribing<'a>(Option<(&'a Recording, Tick)>);

impl<'a> Subscribing<'a> {
    pub(super) fn begin(recording: Option<&'a Recording>) -> Self {
        Self(recording.map(|recording| (recording, recording.clock.now())))
    }

    pub(super) fn end<T, E>(self, result: &Result<T, E>) {
        let Some((recording, began)) = self.0 else {
            return;
        };
        let outcome = match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Error,
        };
        if let Some(series) = recording.subscribe.of(outcome) {
            let clock = &recording.clock;
            series.record_duration(clock.between(began, clock.now()));
        }
    }
}

/// An update that goes on. Dropped before its end it was cancelled.
pub(super) struct Updating<'a>(Option<(&'a Recording, Tick)>);

impl<'a> Updating<'a> {
    pub(super) fn begin(recording: Option<&'a Recording>) -> Self {
        Self(recording.map(|recording| (recording, recording.clock.now())))
    }

    pub(super) fn end<T, E>(mut self, result: &Result<T, E>) {
        let outcome = if result.is_ok() {
            Outcome::Success
        } else {
            Outcome::Error
        };
        self.record(outcome);
    }

    fn record(&mut self, outcome: Outcome) {
        let Some((recording, began)) = self.0.take() else {
            return;
        };
        let clock = &recording.clock;
        if let Some(series) = recording.update.of(outcome) {
            series.record_duration(clock.between(began, clock.now()));
        }
        if outcome == Outcome::Success {
            recording.updates.increment(1);
        }
    }
}

impl Drop for Updating<'_> {
    fn drop(&mut self) {
        let is_panic = std::thread::panicking();
        self.record(if is_panic {
            Outcome::Panic
        } else {
            Outcome::Cancelled
        });
    }
}
