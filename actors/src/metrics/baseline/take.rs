//! Baselines, taken of a store.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::estimate::Estimate;
use super::profile::Profile;
use crate::metrics::handle::MetricsStore;
use crate::metrics::name::MetricName;
use crate::metrics::outcome::{Outcome, STATUS};
use crate::metrics::series::AnySeries;
use crate::metrics::tags::Tags;
use crate::metrics::unit::{MetricKind, Unit};
use crate::metrics::view::View;
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
    /// many as there are series; one after the other is looked at. Where the store has thrown away the past of some outcomes of an operation, to make room, and not that of
    /// others, the samples are counted and nothing is told of them. What was recorded to series that have expired is not there.
    ///
    /// A comparison takes more for worse, whatever the unit: leave out what is better the more there is of it, such as a part of hits.
    #[must_use]
    pub fn baseline(&self, window: TimeWindow, select: impl Fn(&MetricName) -> bool) -> Baseline {
        let operations = operations(self.cell.table().of_families(select));
        // One after the other: a view takes much more room than a profile.
        let profiles = self.cell.look(|moment| {
            let profiles = operations.into_iter().map(|(operation, parts)| {
                let mut gathered = Gathered::default();
                for (outcome, series) in parts {
                    gathered.add(outcome, series.view(window, moment));
                }
                gathered.profile(operation)
            });
            profiles.flatten().collect()
        });
        Baseline {
            taken: whole_milliseconds(SystemTime::now()),
            window,
            operations: profiles,
        }
    }
}

type Operation = (MetricName, Tags, Unit);

/// A series of an operation, and how what it tells of ended, if it says so.
type Part = (Option<Outcome>, AnySeries);

/// Sorts series by operation, and leaves out what tells nothing of one.
fn operations(all: Vec<AnySeries>) -> BTreeMap<Operation, Vec<Part>> {
    let mut operations: BTreeMap<Operation, Vec<Part>> = BTreeMap::new();
    for series in all {
        let key = series.key();
        let outcome = key.tags.get(STATUS).and_then(|text| text.parse().ok());
        if key.kind == MetricKind::Histogram && outcome != Some(Outcome::Cancelled) {
            let operation = (key.name.clone(), key.tags.without(STATUS), key.unit);
            let parts = operations.entry(operation).or_default();
            parts.push((outcome, series));
        }
    }
    operations
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

    fn profile(self, operation: Operation) -> Option<Profile> {
        let all = self.all?;
        let samples = all.distribution().filter(|samples| !samples.is_empty())?;
        let errors = Estimate::part(self.failed, self.finished);
        let profile = Profile::of(operation, samples, all.span(), errors);
        // Or the failures of an hour would be told with the successes of ten minutes.
        Some(if all.is_even() {
            profile
        } else {
            profile.counted()
        })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::profile::Measure;
    use super::*;
    use crate::metrics::view::{Content, CountSlot, Counts};

    /// Samples of the last minutes, before which what there was is lost.
    fn view(minutes: u64, count: u64, is_lost: bool) -> View {
        let span = Duration::from_secs(60 * minutes);
        let tick = u32::MAX;
        let counts = Counts::new(vec![], CountSlot { tick, span, count });
        let samples = (0..count).map(|nth| nth % 50).collect();
        let content = Content::Histogram { samples, counts };
        let mut view = View::new(TimeWindow::Hour, span, content);
        view.lose(is_lost.then_some(span));
        view
    }

    fn profile(successes: View, errors: View) -> Profile {
        let mut gathered = Gathered::default();
        gathered.add(Some(Outcome::Success), successes);
        gathered.add(Some(Outcome::Error), errors);
        let key = ("a".parse().unwrap(), Tags::new(), Unit::Nanoseconds);
        gathered.profile(key).unwrap()
    }

    fn is_told(profile: &Profile) -> [bool; 6] {
        Measure::ALL.map(|measure| profile.measure(measure).is_some())
    }

    #[test]
    fn outcomes_that_are_not_known_equally_far_back_tell_nothing_together() {
        let uneven = profile(view(10, 1_000, true), view(60, 60, false));
        assert_eq!((uneven.count, is_told(&uneven)), (1_060, [false; 6]));
    }

    #[test]
    fn outcomes_that_are_known_equally_far_back_or_younger_tell_all() {
        let lost = profile(view(10, 1_000, true), view(10, 10, true));
        let errors = lost.error_rate.map(|errors| errors.value);
        assert_eq!((errors, is_told(&lost)), (Some(10.0 / 1_010.0), [true; 6]));
        let younger = profile(view(60, 1_000, false), view(10, 10, false));
        assert_eq!(is_told(&younger), [true; 6]);
    }
}
