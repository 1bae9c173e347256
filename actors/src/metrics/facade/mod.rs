//! The store as a recorder of the facade `metrics`, so that what libraries record there is in the store. Feature `metrics-facade`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`FacadeRecorder`] |
//! | `handles.rs` | what the facade is given to record with |
//! | `translate.rs` | names, labels and units of the facade in those of the store |

mod handles;
mod translate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::metrics::{
    Counter as FacadeCounter, Gauge as FacadeGauge, Histogram as FacadeHistogram, Key, KeyName,
    Metadata, Recorder, SharedString, Unit as FacadeUnit,
};

use super::error::MetricsError;
use super::handle::MetricsStore;
use super::table::{FAMILIES_MAX, HELP_BYTES_MAX};
use handles::{Counts, Samples, Sets};
use translate::{Scale, cut, name, scale, tags};

/// A recorder of the facade `metrics` that records to a store. Cheap to clone: clones know the same descriptions.
///
/// Install it for a part of the program, a thread or a scope of it, with `metrics::with_local_recorder`; or for the whole program, which
/// can be done once, with `metrics::set_global_recorder`. The store is that of one namespace either way.
///
/// * What is no name or no tag here becomes one: other characters become `_`, long values are cut, and labels beyond
///   [`TAGS_MAX`](super::TAGS_MAX) are left out.
/// * A histogram is in the unit that it was described with before it was first used: times are kept in nanoseconds, anything else in whole
///   numbers. One that was not described is of seconds if its last word is `seconds`, `duration`, `latency` or `time`, or else of whole numbers.
/// * What it is described as is the `HELP` of exports: see [`MetricsStore::describe`]. The first text of a family stays, long ones are cut.
/// * What clashes with a family that is there is not recorded, and told at the level `debug`.
///
/// ```
/// # use mainstay_actors::metrics::{MetricsStore, TimeWindow};
/// # use mainstay_specs::{MetricsSpec, NamespaceName};
/// # use mainstay_supervisors::{NamespacePlan, Runtime};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
/// # let runtime = Runtime::new();
/// # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
/// let store = MetricsStore::in_namespace(&namespace).expect("it was started");
/// metrics::with_local_recorder(&store.facade_recorder(), || {
///     metrics::counter!("requests", "route" => "/start").increment(1);
/// });
/// let requests = store.family("requests", TimeWindow::Minute).expect("it was recorded");
/// assert_eq!(requests.count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FacadeRecorder {
    store: MetricsStore,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Of the histograms and gauges that were described.
    units: Mutex<HashMap<String, FacadeUnit>>,
    /// Held while a counter is raised to a number, so that two who do it do not both add what is missing.
    raising: Arc<Mutex<()>>,
}

impl MetricsStore {
    /// A recorder of the facade `metrics` that records here.
    #[must_use]
    pub fn facade_recorder(&self) -> FacadeRecorder {
        FacadeRecorder {
            store: self.clone(),
            shared: Arc::default(),
        }
    }
}

impl FacadeRecorder {
    /// Several libraries may describe the same: the first text stays.
    fn describe(&self, key: &KeyName, text: &str) {
        if text.is_empty() {
            return;
        }
        let name = name(key.as_str());
        if let Err(error) = self.store.describe(name, None, cut(text, HELP_BYTES_MAX)) {
            tracing::debug!(name = key.as_str(), %error, "a metric is not described");
        }
    }

    fn note_unit(&self, key: &KeyName, unit: Option<FacadeUnit>) {
        let Some(unit) = unit else { return };
        let mut units = self
            .shared
            .units
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if units.len() < FAMILIES_MAX || units.contains_key(key.as_str()) {
            units.insert(key.as_str().to_owned(), unit);
        }
    }

    fn scale(&self, key: &Key) -> Scale {
        let units = self
            .shared
            .units
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        scale(key.name(), units.get(key.name()).copied())
    }
}

/// The handle, or none, with a word about why.
fn or_tell<T>(key: &Key, made: Result<T, MetricsError>) -> Option<T> {
    made.inspect_err(|error| tracing::debug!(name = key.name(), %error, "a metric is not recorded"))
        .ok()
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, key: KeyName, _unit: Option<FacadeUnit>, text: SharedString) {
        self.describe(&key, &text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<FacadeUnit>, text: SharedString) {
        self.note_unit(&key, unit);
        self.describe(&key, &text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<FacadeUnit>, text: SharedString) {
        self.note_unit(&key, unit);
        self.describe(&key, &text);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> FacadeCounter {
        let counter = self.store.counter(name(key.name()), tags(key));
        or_tell(key, counter).map_or_else(FacadeCounter::noop, |counter| {
            let raising = Arc::clone(&self.shared.raising);
            FacadeCounter::from_arc(Arc::new(Counts { counter, raising }))
        })
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> FacadeGauge {
        let scale = self.scale(key);
        let gauge = self
            .store
            .gauge(name(key.name()), scale.gauge_unit(), tags(key));
        or_tell(key, gauge).map_or_else(FacadeGauge::noop, |gauge| {
            FacadeGauge::from_arc(Arc::new(Sets(gauge)))
        })
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> FacadeHistogram {
        let scale = self.scale(key);
        let histogram = self
            .store
            .histogram(name(key.name()), scale.unit, tags(key));
        or_tell(key, histogram).map_or_else(FacadeHistogram::noop, |histogram| {
            let factor = scale.factor;
            FacadeHistogram::from_arc(Arc::new(Samples { histogram, factor }))
        })
    }
}
