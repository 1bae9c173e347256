//! What can be wrong with the configuration of a pool.

use std::time::Duration;

use super::choices::{CoDel, LeaseMax, PoolHealth};
use super::config::PoolConfig;
use crate::finding::{Finding, Report};
use crate::path::At;

/// The most connections: places are numbered, and each takes a few words.
const SIZE_MAX: u32 = 65_536;

/// The most that may wait.
const WAITERS_MAX: u32 = 1 << 20;

/// The most attempts more: beyond that there is no difference to trying for ever.
const RETRIES_MAX: u32 = 1000;

/// The longest time that anything here may be set to: a hundred years, so that no sum of a few overflows.
const TIME_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl PoolConfig {
    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        self.check_size(report, at);
        self.check_connects(report, at);
        self.check_times(report, at);
        if let Some(codel) = &self.codel {
            codel.check(report, &At::Field(at, "codel"));
        }
        self.lease_max.check(report, &At::Field(at, "lease_max"));
        self.health.check(report, &At::Field(at, "health"));
    }

    fn check_size(&self, report: &mut Report, at: &At<'_>) {
        check_whole(report, at, "max_size", self.max_size, 1, SIZE_MAX);
        check_whole(report, at, "waiters_max", self.waiters_max, 0, WAITERS_MAX);
        let (min, max) = (self.min_size, self.max_size);
        if min > max && max > 0 {
            let message = format!("expected at most max_size, which is {max}, found {min}");
            let finding = Finding::new(at.field("min_size"), message);
            report.add(finding.and_on(at.field("max_size")));
        }
    }

    fn check_connects(&self, report: &mut Report, at: &At<'_>) {
        check_whole(report, at, "max_retries", self.max_retries, 0, RETRIES_MAX);
        check_whole(report, at, "connects_max", self.connects_max, 1, SIZE_MAX);
        let backoff = &At::Field(at, "backoff");
        if !self.backoff.is_sound() {
            let message = "expected min at most max, a factor of at least 1, a jitter from 0 to 1";
            report.add(Finding::new(at.field("backoff"), message));
        }
        at_most(report, backoff, "min", self.backoff.min);
        at_most(report, backoff, "max", self.backoff.max);
        let jitter = self.lifetime_jitter;
        if !(0.0..=1.0).contains(&jitter) {
            let message = format!("expected a share from 0 to 1, found {jitter}");
            report.add(Finding::new(at.field("lifetime_jitter"), message));
        }
    }

    fn check_times(&self, report: &mut Report, at: &At<'_>) {
        at_most(report, at, "checkout_timeout", self.checkout_timeout);
        at_most(report, at, "drain_timeout", self.drain_timeout);
        if let Some(time) = self.validate_after {
            at_most(report, at, "validate_after", time);
        }
        for (field, time) in [
            ("idle_timeout", self.idle_timeout),
            ("connect_timeout", Some(self.connect_timeout)),
            ("max_lifetime", self.max_lifetime),
            ("ping_timeout", Some(self.ping_timeout)),
            ("keepalive", self.keepalive),
            ("reset_timeout", Some(self.reset_timeout)),
            ("close_timeout", Some(self.close_timeout)),
        ] {
            check_time(report, at, field, time);
        }
    }
}

impl CoDel {
    fn check(&self, report: &mut Report, at: &At<'_>) {
        check_time(report, at, "target", Some(self.target));
        check_time(report, at, "interval", Some(self.interval));
        if self.interval < self.target && !self.interval.is_zero() {
            let least = humantime::format_duration(self.target);
            let found = humantime::format_duration(self.interval);
            let message = format!("expected at least target, which is {least}, found {found}");
            let finding = Finding::new(at.field("interval"), message);
            report.add(finding.and_on(at.field("target")));
        }
    }
}

impl LeaseMax {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self, report: &mut Report, at: &At<'_>) {
        check_time(report, at, "warn", self.warn);
        check_time(report, at, "revoke", self.revoke);
        if let (Some(warn), Some(revoke)) = (self.warn, self.revoke)
            && revoke < warn
            && !revoke.is_zero()
        {
            let (least, found) = (
                humantime::format_duration(warn),
                humantime::format_duration(revoke),
            );
            let message = format!("expected at least warn, which is {least}, found {found}");
            let finding = Finding::new(at.field("revoke"), message);
            report.add(finding.and_on(at.field("warn")));
        }
    }
}

impl PoolHealth {
    fn check(&self, report: &mut Report, at: &At<'_>) {
        check_time(report, at, "interval", Some(self.interval));
        check_time(report, at, "timeout", Some(self.timeout));
        check_whole(
            report,
            at,
            "failures_max",
            self.failures_max,
            1,
            RETRIES_MAX,
        );
    }
}

pub(super) fn check_whole(
    report: &mut Report,
    at: &At<'_>,
    field: &str,
    found: u32,
    least: u32,
    most: u32,
) {
    let message = if found < least {
        format!("expected at least {least}, found {found}")
    } else if found > most {
        format!("expected at most {most}, found {found}")
    } else {
        return;
    };
    report.add(Finding::new(at.field(field), message));
}

/// A time has to be longer than zero, and such that it can be added to any other.
fn check_time(report: &mut Report, at: &At<'_>, field: &str, time: Option<Duration>) {
    match time {
        Some(Duration::ZERO) => {
            let message = "expected a time longer than zero";
            report.add(Finding::new(at.field(field), message));
        }
        Some(time) => at_most(report, at, field, time),
        None => {}
    }
}

fn at_most(report: &mut Report, at: &At<'_>, field: &str, time: Duration) {
    if time > TIME_MAX {
        let found = humantime::format_duration(time);
        let message = format!("expected at most 100 years, found {found}");
        report.add(Finding::new(at.field(field), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backoff;

    fn faults(config: &PoolConfig) -> Vec<String> {
        config.validate().map_or_else(
            |faults| faults.into_iter().map(|fault| fault.to_string()).collect(),
            |()| Vec::new(),
        )
    }

    #[test]
    fn the_default_is_sound() {
        assert_eq!(PoolConfig::default().validate(), Ok(()));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let backwards = Backoff::new(Duration::from_secs(2), Duration::from_secs(1));
        let config = PoolConfig::new(2)
            .min_size(3)
            .connects_max(0)
            .backoff(backwards)
            .lifetime_jitter(1.5)
            .idle_timeout(Some(Duration::ZERO))
            .codel(CoDel::new(Duration::from_secs(2), Duration::from_secs(1)));
        let found = faults(&config);
        let expected = [
            "min_size: expected at most max_size, which is 2, found 3",
            "connects_max: expected at least 1, found 0",
            "backoff: expected min at most max, a factor of at least 1, a jitter from 0 to 1",
            "lifetime_jitter: expected a share from 0 to 1, found 1.5",
            "idle_timeout: expected a time longer than zero",
            "codel.interval: expected at least target, which is 2s, found 1s",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_pool_reads_back_as_it_was_written() {
        let config = PoolConfig::new(4)
            .min_size(1)
            .lease_max(LeaseMax::default().warn(Duration::from_secs(1)))
            .codel(CoDel::default());
        let text = ron::to_string(&config).expect("it can be written");
        assert_eq!(ron::from_str(&text), Ok(config));
        assert_eq!(ron::from_str("()"), Ok(PoolConfig::default()));
    }
}
