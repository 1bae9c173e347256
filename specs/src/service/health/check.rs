//! What makes a spec wrong.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{CheckKind, HealthAggregatorSpec, HealthCheckConfig, TreeLimits, dependency_cycle};
use crate::ServiceName;
use crate::finding::{Finding, Report};
use crate::path::At;

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const LONGEST_RUN: Duration = Duration::from_secs(600);

/// The most tags of a check.
const TAGS_MAX: usize = 32;
/// The most checks that one may depend on.
const DEPENDENCIES_MAX: usize = 64;

impl HealthAggregatorSpec {
    pub(crate) fn check_spec(&self, report: &mut Report, at: &At<'_>) {
        self.defaults.check(report, &At::Field(at, "defaults"));
        self.check_bounds(report, at);
        self.tree_limits
            .check(report, &At::Field(at, "tree_limits"));
        self.check_thresholds(report, &At::Field(at, "thresholds"));
        self.check_checks(report, at);
        self.check_groups(report, at);
        self.check_cycle(report, at);
    }

    fn check_bounds(&self, report: &mut Report, at: &At<'_>) {
        let times = [
            (
                "sweep_deadline",
                self.sweep_deadline,
                MILLISECOND..=LONGEST_RUN,
                "1ms to 10m",
            ),
            (
                "stale_after",
                self.stale_after,
                Duration::from_secs(1)..=HOUR,
                "1s to 1h",
            ),
        ];
        check_times(report, at, &times);
        let counts = [
            ("checks_max", self.checks_max, 1..=100_000),
            ("parts_max", self.parts_max, 1..=10_000),
            ("text_max", self.text_max, 16..=65_536),
            ("history_max", self.history_max, 1..=65_536),
            ("subscribers_max", self.subscribers_max, 1..=u32::MAX),
            ("backlog_max", self.backlog_max, 1..=65_536),
        ];
        check_counts(report, at, &counts);
    }

    fn check_thresholds(&self, report: &mut Report, at: &At<'_>) {
        let thresholds = self.thresholds;
        for (field, score) in [
            ("healthy", thresholds.healthy),
            ("degraded", thresholds.degraded),
        ] {
            if !(0.0..=1.0).contains(&score) {
                let message = format!("expected a score from 0 to 1, found {score}");
                report.add(Finding::new(at.field(field), message));
            }
        }
        if thresholds.degraded > thresholds.healthy {
            let (max, found) = (thresholds.healthy, thresholds.degraded);
            let message = format!("expected at most healthy, which is {max}, found {found}");
            let finding = Finding::new(at.field("degraded"), message);
            report.add(finding.and_on(at.field("healthy")));
        }
    }

    fn check_checks(&self, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "checks");
        if self.checks.len() > self.checks_max as usize {
            let (max, found) = (self.checks_max, self.checks.len());
            let message = format!("expected at most checks_max, which is {max}, found {found}");
            report.add(Finding::new(list.path(), message).and_on(at.field("checks_max")));
        }
        let names = self.checks.iter().map(|check| &check.name);
        check_names(report, &list, names, "check");
        for (nth, check) in self.checks.iter().enumerate() {
            let place = At::Index(&list, nth);
            check.config.check(report, &At::Field(&place, "config"));
        }
    }

    fn check_groups(&self, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "groups");
        check_names(
            report,
            &list,
            self.groups.iter().map(|group| &group.name),
            "group",
        );
        for (nth, group) in self.groups.iter().enumerate() {
            if group.checks.is_empty() && group.tags.is_empty() {
                let message = "expected names of checks or tags, found neither";
                report.add(Finding::new(At::Index(&list, nth).path(), message));
            }
        }
    }

    fn check_cycle(&self, report: &mut Report, at: &At<'_>) {
        let edges = self.checks.iter();
        let edges = edges.map(|check| (&check.name, check.config.depends_on.as_slice()));
        let Some(cycle) = dependency_cycle(edges) else {
            return;
        };
        let list = At::Field(at, "checks");
        let nth = self.checks.iter().position(|check| check.name == cycle[0]);
        let place = At::Index(&list, nth.unwrap_or_default());
        let config = At::Field(&place, "config");
        let names: Vec<&str> = cycle.iter().map(ServiceName::as_str).collect();
        let message = format!(
            "expected nothing that depends on itself, found {}",
            names.join(" -> ")
        );
        let finding = Finding::new(config.field("depends_on"), message);
        report.add(finding.and_on_names_in(list.path(), "name"));
    }
}

