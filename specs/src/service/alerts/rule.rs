//! A rule.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Aspect, Comparison, Each, NoData, Severity};
use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Faults, NAME_MAX, PathPattern, TimeWindow};

/// The event that tells of alerts. Metrics of this path, and below it, are seen by no rule: an alert cannot set off another.
pub const ALERT_EVENT: &str = "foundation.performance.alert";

/// When somebody is to be told.
///
/// ```
/// use mainstay_specs::{AlertRule, Aspect, Comparison, Severity};
/// use std::time::Duration;
///
/// let rule = AlertRule::new("slow reads", "foundation.config_server.get".parse()?, Comparison::Gt, 5000.0)
///     .aspect(Aspect::P99)
///     .clear(3000.0)
///     .lasting(Duration::from_secs(30))
///     .min_count(20)
///     .severity(Severity::Critical);
/// rule.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertRule {
    /// What it is called: not empty, at most 128 bytes, unique.
    pub name: String,
    /// Which metrics it is about, by their names.
    pub metric: PathPattern,
    /// What is judged by itself: each of these metrics, or each series of them. Default: each metric.
    #[serde(default)]
    pub each: Each,
    /// What of them is looked at. Default: the mean.
    #[serde(default = "mean", skip_serializing_if = "is_mean")]
    pub aspect: Aspect,
    /// How the value is compared with the threshold.
    pub comparison: Comparison,
    /// The threshold, in the unit of what is looked at: durations in microseconds, rates a second, ratios from 0 to 1, all else as it
    /// was recorded.
    pub threshold: f64,
    /// The value that is good again: at or below it for `gt`, at or above it for `lt`. Between it and the threshold an alert that
    /// fires goes on, and one that does not, does not. Default: the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear: Option<f64>,
    /// Over which time. Default: the last minute.
    #[serde(default)]
    pub window: TimeWindow,
    /// How long the value has to be bad before the alert fires. Default: not at all.
    #[serde(
        rename = "for",
        default,
        with = "crate::duration",
        skip_serializing_if = "Duration::is_zero"
    )]
    pub lasting: Duration,
    /// How bad it is. Default: warning.
    #[serde(default)]
    pub severity: Severity,
    /// What becomes of it when there is no data. Default: keep.
    #[serde(default)]
    pub no_data: NoData,
    /// With fewer samples in the window there is no data; of a ratio, samples of the whole. Default: 0.
    #[serde(default)]
    pub min_count: u64,
    /// Of which part of the window something has to be known, 0 to 1, for counts, rates and ratios (of these, by the whole) to be data: a
    /// store that has just begun has counted little. Default: 0 for counts compared with `gt`, which only grow with what is known; 1
    /// for other counts; 1/6 for rates and ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_coverage: Option<f64>,
    /// Whether it does not begin to fire while the alerts are muted, as they are while the namespace ends. Default: yes.
    #[serde(default = "yes")]
    pub mute_while_draining: bool,
}

