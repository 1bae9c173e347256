//! How memory is freed: by which strategies, up to which class, how often and for how long.

use std::collections::HashSet;
use std::fmt;
use std::mem::discriminant;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;

/// What a strategy costs those whose memory it frees. What is in a higher class is done only when the lower ones have not freed enough.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CleanupClass {
    /// Gives memory that is free already back to the system. Nobody loses anything.
    Trim,
    /// Clears a cache: what was in it is found again by whoever needs it.
    Cache,
    /// Throws away what can be made again, at some expense: an index, a parsed tree.
    #[default]
    Rebuildable,
    /// Deletes what does not come back, such as old events.
    Destructive,
}

impl CleanupClass {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [
        Self::Trim,
        Self::Cache,
        Self::Rebuildable,
        Self::Destructive,
    ];

    /// As it is called in files, telemetry and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Cache => "cache",
            Self::Rebuildable => "rebuildable",
            Self::Destructive => "destructive",
        }
    }
}

impl fmt::Display for CleanupClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A strategy of Mainstay's own. Those of the application are registered with the memory manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CleanupStrategySpec {
    /// Has the allocator give back to the system what is free. Does nothing where the application has said no way to do that. Class
    /// [`CleanupClass::Trim`].
    Trim,
    /// Clears the cache of the config server. Class [`CleanupClass::Cache`].
    ConfigCache,
    /// Deletes old events of the event store. Class [`CleanupClass::Destructive`], so that it is not done unless
    /// [`class_max`](CleanupSpec::class_max) says so.
    EventStore {
        /// How old events have to be, a second to 100 years. Default: 24 h.
        #[serde(default = "day", with = "crate::duration")]
        retention: Duration,
        /// How old they have to be at least when memory is all but gone, up to `retention`. Default: 1 h.
        #[serde(default = "hour", with = "crate::duration")]
        retention_min: Duration,
    },
}

const fn day() -> Duration {
    Duration::from_secs(24 * 3600)
}

const fn hour() -> Duration {
    Duration::from_secs(3600)
}

impl CleanupStrategySpec {
    /// Deletes events of the event store that are older than a day, or an hour when memory is all but gone.
    #[must_use]
    pub const fn event_store() -> Self {
        Self::EventStore {
            retention: day(),
            retention_min: hour(),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::ConfigCache => "config_cache",
            Self::EventStore { .. } => "event_store",
        }
    }
}

/// How memory is freed.
///
/// In RON: `cleanup: (class_max: destructive, strategies: [trim, config_cache, event_store(retention: "12h")])`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CleanupSpec {
    /// The highest class that may be carried out. Default: [`CleanupClass::Rebuildable`]: nothing is deleted that does not come back.
    pub class_max: CleanupClass,
    /// The strategies of Mainstay's own, each at most once. Those of services that the namespace does not have do nothing. Default: all.
    pub strategies: Vec<CleanupStrategySpec>,
    /// How long a run of a strategy may take that does not say so itself, 1 ms to 10 min. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub time_limit: Duration,
    /// How long a strategy rests after a run at least, 10 ms to an hour; one that says more itself rests for longer, and so does one that
    /// has failed. Default: 10 s.
    #[serde(with = "crate::duration")]
    pub min_interval: Duration,
    /// How long is waited at most before memory is freed again while pressure lasts that cleaning did not relieve, and before a
    /// strategy is tried again that has failed; from `min_interval` to a day. The wait doubles up to this. Default: 5 min.
    #[serde(with = "crate::duration")]
    pub pause_max: Duration,
    /// The most strategies, those of Mainstay's own included, 1 to 4,096. Default: 256.
    pub strategies_max: u32,
}

impl Default for CleanupSpec {
    fn default() -> Self {
        Self {
            class_max: CleanupClass::default(),
            strategies: vec![
                CleanupStrategySpec::Trim,
                CleanupStrategySpec::ConfigCache,
                CleanupStrategySpec::event_store(),
            ],
            time_limit: Duration::from_secs(5),
            min_interval: Duration::from_secs(10),
            pause_max: Duration::from_secs(300),
            strategies_max: 256,
        }
    }
}