impl TreeLimits {
    fn check(&self, report: &mut Report, at: &At<'_>) {
        let range = 100 * MILLISECOND..=HOUR;
        let times = [
            ("poll", self.poll),
            ("message", self.message),
            ("wait", self.wait),
            ("start", self.start),
        ];
        let times = times.map(|(field, time)| (field, time, range.clone(), "100ms to 1h"));
        check_times(report, at, &times);
        let counts = [("processes_max", self.processes_max, 1..=1_000_000)];
        check_counts(report, at, &counts);
    }
}

impl HealthCheckConfig {
    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        if !(self.weight > 0.0 && self.weight <= 1000.0) {
            let message = format!("expected more than 0 to 1000, found {}", self.weight);
            report.add(Finding::new(at.field("weight"), message));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            let message = format!("expected a share from 0 to 1, found {}", self.jitter);
            report.add(Finding::new(at.field("jitter"), message));
        }
        let up_to_hour = Duration::ZERO..=HOUR;
        let times = [
            (
                "interval",
                self.interval,
                10 * MILLISECOND..=HOUR,
                "10ms to 1h",
            ),
            (
                "time_limit",
                self.time_limit,
                MILLISECOND..=LONGEST_RUN,
                "1ms to 10m",
            ),
            ("hold", self.hold, up_to_hour.clone(), "up to 1h"),
            ("grace", self.grace, up_to_hour, "up to 1h"),
        ];
        check_times(report, at, &times);
        let counts = [("rise", self.rise, 1..=1000), ("fall", self.fall, 1..=1000)];
        check_counts(report, at, &counts);
        if self.kind == CheckKind::Liveness && !self.depends_on.is_empty() {
            let found = self.depends_on.len();
            let message = format!("expected none, as the kind is liveness, found {found}");
            report.add(Finding::new(at.field("depends_on"), message).and_on(at.field("kind")));
        }
        let lists = [
            ("tags", self.tags.len(), TAGS_MAX),
            ("depends_on", self.depends_on.len(), DEPENDENCIES_MAX),
        ];
        for (field, found, max) in lists {
            if found > max {
                let message = format!("expected at most {max}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
    }
}

fn check_times(
    report: &mut Report,
    at: &At<'_>,
    times: &[(&str, Duration, RangeInclusive<Duration>, &str)],
) {
    for (field, found, range, expected) in times {
        if !range.contains(found) {
            let found = humantime::format_duration(*found);
            let message = format!("expected {expected}, found {found}");
            report.add(Finding::new(at.field(field), message));
        }
    }
}

fn check_counts(report: &mut Report, at: &At<'_>, counts: &[(&str, u32, RangeInclusive<u32>)]) {
    for (field, found, range) in counts {
        if range.contains(found) {
            continue;
        }
        let (least, most) = (range.start(), range.end());
        let message = if *most == u32::MAX {
            format!("expected at least {least}, found {found}")
        } else {
            format!("expected {least} to {most}, found {found}")
        };
        report.add(Finding::new(at.field(field), message));
    }
}

fn check_names<'a>(
    report: &mut Report,
    list: &At<'_>,
    names: impl Iterator<Item = &'a ServiceName>,
    what: &str,
) {
    let mut places = HashMap::new();
    for (nth, name) in names.enumerate() {
        let first = *places.entry(name).or_insert(nth);
        if first != nth {
            let message = format!("duplicate {what} name {name:?}");
            let finding = Finding::new(At::Index(list, nth).field("name"), message);
            report.add(finding.first_at(At::Index(list, first).field("name")));
        }
    }
}