impl AlertRule {
    /// A rule about the mean over the last minute, which warns at once.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        metric: PathPattern,
        comparison: Comparison,
        threshold: f64,
    ) -> Self {
        Self {
            name: name.into(),
            metric,
            each: Each::Metric,
            aspect: Aspect::Avg,
            comparison,
            threshold,
            clear: None,
            window: TimeWindow::default(),
            lasting: Duration::ZERO,
            severity: Severity::default(),
            no_data: NoData::default(),
            min_count: 0,
            min_coverage: None,
            mute_while_draining: true,
        }
    }

    /// Sets what is looked at.
    #[must_use]
    pub fn aspect(mut self, aspect: Aspect) -> Self {
        self.aspect = aspect;
        self
    }

    /// Sets what is judged by itself.
    #[must_use]
    pub const fn each(mut self, each: Each) -> Self {
        self.each = each;
        self
    }

    /// Sets the value that is good again.
    #[must_use]
    pub const fn clear(mut self, value: f64) -> Self {
        self.clear = Some(value);
        self
    }

    /// Sets over which time.
    #[must_use]
    pub const fn window(mut self, window: TimeWindow) -> Self {
        self.window = window;
        self
    }

    /// Sets how long the value has to be bad: `for` in files.
    #[must_use]
    pub const fn lasting(mut self, time: Duration) -> Self {
        self.lasting = time;
        self
    }

    /// Sets how bad it is.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets what becomes of it when there is no data.
    #[must_use]
    pub const fn no_data(mut self, policy: NoData) -> Self {
        self.no_data = policy;
        self
    }

    /// Sets how many samples make data.
    #[must_use]
    pub const fn min_count(mut self, samples: u64) -> Self {
        self.min_count = samples;
        self
    }

    /// Sets of which part of the window something has to be known.
    #[must_use]
    pub const fn min_coverage(mut self, part: f64) -> Self {
        self.min_coverage = Some(part);
        self
    }

    /// Of which part of the window something has to be known, 0 to 1: what was set, or else the default of what is looked at.
    #[must_use]
    pub fn needed_coverage(&self) -> f64 {
        let default = match (&self.aspect, self.comparison) {
            (Aspect::Count, Comparison::Lt | Comparison::Eq) => 1.0,
            (Aspect::Rate | Aspect::RatioTo(_), _) => 1.0 / 6.0,
            _ => 0.0,
        };
        self.min_coverage.unwrap_or(default)
    }

    /// Sets whether it does not begin to fire while the alerts are muted.
    #[must_use]
    pub const fn mute_while_draining(mut self, mute: bool) -> Self {
        self.mute_while_draining = mute;
        self
    }

    /// Checks the rule by itself.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its field.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.name.is_empty() || self.name.len() > NAME_MAX {
            let message = format!("expected 1 to {NAME_MAX} bytes, found {}", self.name.len());
            report.add(Finding::new(at.field("name"), message));
        }
        if let Some(part) = self.min_coverage
            && !(0.0..=1.0).contains(&part)
        {
            let message = format!("expected a part from 0 to 1, found {part}");
            report.add(Finding::new(at.field("min_coverage"), message));
        }
        self.check_numbers(report, at);
        self.check_aspect(report, at);
    }

    fn check_numbers(&self, report: &mut Report, at: &At<'_>) {
        let threshold = self.threshold;
        if !threshold.is_finite() {
            let message = format!("expected a finite number, found {threshold}");
            report.add(Finding::new(at.field("threshold"), message));
            return;
        }
        let Some(clear) = self.clear else { return };
        let fault = match self.comparison {
            Comparison::Gt if clear <= threshold && clear.is_finite() => None,
            Comparison::Lt if clear >= threshold && clear.is_finite() => None,
            Comparison::Gt => Some(format!(
                "expected at most the threshold {threshold}, and finite, found {clear}"
            )),
            Comparison::Lt => Some(format!(
                "expected at least the threshold {threshold}, and finite, found {clear}"
            )),
            Comparison::Eq => Some("expected none beside the comparison eq".to_owned()),
        };
        if let Some(message) = fault {
            let finding = Finding::new(at.field("clear"), message);
            let finding = finding.and_on(at.field("threshold"));
            report.add(finding.and_on(at.field("comparison")));
        }
    }

    fn check_aspect(&self, report: &mut Report, at: &At<'_>) {
        if let Aspect::Quantile(quantile) = self.aspect
            && !(0.0..=1.0).contains(&quantile)
        {
            let message = format!("expected a quantile from 0 to 1, found {quantile}");
            report.add(Finding::new(at.field("aspect"), message));
        }
        if self.comparison == Comparison::Eq && !self.aspect.is_exact() {
            let message = format!("expected gt or lt for {}, found eq", self.aspect);
            let finding = Finding::new(at.field("comparison"), message);
            report.add(finding.and_on(at.field("aspect")));
        }
        let ratio = matches!(self.aspect, Aspect::RatioTo(_));
        if ratio && !self.metric.is_exact() {
            let message = format!("expected one metric for a ratio, found `{}`", self.metric);
            let finding = Finding::new(at.field("metric"), message);
            report.add(finding.and_on(at.field("aspect")));
        }
        if (ratio || self.aspect == Aspect::ErrorRate) && self.each == Each::Series {
            let message = format!("expected metric for {}, found series", self.aspect);
            let finding = Finding::new(at.field("each"), message);
            report.add(finding.and_on(at.field("aspect")));
        }
        if is_of_alerts(self.metric.as_str()) {
            let message = format!(
                "expected a metric that no alert makes, found `{}`",
                self.metric
            );
            report.add(Finding::new(at.field("metric"), message));
        }
    }
}

fn is_of_alerts(metric: &str) -> bool {
    let rest = metric.strip_prefix(ALERT_EVENT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

const fn mean() -> Aspect {
    Aspect::Avg
}

fn is_mean(aspect: &Aspect) -> bool {
    *aspect == Aspect::Avg
}

const fn yes() -> bool {
    true
}
