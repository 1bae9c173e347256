//! What was recorded is there once, and each alert was told once and is kept once.

use std::collections::BTreeMap;

use mainstay::prelude::*;
use mainstay_actors::event_store::Event;
use mainstay_actors::metrics::{Outcome, STATUS, Tags, TimeWindow};
use mainstay_actors::{Alerts, MetricsStore};

use crate::book::{Changed, Pages};
use crate::database::alert_number;
use crate::load::{COUNTED, MEASURED};

pub(super) fn faults(app: &Namespace, pages: &Pages, events: &[Event]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, found: u64, expected: u64| {
        if found != expected {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    metrics(app, pages, &mut check);
    alerts(app, pages, &mut check);
    kept(pages, events, &mut faults);
    faults
}

fn metrics(app: &Namespace, pages: &Pages, check: &mut impl FnMut(&str, u64, u64)) {
    let metrics = MetricsStore::in_namespace(app).unwrap();
    let sum: u64 = pages.figures.iter().sum();
    let samples = pages.figures.len() as u64;
    let counter = metrics.counter(COUNTED, Tags::new()).unwrap();
    check("what was counted, in all", counter.total(), sum);
    // A run is shorter than a day.
    let view = |name: &str, tags: Tags| {
        let view = metrics.view(name, tags, TimeWindow::Day);
        view.unwrap()
    };
    let counted = view(COUNTED, Tags::new()).count();
    check("what was counted, of the day", counted, sum);
    let measured = view(MEASURED, Tags::new());
    check("samples", measured.count(), samples);
    let found = measured.sum().unwrap_or_default() as u64;
    check("the sum of the samples", found, sum);
    let changes = pages.config.values().flatten();
    let done = changes.filter(|(_, it)| matches!(it, Changed::Done(_)));
    let success = Tags::from([(STATUS, Outcome::Success.as_str())]);
    let updates = view("foundation.config_server.update", success);
    check("changes, by metrics", updates.count(), done.count() as u64);
}

/// Each tide led to an alert and to its end.
fn alerts(app: &Namespace, pages: &Pages, check: &mut impl FnMut(&str, u64, u64)) {
    let status = Alerts::in_namespace(app).unwrap().status();
    check("alerts that fired", status.fired_count, pages.tides);
    check("alerts resolved", status.resolved_count, pages.tides);
    check("alerts told", pages.alerts.len() as u64, 2 * pages.tides);
    let states = (1..=2 * pages.tides).map(|number| (number, number % 2 == 1));
    let is_right = pages.alerts.iter().copied().eq(states);
    check("alerts told in turn", u64::from(is_right), 1);
}

/// Each alert is kept once, and once more for each try of which it was not known what came of it.
fn kept(pages: &Pages, events: &[Event], faults: &mut Vec<String>) {
    let mut kept = BTreeMap::<u64, u64>::new();
    for number in events.iter().filter_map(alert_number) {
        *kept.entry(number).or_default() += 1;
    }
    let numbers: Vec<u64> = kept.keys().copied().collect();
    let expected: Vec<u64> = (1..=2 * pages.tides).collect();
    if numbers != expected {
        faults.push(format!(
            "kept are the alerts {numbers:?}, expected {expected:?}"
        ));
    }
    for (number, times) in kept {
        let tries = pages.doubtful_alerts.get(&number).copied();
        let expected = 1 + tries.unwrap_or_default();
        if times != expected {
            faults.push(format!(
                "the alert {number} is kept {times} times, expected {expected}"
            ));
        }
    }
}
