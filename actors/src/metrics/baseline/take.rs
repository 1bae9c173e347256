//! Baselines, taken of a store.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::estimate::Estimate;
use super::profile::Profile;
use crate::metrics::handle::MetricsStore;
use crate::metrics::name::MetricName;
use crate::metrics::outcome::{Outcome, STATUS};
use crate::metrics::tags::Tags;
use crate::metrics::unit::{MetricKind, Unit};
use crate::metrics::view::{SeriesView, View};
use crate::metrics::window::TimeWindow;

/// How all operations fared over a window, once: plain data, to be kept as a file and compared with another.
///
/// As RON by [`to_ron`](Self::to_ron) and [`from_ron`](Self::from_ron), and in any other format that serde knows, such as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub(super) taken: SystemTime,
    pub(super) window: TimeWindow,
    /// Sorted by name, tags and unit, each once.
    pub(super) operations: Vec<Profile>,
}

impl Baseline {
    /// When it was taken, to the millisecond: the end of the window.
    #[must_use]
    pub const fn taken(&self) -> SystemTime {
        self.taken
    }

    /// The window it is of.
    #[must_use]
    pub const fn window(&self) -> TimeWindow {
        self.window
    }

    /// The operations of which there was any sample, sorted by name and tags.
    #[must_use]
    pub fn operations(&self) -> &[Profile] {
        &self.operations
    }
}

impl MetricsStore {
    /// How the operations of the families that are asked for fare over the window that ends now. Recording goes on meanwhile.
    ///
    /// One without a sample in the window is left out, and so are counters and gauges: they are no operations. There are at most as
    /// many as there are series.
    #[must_use]
    pub fn baseline(&self, window: TimeWindow, select: impl Fn(&MetricName) -> bool) -> Baseline {
        let mut gathered: BTreeMap<(MetricName, Tags, Unit), Gathered> = BTreeMap::new();
        for SeriesView { key, view } in self.views_of(window, select) {
            let outcome = key.tags.get(STATUS).and_then(|text| text.parse().ok());
            if key.kind == MetricKind::Histogram && outcome != Some(Outcome::Cancelled) {
                let operation = (key.name, key.tags.without(STATUS), key.unit);
                gathered.entry(operation).or_default().add(outcome, view);
            }
        }
        let operations = gathered.into_iter();
        Baseline {
            taken: whole_milliseconds(SystemTime::now()),
            window,
            operations: operations
                .filter_map(|(key, gathered)| gathered.profile(key))
                .collect(),
        }
    }
}

/// What is seen of the series of one operation.
#[derive(Default)]
struct Gathered {
    all: Option<View>,
    /// Of those that tell how it ended.
    finished: u64,
    failed: u64,
}

impl Gathered {
    fn add(&mut self, outcome: Option<Outcome>, view: View) {
        if let Some(outcome) = outcome {
            self.finished += view.count();
            self.failed += if outcome.is_failure() {
                view.count()
            } else {
                0
            };
        }
        match &mut self.all {
            Some(all) => all.merge(view),
            None => self.all = Some(view),
        }
    }

    fn profile(self, key: (MetricName, Tags, Unit)) -> Option<Profile> {
        let all = self.all?;
        let samples = all.distribution().filter(|samples| !samples.is_empty())?;
        let errors = Estimate::part(self.failed, self.finished);
        Some(Profile::of(key, samples, all.span(), errors))
    }
}

/// As precisely as it is written down, so that what is read again is the same.
fn whole_milliseconds(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let whole = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(whole)
}
