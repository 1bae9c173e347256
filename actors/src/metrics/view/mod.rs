//! What is seen of a series, or of several together, over a window.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`View`] |
//! | `counts.rs` | how much came in each slot |
//! | `steps.rs` | values that held for a time each |

mod counts;
mod steps;

pub(crate) use counts::{CountSlot, Counts};
pub(crate) use steps::Steps;

use std::time::Duration;

use super::histogram::Distribution;
use super::key::SeriesKey;
use super::unit::MetricKind;
use super::window::{Aggregation, TimeWindow};
use super::windows::{Samples, TICK, join};

/// What is seen of a series, or of several of one family together, over a window that ends now.
///
/// It holds all that was recorded within the window. It begins where a slot begins, and so reaches a little further back than the
/// window does, as [`span`](Self::span) says; less far, if the series is younger, as [`coverage`](Self::coverage) says.
///
/// What is not there is `None`, never zero or not a number: the mean of no samples, a rate over no time. Numbers are in the unit of the
/// family.
#[derive(Clone, Debug)]
pub struct View {
    window: TimeWindow,
    span: Duration,
    /// How long ago the last of what is not there any more may have been recorded: it was thrown away, or its series has expired.
    lost: Option<Duration>,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Counter(Counts),
    Gauge {
        samples: Option<Samples>,
        last: Option<f64>,
    },
    Histogram {
        samples: Distribution,
        counts: Counts,
    },
}

/// A series and what is seen of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SeriesView {
    /// The series.
    pub key: SeriesKey,
    /// What is seen.
    pub view: View,
}

impl View {
    pub(crate) const fn new(window: TimeWindow, span: Duration, content: Content) -> Self {
        Self {
            window,
            span,
            lost: None,
            content,
        }
    }

    /// Of a counter that went up by so much in the last minutes, before which what there was is lost.
    #[cfg(test)]
    pub(crate) fn counted(minutes: u64, count: u64, is_lost: bool) -> Self {
        let span = Duration::from_secs(60 * minutes);
        let tick = u32::MAX;
        let counts = Counts::new(vec![], CountSlot { tick, span, count });
        let mut view = Self::new(TimeWindow::Hour, span, Content::Counter(counts));
        view.lose(is_lost.then_some(span));
        view
    }

    /// Notes that something that was recorded until so long ago is not there any more.
    pub(crate) fn lose(&mut self, ago: Option<Duration>) {
        self.lost = [self.lost, ago].into_iter().flatten().min();
    }

    /// The window that was asked for.
    #[must_use]
    pub const fn window(&self) -> TimeWindow {
        self.window
    }

    /// How much time it really covers: rates are by this, if it is not less than 10 seconds. While all goes as it should, a minute's view covers up to 70 seconds, an
    /// hour's up to 61 minutes, a day's up to 25 hours.
    #[must_use]
    pub const fn span(&self) -> Duration {
        self.span
    }

