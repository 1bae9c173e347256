//! Whether a value is good or bad: pure functions.

use mainstay_specs::{AlertRule, Comparison, PathPattern};

/// What was seen of a metric over the window of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) value: f64,
    /// How many samples it is made of.
    pub(crate) count: u64,
}

/// What a rule says of what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Beyond the threshold.
    Bad,
    /// Not beyond the threshold, but not good again either.
    Fair,
    Good,
    NoData,
}

/// What a rule says of a reading; too few samples, and a value that is no number, are no data.
pub(crate) fn judge(rule: &AlertRule, reading: Option<Reading>) -> Verdict {
    let data = reading.filter(|seen| seen.count >= rule.min_count && !seen.value.is_nan());
    match data.map(|seen| seen.value) {
        None => Verdict::NoData,
        Some(value) if violates_threshold(value, rule.threshold, rule.comparison) => Verdict::Bad,
        Some(value) if is_clear(value, rule) => Verdict::Good,
        Some(_) => Verdict::Fair,
    }
}

fn is_clear(value: f64, rule: &AlertRule) -> bool {
    let clear = rule.clear.unwrap_or(rule.threshold);
    match rule.comparison {
        Comparison::Gt => value <= clear,
        Comparison::Lt => value >= clear,
        // It is not the threshold: that was asked before.
        Comparison::Eq => true,
    }
}

/// Whether a metric of this name is meant by a pattern. Metrics of the alerts themselves never are.
///
/// ```
/// use mainstay_actors::alerts::matches_pattern;
/// use mainstay_specs::PathPattern;
///
/// let all = PathPattern::all();
/// assert!(matches_pattern("foundation.config_server.get", &all));
/// assert!(!matches_pattern("foundation.performance.alert", &all));
/// ```
#[must_use]
pub fn matches_pattern(metric: &str, pattern: &PathPattern) -> bool {
    pattern.matches(metric) && !is_of_alerts(metric)
}

/// Whether a metric is one of the alerts' own, which no rule sees.
pub(crate) fn is_of_alerts(metric: &str) -> bool {
    let rest = metric.strip_prefix(mainstay_specs::ALERT_EVENT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a value is beyond a threshold. Never if one of the two is no number (NaN). Equality is exact.
///
/// ```
/// use mainstay_actors::alerts::violates_threshold;
/// use mainstay_specs::Comparison;
///
/// assert!(violates_threshold(1.5, 1.0, Comparison::Gt));
/// assert!(!violates_threshold(1.0, 1.0, Comparison::Gt));
/// assert!(violates_threshold(1.0, 1.0, Comparison::Eq));
/// assert!(!violates_threshold(f64::NAN, 1.0, Comparison::Lt));
/// ```
#[must_use]
#[allow(clippy::float_cmp)] // That is what was asked for.
pub fn violates_threshold(value: f64, threshold: f64, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Gt => value > threshold,
        Comparison::Lt => value < threshold,
        Comparison::Eq => value == threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(comparison: Comparison, threshold: f64, clear: Option<f64>) -> AlertRule {
        let mut rule = AlertRule::new("r", PathPattern::all(), comparison, threshold);
        rule.clear = clear;
        rule
    }

    fn verdict(rule: &AlertRule, value: f64) -> Verdict {
        judge(rule, Some(Reading { value, count: 10 }))
    }

    #[test]
    fn a_value_is_bad_beyond_the_threshold_and_good_from_the_clear_value_on() {
        use Verdict::{Bad, Fair, Good, NoData};
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let table = [
            (
                Comparison::Gt,
                None,
                [
                    (0.0, Good),
                    (5.0, Good),
                    (5.1, Bad),
                    (inf, Bad),
                    (-inf, Good),
                    (nan, NoData),
                ],
            ),
            (
                Comparison::Lt,
                None,
                [
                    (0.0, Bad),
                    (4.9, Bad),
                    (5.0, Good),
                    (inf, Good),
                    (-inf, Bad),
                    (nan, NoData),
                ],
            ),
            (
                Comparison::Eq,
                None,
                [
                    (0.0, Good),
                    (5.0, Bad),
                    (5.1, Good),
                    (inf, Good),
                    (-inf, Good),
                    (nan, NoData),
                ],
            ),
            (
                Comparison::Gt,
                Some(3.0),
                [
                    (3.0, Good),
                    (3.1, Fair),
                    (5.0, Fair),
                    (5.1, Bad),
                    (-inf, Good),
                    (nan, NoData),
                ],
            ),
            (
                Comparison::Lt,
                Some(7.0),
                [
                    (7.0, Good),
                    (6.9, Fair),
                    (5.0, Fair),
                    (4.9, Bad),
                    (-inf, Bad),
                    (nan, NoData),
                ],
            ),
        ];
        for (comparison, clear, cases) in table {
            for (value, expected) in cases {
                assert_eq!(
                    verdict(&rule(comparison, 5.0, clear), value),
                    expected,
                    "{value} {comparison} 5, clear {clear:?}"
                );
            }
        }
    }

    #[test]
    fn too_few_samples_are_no_data() {
        let rule = rule(Comparison::Gt, 5.0, None).min_count(3);
        let of = |count| judge(&rule, Some(Reading { value: 9.0, count }));
        assert_eq!((of(2), of(3)), (Verdict::NoData, Verdict::Bad));
        assert_eq!(judge(&rule, None), Verdict::NoData);
    }

    #[test]
    fn no_pattern_means_the_metrics_of_alerts() {
        for metric in [
            "foundation.performance.alert",
            "foundation.performance.alert.count",
        ] {
            assert!(!matches_pattern(metric, &PathPattern::all()), "{metric}");
            assert!(
                !matches_pattern(metric, &metric.parse().expect("a pattern")),
                "{metric}"
            );
        }
        assert!(matches_pattern(
            "foundation.performance.alerts",
            &PathPattern::all()
        ));
    }
}
