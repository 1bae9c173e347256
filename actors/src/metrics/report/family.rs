//! What the series of one family say.

use std::time::Duration;

use super::MetricType;
use crate::metrics::key::SeriesKey;
use crate::metrics::outcome::{Outcome, STATUS};
use crate::metrics::tags::Tags;
use crate::metrics::unit::{MetricKind, Unit};
use crate::metrics::view::{Counts, SeriesView, Steps, View};
use crate::metrics::window::Aggregation;

/// All series of one family over one window.
#[derive(Debug)]
pub(super) struct FamilyView {
    pub(super) key: SeriesKey,
    all: View,
    /// The tags that all series have in common.
    pub(super) tags: Tags,
    finished: Counts,
    failed: Counts,
    /// Whether any series tells how its operations ended.
    tells_outcomes: bool,
}

impl FamilyView {
    pub(super) fn of(first: SeriesView) -> Self {
        let mut family = Self {
            tags: first.key.tags.clone(),
            finished: Counts::default(),
            failed: Counts::default(),
            tells_outcomes: false,
            all: first.view,
            key: first.key,
        };
        let (tags, counts) = (family.tags.clone(), family.all.counts().cloned());
        family.note_outcome(&tags, counts.as_ref());
        family
    }

    pub(super) fn add(&mut self, other: SeriesView) {
        self.tags = self.tags.common(&other.key.tags);
        self.note_outcome(&other.key.tags, other.view.counts());
        self.all.merge(other.view);
    }

    fn note_outcome(&mut self, tags: &Tags, counts: Option<&Counts>) {
        let outcome = tags.get(STATUS).and_then(|status| status.parse().ok());
        let (Some(outcome), Some(counts)) = (outcome, counts) else {
            return;
        };
        self.tells_outcomes = true;
        let outcome: Outcome = outcome;
        if outcome != Outcome::Cancelled {
            self.finished.merge(counts);
        }
        if outcome.is_failure() {
            self.failed.merge(counts);
        }
    }

    pub(super) const fn span(&self) -> Duration {
        self.all.span()
    }

    /// What can be said of it.
    pub(super) fn types(&self) -> &'static [MetricType] {
        use MetricType::{ErrorRate, Latency, ResourceUsage, Throughput};
        let is_time = self.key.unit.in_seconds().is_some();
        match self.key.kind {
            MetricKind::Counter => &[Throughput],
            MetricKind::Gauge => &[ResourceUsage],
            MetricKind::Histogram if !is_time => &[ResourceUsage],
            MetricKind::Histogram if self.tells_outcomes => &[Latency, Throughput, ErrorRate],
            MetricKind::Histogram => &[Latency, Throughput],
        }
    }

    pub(super) const fn unit(&self, metric_type: MetricType) -> Unit {
        match metric_type {
            MetricType::Latency => Unit::Microseconds,
            MetricType::Throughput => Unit::PerSecond,
            MetricType::ErrorRate => Unit::Ratio,
            MetricType::ResourceUsage => self.key.unit,
        }
    }

    /// The number, if there is one.
    pub(super) fn value(&self, metric_type: MetricType, aggregation: Aggregation) -> Option<f64> {
        match metric_type {
            MetricType::Latency => {
                let microseconds = self.key.unit.in_seconds()? * 1e6;
                Some(self.all.aggregate(aggregation)? * microseconds)
            }
            MetricType::Throughput if aggregation == Aggregation::Avg => self.all.rate(),
            MetricType::Throughput => over_time(&self.all.counts()?.rates(), aggregation),
            // Failures and successes of unlike times have no share.
            MetricType::ErrorRate if !self.all.is_even() => None,
            MetricType::ErrorRate if aggregation == Aggregation::Avg => {
                let finished = self.finished.total();
                (finished > 0).then(|| self.failed.total() as f64 / finished as f64)
            }
            MetricType::ErrorRate => over_time(&self.failed.parts(&self.finished), aggregation),
            MetricType::ResourceUsage => self.all.aggregate(aggregation),
        }
    }
}

/// Of values that held for a time each, slot by slot.
fn over_time(steps: &Steps, aggregation: Aggregation) -> Option<f64> {
    match aggregation {
        Aggregation::Min => steps.min(),
        Aggregation::Max => steps.max(),
        Aggregation::P50 => steps.quantile(0.5),
        Aggregation::P95 => steps.quantile(0.95),
        Aggregation::P99 => steps.quantile(0.99),
        // Of the whole window, not of its slots: the caller has it.
        Aggregation::Avg => None,
    }
}
