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
    let (mut failures, mut all) = (0_u64, 0_u64);
    for SeriesView { key, view, .. } in &views {
        let outcome = key
            .tags
            .get(STATUS)
            .and_then(|status| status.parse::<Outcome>().ok());
        match outcome {
            Some(outcome) if outcome.is_failure() => {
                failures += view.count();
                all += view.count();
            }
            Some(Outcome::Success) => all += view.count(),
            // Cancelled, or without the tag: on neither side.
            _ => {}
        }
    }
    share(failures, all)
}

fn ratio(
    store: &MetricsStore,
    part: &View,
    whole: &EventPath,
    rule: &AlertRule,
) -> Option<Reading> {
    let whole = store.family(whole.as_str(), rule.window)?;
    if !is_known(&whole, rule) {
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
