//! How much memory processes may hold.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ServiceName;
use crate::finding::{Finding, Report};
use crate::path::At;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// How much memory processes may hold, and what becomes of those that hold more.
///
/// What a process holds is known where it is charged (the feature `memory-attribution`, with its allocator), or where the process was
/// given a footprint; a budget of one that is not measured does nothing, and says so.
///
/// In RON: `budgets: (dry_run: false, services: [(name: "search", soft: 67108864, hard: 134217728, restart_safe: true)])`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BudgetsSpec {
    /// How often it is looked at what processes hold, 10 ms to 1 h. Default: 1 s.
    #[serde(with = "crate::duration")]
    pub check_interval: Duration,
    /// Whether hard budgets only tell what they would have done. Default: true.
    pub dry_run: bool,
    /// In how much time there is at most one restart, of all services together: `check_interval` to 24 h. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub restart_interval: Duration,
    /// Over how much time growth is looked at, 1 s to 24 h: over one to two of these, as a start is moved on once in each. Default: 1 min.
    #[serde(with = "crate::duration")]
    pub growth_window: Duration,
    /// The most processes that are tracked at a time, 1 to 1,000,000. Default: 10,000.
    pub tracked_max: u32,
    /// The budgets, at most one for each name.
    pub services: Vec<MemoryBudget>,
}

impl Default for BudgetsSpec {
    fn default() -> Self {
        Self {
            check_interval: SECOND,
            dry_run: true,
            restart_interval: 30 * SECOND,
            growth_window: 60 * SECOND,
            tracked_max: 10_000,
            services: Vec::new(),
        }
    }
}

/// How much memory a process may hold that has this name. Each incarnation has all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryBudget {
    /// The name under which the process is registered in the namespace.
    pub name: ServiceName,
    /// The bytes from which on it is told, at least 1. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<u64>,
    /// The bytes from which on it takes no messages, or is restarted, at least `soft`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard: Option<u64>,
    /// Whether the process may be restarted when it holds more than `hard`: what it holds is then lost, as at any restart. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restart_safe: bool,
    /// Whether the process is left alone whatever it holds: `hard` is only told then, too. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub critical: bool,
}

// As serde asks.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl MemoryBudget {
    /// A budget of the process with this name, so far without a limit.
    #[must_use]
    pub const fn new(name: ServiceName) -> Self {
        Self {
            name,
            soft: None,
            hard: None,
            restart_safe: false,
            critical: false,
        }
    }

    /// Sets the bytes from which on it is told.
    #[must_use]
    pub const fn soft(mut self, bytes: u64) -> Self {
        self.soft = Some(bytes);
        self
    }

    /// Sets the bytes from which on it takes no messages, or is restarted.
    #[must_use]
    pub const fn hard(mut self, bytes: u64) -> Self {
        self.hard = Some(bytes);
        self
    }

    /// Sets whether it may be restarted.
    #[must_use]
    pub const fn restart_safe(mut self, safe: bool) -> Self {
        self.restart_safe = safe;
        self
    }

    /// Sets whether it is left alone.
    #[must_use]
    pub const fn critical(mut self, critical: bool) -> Self {
        self.critical = critical;
        self
    }

    fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.soft.is_none() && self.hard.is_none() {
            let message = "expected `soft`, `hard` or both, found neither";
            report.add(Finding::new(at.field("name"), message));
        }
        for (field, bytes) in [("soft", self.soft), ("hard", self.hard)] {
            if bytes == Some(0) {
                let message = "expected at least 1 byte, found 0";
                report.add(Finding::new(at.field(field), message));
            }
        }
        if let (Some(soft), Some(hard)) = (self.soft, self.hard)
            && soft > hard
        {
            let message = format!("expected at most hard, which is {hard}, found {soft}");
            let finding = Finding::new(at.field("soft"), message);
            report.add(finding.and_on(at.field("hard")));
        }
        if self.restart_safe && self.critical {
            let message = "expected one of restart_safe and critical, found both";
            let finding = Finding::new(at.field("restart_safe"), message);
            report.add(finding.and_on(at.field("critical")));
        }
    }
}

impl BudgetsSpec {
    /// Sets how often it is looked at what processes hold.
    #[must_use]
    pub const fn check_interval(mut self, time: Duration) -> Self {
        self.check_interval = time;
        self
    }

