//! What the rules look at: views of the metrics store.

use std::sync::Arc;

use mainstay_specs::{AlertRule, Aspect, Each, EventPath};

use super::board::Readings;
use super::judge::{Reading, matches_pattern};
use crate::metrics::{
    MetricName, MetricsStore, Outcome, STATUS, SeriesKey, SeriesView, Unit, View,
};

/// What a rule sees now: metrics by their names, or series by their names and tags.
pub(crate) fn read(store: &MetricsStore, rule: &AlertRule) -> Readings {
    match rule.each {
        Each::Series => read_series(store, rule),
        _ => read_metrics(store, rule),
    }
}

fn read_series(store: &MetricsStore, rule: &AlertRule) -> Readings {
    let views = store.views_of(rule.window, |name| {
        matches_pattern(name.as_str(), &rule.metric)
    });
    let seen = views.iter().map(|seen| {
        let reading = reading(&seen.view, seen.key.unit, rule);
        (name_of(&seen.key), reading)
    });
    seen.collect()
}

fn read_metrics(store: &MetricsStore, rule: &AlertRule) -> Readings {
    let families = store.families(|name| matches_pattern(name.as_str(), &rule.metric));
    let seen = families.iter().map(|(name, unit)| {
        let view = || store.family(name, rule.window);
        let reading = match &rule.aspect {
            Aspect::ErrorRate => error_rate(store, name, rule),
            Aspect::RatioTo(whole) => view().and_then(|part| ratio(store, &part, whole, rule)),
            _ => view().and_then(|view| reading(&view, *unit, rule)),
        };
        (name.as_str().into(), reading)
    });
    seen.collect()
}

/// Such as `app.latency{status="error"}`, with the values quoted: no two series are called the same.
fn name_of(key: &SeriesKey) -> Arc<str> {
    let tags: Vec<String> = key
        .tags
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    if tags.is_empty() {
        return key.name.as_str().into();
    }
    format!("{}{{{}}}", key.name, tags.join(",")).into()
}

/// What is looked at, in the unit of rules.
fn reading(view: &View, unit: Unit, rule: &AlertRule) -> Option<Reading> {
    if view.span().is_zero() {
        return None;
    }
    let known = is_known(view, rule);
    let in_microseconds = unit.in_seconds().map_or(1.0, |seconds| seconds * 1e6);
    let scaled = |value: Option<f64>| value.map(|value| value * in_microseconds);
    let value = match &rule.aspect {
        Aspect::Count => known.then(|| as_f64(view.count())),
        Aspect::Rate => view.rate().filter(|_| known),
        Aspect::Avg => scaled(view.avg()),
        Aspect::Min => scaled(view.min()),
        Aspect::Max => scaled(view.max()),
        Aspect::P50 => scaled(view.quantile(0.5)),
        Aspect::P95 => scaled(view.quantile(0.95)),
        Aspect::P99 => scaled(view.quantile(0.99)),
        Aspect::Quantile(quantile) => scaled(view.quantile(*quantile)),
        Aspect::Last => scaled(view.last()),
        // These take more than one view.
        _ => None,
    };
    let count = view.count();
    value.map(|value| Reading { value, count })
}

/// Whether enough of the window is known.
fn is_known(view: &View, rule: &AlertRule) -> bool {
    view.coverage() >= rule.needed_coverage()
}

fn error_rate(store: &MetricsStore, name: &MetricName, rule: &AlertRule) -> Option<Reading> {
    let views = store.views_in(name, rule.window);
    let told = views.iter().filter_map(|SeriesView { key, view, .. }| {
        let outcome = key.tags.get(STATUS)?.parse().ok()?;
        Some((outcome, view))
    });
    share_of_failures(told)
}

/// Cancelled ones are on neither side. `None` if failures and successes are not known equally far back: those of an hour and those
/// of ten minutes have no share.
fn share_of_failures<'a>(views: impl Iterator<Item = (Outcome, &'a View)>) -> Option<Reading> {
    let (failed, succeeded): (Vec<_>, Vec<_>) = views
        .filter(|(outcome, _)| outcome.is_failure() || *outcome == Outcome::Success)
        .partition(|(outcome, _)| outcome.is_failure());
    let all = failed.iter().chain(&succeeded).map(|(_, view)| *view);
    if !View::are_even(all.clone()) {
        return None;
    }
    let failures = failed.iter().map(|(_, view)| view.count()).sum();
    share(failures, all.map(View::count).sum())
}

fn ratio(
    store: &MetricsStore,
    part: &View,
    whole: &EventPath,
    rule: &AlertRule,
) -> Option<Reading> {
    let whole = store.family(whole.as_str(), rule.window)?;
    ratio_of(part, &whole, rule)
}

fn ratio_of(part: &View, whole: &View, rule: &AlertRule) -> Option<Reading> {
    if !is_known(whole, rule) || !View::are_even([part, whole]) {
        return None;
    }
    share(part.count(), whole.count())
}

fn share(part: u64, whole: u64) -> Option<Reading> {
    (whole > 0).then(|| Reading {
        value: as_f64(part) / as_f64(whole),
        count: whole,
    })
}

/// Counts beyond 2^53 are rounded.
#[allow(clippy::cast_precision_loss)]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use mainstay_specs::Comparison;

    use super::*;

    fn view(minutes: u64, count: u64, is_lost: bool) -> View {
        View::counted(minutes, count, is_lost)
    }

    fn failures(failed: &View, succeeded: &View) -> Option<f64> {
        let views = [(Outcome::Timeout, failed), (Outcome::Success, succeeded)];
        share_of_failures(views.into_iter()).map(|reading| reading.value)
    }

    #[test]
    fn failures_and_successes_that_are_not_known_equally_far_back_have_no_share() {
        let lost = view(10, 50, true);
        assert_eq!(failures(&view(60, 50, false), &lost), None);
        assert_eq!(failures(&view(10, 50, true), &lost), Some(0.5));
        // Nothing of a series that began of late is lost.
        let late = view(1, 10, false);
        assert_eq!(failures(&late, &view(60, 90, false)), Some(0.1));
    }

    #[test]
    fn what_was_cancelled_has_no_part_in_the_share_of_failures() {
        let (cancelled, succeeded) = (view(10, 7, true), view(60, 3, false));
        let views = [
            (Outcome::Cancelled, &cancelled),
            (Outcome::Success, &succeeded),
        ];
        let share = share_of_failures(views.into_iter());
        let share = share.map(|reading| (reading.value, reading.count));
        assert_eq!(share, Some((0.0, 3)));
    }

    #[test]
    fn a_part_and_a_whole_that_are_not_known_equally_far_back_have_no_ratio() {
        let metric = "app.errors".parse().expect("a pattern");
        let rule = AlertRule::new("r", metric, Comparison::Gt, 0.1);
        let ratio =
            |part: &View, whole: &View| ratio_of(part, whole, &rule).map(|reading| reading.value);
        assert_eq!(ratio(&view(60, 5, false), &view(59, 10, true)), None);
        assert_eq!(ratio(&view(59, 5, true), &view(60, 10, false)), None);
        assert_eq!(ratio(&view(60, 5, false), &view(60, 10, false)), Some(0.5));
    }
}
