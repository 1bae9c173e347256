//! Rules applied to one metric by hand.

use mainstay_specs::AlertRule;

use super::judge::{matches_pattern, violates_threshold};
use crate::metrics::PerformanceMetric;

/// The rules whose pattern means a metric and whose threshold its value is beyond: for a metric that was aggregated already.
///
/// What a rule says of time, of samples and of the aspect it looks at is left aside; the alerts themselves go by all of it. The value
/// is taken as it is: durations are to be microseconds, as [`MetricsStore::get_metrics`](crate::MetricsStore::get_metrics) has them.
#[must_use]
pub fn check_alert_rules<'a>(
    metric: &PerformanceMetric,
    rules: impl IntoIterator<Item = &'a AlertRule>,
) -> Vec<&'a AlertRule> {
    let is_bad = |rule: &&AlertRule| {
        matches_pattern(metric.name.as_str(), &rule.metric)
            && violates_threshold(metric.value, rule.threshold, rule.comparison)
    };
    rules.into_iter().filter(is_bad).collect()
}
