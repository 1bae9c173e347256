//! What makes a spec of a memory manager wrong.

use std::time::Duration;

use super::{MemoryManagerSpec, PressureLevel, Sustained};
use crate::finding::{Finding, Report};
use crate::path::At;

const MIB: u64 = 1 << 20;

impl MemoryManagerSpec {
    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.check_times(report, at);
        self.check_thresholds(report, at);
        self.check_shares(report, at);
        self.check_numbers(report, at);
        if let Some(rule) = &self.sustained {
            rule.check(report, &At::Field(at, "sustained"));
        }
        self.cleanup.check(report, &At::Field(at, "cleanup"));
        self.admission.check(report, &At::Field(at, "admission"));
        self.budgets.check(report, &At::Field(at, "budgets"));
    }

    fn check_times(&self, report: &mut Report, at: &At<'_>) {
        let (ms, second) = (Duration::from_millis, Duration::from_secs);
        if !(ms(10)..=second(60)).contains(&self.check_interval) {
            report.add(time(
                at,
                "check_interval",
                "10ms to 1m",
                self.check_interval,
            ));
        }
        if self.dwell > second(3600) {
            report.add(time(at, "dwell", "up to 1h", self.dwell));
        }
    }

    fn check_thresholds(&self, report: &mut Report, at: &At<'_>) {
        let mut one_is_no_share = false;
        let given = [
            ("warning_threshold", Some(self.warning_threshold)),
            ("high_threshold", self.high_threshold),
            ("critical_threshold", Some(self.critical_threshold)),
        ];
        for (field, share) in given {
            if let Some(found) = share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
                let message = format!("expected a share over 0 and at most 1, found {found}");
                report.add(Finding::new(at.field(field), message));
                one_is_no_share = true;
            }
        }
        if !one_is_no_share {
            self.check_order(report, at);
        }
    }

    fn check_order(&self, report: &mut Report, at: &At<'_>) {
        let high = self.threshold(PressureLevel::High);
        let pairs = match self.high_threshold {
            Some(_) => vec![
                (
                    "warning_threshold",
                    self.warning_threshold,
                    "high_threshold",
                    high,
                ),
                (
                    "high_threshold",
                    high,
                    "critical_threshold",
                    self.critical_threshold,
                ),
            ],
            None => vec![(
                "warning_threshold",
                self.warning_threshold,
                "critical_threshold",
                self.critical_threshold,
            )],
        };
        for (field, found, other, limit) in pairs {
            if found >= limit {
                let message =
                    format!("expected less than {other}, which is {limit}, found {found}");
                let finding = Finding::new(at.field(field), message);
                report.add(finding.and_on(at.field(other)));
            }
        }
    }

    fn check_shares(&self, report: &mut Report, at: &At<'_>) {
        let (found, limit) = (self.hysteresis, self.warning_threshold);
        if !(0.0..=1.0).contains(&found) {
            let message = format!("expected a share of 0 to 1, found {found}");
            report.add(Finding::new(at.field("hysteresis"), message));
        } else if found >= limit {
            let message =
                format!("expected less than warning_threshold, which is {limit}, found {found}");
            let finding = Finding::new(at.field("hysteresis"), message);
            report.add(finding.and_on(at.field("warning_threshold")));
        }
        if !(0.0..=0.9).contains(&self.headroom) {
            let message = format!("expected a share of 0 to 0.9, found {}", self.headroom);
            report.add(Finding::new(at.field("headroom"), message));
        }
    }

    fn check_numbers(&self, report: &mut Report, at: &At<'_>) {
        let limits = [
            ("samples", self.samples, 1..=1000),
            ("stale_after", self.stale_after, 2..=1000),
            ("sources_max", self.sources_max, 0..=256),
            ("events_backlog", self.events_backlog, 1..=65_536),
        ];
        for (field, found, range) in limits {
            if !range.contains(&found) {
                let (least, most) = range.into_inner();
                let message = format!("expected {least} to {most}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
        if self.subscribers_max == 0 {
            let message = "expected at least 1, found 0";
            report.add(Finding::new(at.field("subscribers_max"), message));
        }
        for (field, bytes) in [("budget", self.budget), ("heap_budget", self.heap_budget)] {
            if let Some(found) = bytes.filter(|bytes| *bytes < MIB) {
                let message = format!("expected at least {MIB} bytes, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
    }
}

impl Sustained {
    fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.above_for > Duration::from_secs(600) {
            report.add(time(at, "above_for", "up to 10m", self.above_for));
        }
        if !(0.0..=1.0).contains(&self.falling) {
            let message = format!("expected a share of 0 to 1, found {}", self.falling);
            report.add(Finding::new(at.field("falling"), message));
        }
    }
}

fn time(at: &At<'_>, field: &str, expected: &str, found: Duration) -> Finding {
    let found = humantime::format_duration(found);
    Finding::new(
        at.field(field),
        format!("expected {expected}, found {found}"),
    )
}