    /// Of which part of the window all is known, 0 to 1: less than 1 as long as the series is younger than the window, or after something
    /// had to be thrown away. Of several series together, as long as all of them are younger, or after something of any of them was thrown
    /// away; and of a whole family, after one has expired.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        let whole = self.lost.map_or(self.span, |lost| lost.min(self.span));
        (whole.as_secs_f64() / self.window.length().as_secs_f64()).min(1.0)
    }

    /// Whether all series that were merged to this reach equally far back, or to where they began: what is seen of them together then
    /// stands for one time.
    pub(crate) fn is_even(&self) -> bool {
        Self::are_even([self])
    }

    /// The same of several that are to be compared.
    pub(crate) fn are_even<'a>(views: impl IntoIterator<Item = &'a Self>) -> bool {
        let (mut span, mut lost) = (Duration::ZERO, None::<Duration>);
        for view in views {
            span = span.max(view.span);
            lost = [lost, view.lost].into_iter().flatten().min();
        }
        lost.is_none_or(|lost| lost >= span)
    }

    /// How the family is recorded.
    #[must_use]
    pub const fn kind(&self) -> MetricKind {
        match self.content {
            Content::Counter(_) => MetricKind::Counter,
            Content::Gauge { .. } => MetricKind::Gauge,
            Content::Histogram { .. } => MetricKind::Histogram,
        }
    }

    /// How many samples there are: of a histogram, those recorded; of a gauge, those taken of it, one a second while it had a value,
    /// and now; of a counter, by how much it went up.
    #[must_use]
    pub fn count(&self) -> u64 {
        match &self.content {
            Content::Counter(counts) => counts.total(),
            Content::Gauge { samples, .. } => samples.map_or(0, |samples| samples.count),
            Content::Histogram { samples, .. } => samples.count(),
        }
    }

    /// The count by the second, over 10 seconds if it covers less: a moment is too short to speak of a rate. 0 if nothing happened;
    /// `None` over no time, and for a gauge.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let counted = self.kind() != MetricKind::Gauge && !self.span.is_zero();
        let seconds = self.span.max(TICK).as_secs_f64();
        counted.then(|| self.count() as f64 / seconds)
    }

    /// All samples of a histogram together, or by how much a counter went up.
    #[must_use]
    pub fn sum(&self) -> Option<f64> {
        match &self.content {
            Content::Counter(counts) => Some(counts.total() as f64),
            Content::Gauge { .. } => None,
            Content::Histogram { samples, .. } => {
                (!samples.is_empty()).then(|| samples.sum() as f64)
            }
        }
    }

    /// The mean of the samples; of a counter, its [`rate`](Self::rate). `None` if both infinities are among the samples of a gauge.
    #[must_use]
    pub fn avg(&self) -> Option<f64> {
        match &self.content {
            Content::Counter(_) => self.rate(),
            Content::Gauge { samples, .. } => {
                let mean = samples.map(|samples| samples.sum / samples.count as f64);
                mean.filter(|mean| !mean.is_nan())
            }
            Content::Histogram { samples, .. } => samples.mean(),
        }
    }

    /// The least sample; of a counter, the rate in the slot in which it was lowest.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        match &self.content {
            Content::Counter(counts) => counts.rates().min(),
            Content::Gauge { samples, .. } => samples.map(|samples| samples.min),
            Content::Histogram { samples, .. } => samples.min(),
        }
    }

    /// The greatest sample; of a counter, the rate in the slot in which it was highest.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        match &self.content {
            Content::Counter(counts) => counts.rates().max(),
            Content::Gauge { samples, .. } => samples.map(|samples| samples.max),
            Content::Histogram { samples, .. } => samples.max(),
        }
    }

    /// What a gauge is now. `None` for anything else, and for several gauges together.
    #[must_use]
    pub const fn last(&self) -> Option<f64> {
        match &self.content {
            Content::Gauge { last, .. } => *last,
            Content::Counter(_) | Content::Histogram { .. } => None,
        }
    }

    /// The quantile `q`, 0 to 1, as [`Distribution::quantile`]; of a counter, the rate that was not exceeded for the part `q` of the
    /// time. `None` for a gauge, of which only few samples are kept.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        match &self.content {
            Content::Counter(counts) => counts.rates().quantile(q),
            Content::Gauge { .. } => None,
            Content::Histogram { samples, .. } => samples.quantile(q),
        }
    }

    /// The one number.
    #[must_use]
    pub fn aggregate(&self, aggregation: Aggregation) -> Option<f64> {
        match aggregation {
            Aggregation::Avg => self.avg(),
            Aggregation::Min => self.min(),
            Aggregation::Max => self.max(),
            Aggregation::P50 => self.quantile(0.5),
            Aggregation::P95 => self.quantile(0.95),
            Aggregation::P99 => self.quantile(0.99),
        }
    }

    /// The samples of a histogram.
    #[must_use]
    pub const fn distribution(&self) -> Option<&Distribution> {
        match &self.content {
            Content::Histogram { samples, .. } => Some(samples),
            Content::Counter(_) | Content::Gauge { .. } => None,
        }
    }

    /// How much came when: increments, or samples of a histogram.
    pub(crate) const fn counts(&self) -> Option<&Counts> {
        match &self.content {
            Content::Counter(counts) | Content::Histogram { counts, .. } => Some(counts),
            Content::Gauge { .. } => None,
        }
    }

    /// Adds what is seen of another series of the family over the same window.
    pub(crate) fn merge(&mut self, other: Self) {
        self.span = self.span.max(other.span);
        self.lose(other.lost);
        match (&mut self.content, other.content) {
            (Content::Counter(all), Content::Counter(counts)) => all.merge(&counts),
            (Content::Gauge { samples, last }, Content::Gauge { samples: more, .. }) => {
                *samples = join(*samples, more);
                *last = None;
            }
            (
                Content::Histogram { samples, counts },
                Content::Histogram {
                    samples: more,
                    counts: came,
                },
            ) => {
                samples.merge(&more);
                counts.merge(&came);
            }
            (Content::Counter(_) | Content::Gauge { .. } | Content::Histogram { .. }, _) => {
                unreachable!("a family has one kind")
            }
        }
    }
}