    /// Sets whether hard budgets only tell what they would have done.
    #[must_use]
    pub const fn dry_run(mut self, dry: bool) -> Self {
        self.dry_run = dry;
        self
    }

    /// Sets in how much time there is at most one restart.
    #[must_use]
    pub const fn restart_interval(mut self, time: Duration) -> Self {
        self.restart_interval = time;
        self
    }

    /// Sets over how much time growth is looked at.
    #[must_use]
    pub const fn growth_window(mut self, time: Duration) -> Self {
        self.growth_window = time;
        self
    }

    /// Sets the most processes that are tracked at a time.
    #[must_use]
    pub const fn tracked_max(mut self, processes: u32) -> Self {
        self.tracked_max = processes;
        self
    }

    /// Adds a budget.
    #[must_use]
    pub fn service(mut self, budget: MemoryBudget) -> Self {
        self.services.push(budget);
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let day = 24 * HOUR;
        let times = [
            ("check_interval", self.check_interval, 10 * MS, HOUR),
            (
                "restart_interval",
                self.restart_interval,
                self.check_interval,
                day,
            ),
            ("growth_window", self.growth_window, SECOND, day),
        ];
        for (field, found, least, most) in times {
            if !(least..=most).contains(&found) {
                let [found, least, most] = [found, least, most].map(humantime::format_duration);
                let message = format!("expected {least} to {most}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
        if !(1..=1_000_000).contains(&self.tracked_max) {
            let message = format!("expected 1 to 1000000, found {}", self.tracked_max);
            report.add(Finding::new(at.field("tracked_max"), message));
        }
        self.check_services(report, at);
    }

    fn check_services(&self, report: &mut Report, at: &At<'_>) {
        let mut names = BTreeSet::new();
        let services = At::Field(at, "services");
        for (nth, budget) in self.services.iter().enumerate() {
            let at = At::Index(&services, nth);
            if !names.insert(&budget.name) {
                let message = format!(
                    "expected one budget for each name, found another for {:?}",
                    budget.name.as_str()
                );
                report.add(Finding::new(at.field("name"), message));
            }
            budget.check(report, &at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryManagerSpec;

    fn faults(budgets: BudgetsSpec) -> Vec<String> {
        let spec = MemoryManagerSpec::default().budgets(budgets);
        let faults = spec.validate().unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    }

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_budget_is_told_with_its_path() {
        let found = faults(
            BudgetsSpec::default()
                .check_interval(MS)
                .restart_interval(48 * HOUR)
                .growth_window(Duration::ZERO)
                .tracked_max(0)
                .service(MemoryBudget::new(name("a")))
                .service(MemoryBudget::new(name("a")).soft(0).hard(1))
                .service(MemoryBudget::new(name("b")).soft(3).hard(2))
                .service(
                    MemoryBudget::new(name("c"))
                        .hard(2)
                        .restart_safe(true)
                        .critical(true),
                ),
        );
        assert_eq!(
            found,
            [
                "budgets.check_interval: expected 10ms to 1h, found 1ms",
                "budgets.restart_interval: expected 1ms to 1day, found 2days",
                "budgets.growth_window: expected 1s to 1day, found 0s",
                "budgets.tracked_max: expected 1 to 1000000, found 0",
                "budgets.services[0].name: expected `soft`, `hard` or both, found neither",
                "budgets.services[1].name: expected one budget for each name, found another for \"a\"",
                "budgets.services[1].soft: expected at least 1 byte, found 0",
                "budgets.services[2].soft: expected at most hard, which is 2, found 3",
                "budgets.services[3].restart_safe: expected one of restart_safe and critical, found both",
            ]
        );
    }

    #[test]
    fn budgets_are_read_from_ron_and_written_as_they_were() {
        let text = r#"(dry_run:false,services:[(name:"search",soft:1,hard:2,restart_safe:true)])"#;
        let options = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        let spec: BudgetsSpec = options.from_str(text).unwrap();
        let search = MemoryBudget::new(name("search")).soft(1).hard(2);
        let expected = BudgetsSpec::default()
            .dry_run(false)
            .service(search.restart_safe(true));
        assert_eq!(spec, expected);
        let written = ron::to_string(&spec).unwrap();
        assert_eq!(ron::from_str::<BudgetsSpec>(&written).unwrap(), spec);
        let misspelt = r#"(services:[(name:"a",sofd:1)])"#;
        assert!(options.from_str::<BudgetsSpec>(misspelt).is_err());
    }
}