impl CleanupSpec {
    /// Sets the highest class that may be carried out.
    #[must_use]
    pub const fn class_max(mut self, class: CleanupClass) -> Self {
        self.class_max = class;
        self
    }

    /// Sets the strategies of Mainstay's own.
    #[must_use]
    pub fn strategies(mut self, all: impl IntoIterator<Item = CleanupStrategySpec>) -> Self {
        self.strategies = all.into_iter().collect();
        self
    }

    /// Sets how long a run may take.
    #[must_use]
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how long a strategy rests after a run at least.
    #[must_use]
    pub const fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }

    /// Sets how long is waited at most.
    #[must_use]
    pub const fn pause_max(mut self, pause: Duration) -> Self {
        self.pause_max = pause;
        self
    }

    /// Sets the most strategies.
    #[must_use]
    pub const fn strategies_max(mut self, strategies: u32) -> Self {
        self.strategies_max = strategies;
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.check_times(report, at);
        if !(1..=STRATEGIES_MAX).contains(&self.strategies_max) {
            let found = self.strategies_max;
            let message = format!("expected 1 to {STRATEGIES_MAX}, found {found}");
            report.add(Finding::new(at.field("strategies_max"), message));
        }
        self.check_strategies(report, at);
    }

    fn check_times(&self, report: &mut Report, at: &At<'_>) {
        let (ms, hour) = (Duration::from_millis, hour());
        let limits = [
            (
                "time_limit",
                self.time_limit,
                ms(1)..=ms(600_000),
                "1ms to 10m",
            ),
            (
                "min_interval",
                self.min_interval,
                ms(10)..=hour,
                "10ms to 1h",
            ),
        ];
        for (field, found, range, expected) in limits {
            if !range.contains(&found) {
                let found = humantime::format_duration(found);
                let message = format!("expected {expected}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
        if !(self.min_interval..=day()).contains(&self.pause_max) {
            let least = humantime::format_duration(self.min_interval);
            let found = humantime::format_duration(self.pause_max);
            let message =
                format!("expected min_interval, which is {least}, to 1day, found {found}");
            let finding = Finding::new(at.field("pause_max"), message);
            report.add(finding.and_on(at.field("min_interval")));
        }
    }

    fn check_strategies(&self, report: &mut Report, at: &At<'_>) {
        let list = At::Field(at, "strategies");
        if self.strategies.len() > self.strategies_max as usize {
            let (max, found) = (self.strategies_max, self.strategies.len());
            let message = format!("expected at most strategies_max, which is {max}, found {found}");
            report.add(Finding::new(list.path(), message).and_on(at.field("strategies_max")));
        }
        let mut seen = HashSet::new();
        for (nth, strategy) in self.strategies.iter().enumerate() {
            let place = At::Index(&list, nth);
            if !seen.insert(discriminant(strategy)) {
                let message = format!("duplicate strategy {}", strategy.name());
                report.add(Finding::new(place.path(), message));
            }
            if let CleanupStrategySpec::EventStore {
                retention,
                retention_min,
            } = strategy
            {
                check_retention(*retention, *retention_min, report, &place);
            }
        }
    }
}

fn check_retention(retention: Duration, min: Duration, report: &mut Report, at: &At<'_>) {
    let second = Duration::from_secs(1);
    if !(second..=100 * 366 * day()).contains(&retention) {
        let found = humantime::format_duration(retention);
        let message = format!("expected 1s to 100 years, found {found}");
        report.add(Finding::new(at.field("retention"), message));
    } else if !(second..=retention).contains(&min) {
        let (most, found) = (
            humantime::format_duration(retention),
            humantime::format_duration(min),
        );
        let message = format!("expected 1s to retention, which is {most}, found {found}");
        let finding = Finding::new(at.field("retention_min"), message);
        report.add(finding.and_on(at.field("retention")));
    }
}

/// The most strategies that [`CleanupSpec::strategies_max`] may allow: all are looked through for each run.
const STRATEGIES_MAX: u32 = 4096;
