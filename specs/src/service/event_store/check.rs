//! What makes a spec of an event store wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{EventBackendSpec, EventStoreSpec};
use crate::finding::{Finding, Report};
use crate::path::At;
use crate::suggest::hint;
use crate::{ConnectionPoolsSpec, PoolSource};

/// What an event takes beside its data, at most, as JSON.
pub(super) const EVENT_BYTES: u64 = 4096;

/// The most events in memory: a question that looks at all of them keeps a thread busy, and those who store wait for it.
const MEMORY_EVENTS_MAX: u64 = 1_000_000;

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl EventStoreSpec {
    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.backend.check(report, &At::Field(at, "backend"));
        self.check_numbers(report, at);
        self.check_times(report, at);
        self.check_against_each_other(report, at);
        if let Some(breaker) = &self.breaker {
            breaker.check(report, &At::Field(at, "breaker"));
        }
    }

    /// Whether the pool that it is to live on is there, and of the right kind.
    pub(crate) fn check_pool(
        &self,
        pools: Option<&ConnectionPoolsSpec>,
        report: &mut Report,
        services: &At<'_>,
    ) {
        let (pool, kind): (_, fn(&PoolSource) -> bool) = match &self.backend {
            EventBackendSpec::Sqlite {
                path: None,
                in_memory: false,
                pool: Some(pool),
            } => (pool, |source| {
                matches!(
                    source,
                    PoolSource::Sqlite {
                        read_only: false,
                        ..
                    }
                )
            }),
            EventBackendSpec::Postgres {
                url: None,
                pool: Some(pool),
            } => (pool, |source| matches!(source, PoolSource::Postgres { .. })),
            _ => return,
        };
        // Those of the application's own kinds may be of any.
        let fits = |source: &PoolSource| kind(source) || matches!(source, PoolSource::Other { .. });
        let pools = pools.map(|spec| spec.pools.as_slice()).unwrap_or_default();
        let path = At::Field(services, "event_store").field("backend");
        let all = At::Field(services, "connection_pools");
        let list = At::Field(&all, "pools");
        let finding = match pools.iter().position(|one| one.name == *pool) {
            Some(nth) if fits(&pools[nth].source) => return,
            Some(nth) => {
                let message = format!(
                    "expected a pool of the same kind that may be written to, and {pool:?} is another"
                );
                let other = At::Index(&list, nth).field("source");
                Finding::new(path, message).and_on(other)
            }
            None => {
                let known: Vec<&str> = pools.iter().map(|pool| pool.name.as_str()).collect();
                let hint = hint(pool.as_str(), &known);
                Finding::new(path, format!("unknown connection pool {pool:?}, {hint}"))
            }
        };
        let finding = finding.and_on(all.path());
        report.add(finding.and_on_names_in(list.path(), "name"));
    }

    fn check_numbers(&self, report: &mut Report, at: &At<'_>) {
        let many = 1..=u64::from(u32::MAX);
        let kept = match self.backend {
            EventBackendSpec::Memory => MEMORY_EVENTS_MAX,
            _ => 1_000_000_000,
        };
        let limits: [(&str, u64, RangeInclusive<u64>); 9] = [
            ("max_events", self.max_events, 1..=kept),
            ("data_max", self.data_max, 2..=64 << 20),
            ("batch_max", self.batch_max.into(), many.clone()),
            ("group_max", self.group_max.into(), many.clone()),
            ("query_limit", self.query_limit.into(), many.clone()),
            (
                "query_limit_max",
                self.query_limit_max.into(),
                1..=1_000_000,
            ),
            ("queries_max", self.queries_max.into(), many.clone()),
            ("subscribers_max", self.subscribers_max.into(), many.clone()),
            ("backlog_max", self.backlog_max.into(), 1..=65_536),
        ];
        for (field, found, range) in limits {
            if range.contains(&found) {
                continue;
            }
            let message = if range == many {
                format!("expected at least 1, found {found}")
            } else {
                format!(
                    "expected {} to {}, found {found}",
                    range.start(),
                    range.end()
                )
            };
            report.add(Finding::new(at.field(field), message));
        }
    }

    fn check_times(&self, report: &mut Report, at: &At<'_>) {
        let (ms, second) = (Duration::from_millis, Duration::from_secs(1));
        let limits = [
            (
                "max_age",
                self.max_age,
                second..=100 * YEAR,
                "1s to 100 years",
            ),
            (
                "prune_interval",
                self.prune_interval,
                ms(100)..=3600 * second,
                "100ms to 1h",
            ),
            (
                "time_limit",
                self.time_limit,
                ms(1)..=600 * second,
                "1ms to 10m",
            ),
        ];
        for (field, found, range, expected) in limits {
            if !range.contains(&found) {
                let found = humantime::format_duration(found);
                let message = format!("expected {expected}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
    }

    fn check_against_each_other(&self, report: &mut Report, at: &At<'_>) {
        let event = self.data_max.saturating_add(EVENT_BYTES);
        let least = [
            ("bytes_max", self.bytes_max, event, "data_max"),
            ("queue_bytes_max", self.queue_bytes_max, event, "data_max"),
            ("query_bytes_max", self.query_bytes_max, event, "data_max"),
            (
                "backlog_max",
                self.backlog_max.into(),
                self.batch_max.into(),
                "batch_max",
            ),
            (
                "backlog_max",
                self.backlog_max.into(),
                self.group_max.into(),
                "group_max",
            ),
            (
                "backlog_bytes_max",
                self.backlog_bytes_max,
                self.queue_bytes_max,
                "queue_bytes_max",
            ),
            (
                "queue_max",
                self.queue_max.into(),
                self.batch_max.into(),
                "batch_max",
            ),
        ];
        for (field, found, least, other) in least {
            if found < least {
                let plus = if other == "data_max" {
                    " plus 4096"
                } else {
                    ""
                };
                let message =
                    format!("expected at least {other}{plus}, which is {least}, found {found}");
                report.add(Finding::new(at.field(field), message).and_on(at.field(other)));
            }
        }
        if self.query_limit > self.query_limit_max {
            let (max, found) = (self.query_limit_max, self.query_limit);
            let message =
                format!("expected at most query_limit_max, which is {max}, found {found}");
            let finding = Finding::new(at.field("query_limit"), message);
            report.add(finding.and_on(at.field("query_limit_max")));
        }
    }
}
