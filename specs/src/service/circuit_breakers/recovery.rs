//! What comes after a breaker has opened.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::check_time;
use crate::finding::{Finding, Report};
use crate::path::At;

/// How the time a breaker refuses grows when it opens again without having closed in between.
///
/// The n-th time in a row it refuses for `reset_timeout × multiplier^(n-1)`, at most `max`, of which the share `jitter` is taken
/// away at random, so that breakers that opened together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OpenTime {
    /// By how much each time is longer than the one before; at least 1. Default: 1.
    pub multiplier: f64,
    /// The longest time, at least `reset_timeout`. Default: 10 minutes, or `reset_timeout` if that is longer.
    #[serde(
        with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub max: Option<Duration>,
    /// The share of the time that chance may take away, 0 to 1. Default: 0.
    pub jitter: f64,
    /// Whether it lets calls through as soon as the time is up, and says so; otherwise the first call after that does it. Needs
    /// the keeper of the namespace. Default: no.
    pub eager: bool,
}

impl Default for OpenTime {
    fn default() -> Self {
        Self {
            multiplier: 1.0,
            max: None,
            jitter: 0.0,
            eager: false,
        }
    }
}

impl OpenTime {
    /// Sets by how much each time is longer than the one before.
    #[must_use]
    pub const fn multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = multiplier;
        self
    }

    /// Sets the longest time.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = Some(max);
        self
    }

    /// Sets the share of the time that chance may take away.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// Lets calls through as soon as the time is up.
    #[must_use]
    pub const fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    pub(super) fn check(&self, report: &mut Report, breaker: &At<'_>, base: Duration) {
        let at = &At::Field(breaker, "open");
        let Self {
            multiplier, jitter, ..
        } = *self;
        if !(multiplier.is_finite() && multiplier >= 1.0) {
            let message = format!("expected a multiplier of at least 1, found {multiplier}");
            report.add(Finding::new(at.field("multiplier"), message));
        }
        if !(0.0..=1.0).contains(&jitter) {
            let message = format!("expected a share from 0 to 1, found {jitter}");
            report.add(Finding::new(at.field("jitter"), message));
        }
        let Some(max) = self.max else { return };
        check_time(report, at, "max", Some(max));
        if max < base && !max.is_zero() {
            let (least, found) = (
                humantime::format_duration(base),
                humantime::format_duration(max),
            );
            let message =
                format!("expected at least reset_timeout, which is {least}, found {found}");
            let finding = Finding::new(at.field("max"), message);
            report.add(finding.and_on(breaker.field("reset_timeout")));
        }
    }
}

/// How a breaker finds out whether it may close: it lets a few calls through, the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HalfOpen {
    /// How many calls decide, 1 to 1,000; no more than that are let through. Default: 1.
    pub permits: u32,
    /// How many of them have to succeed for it to close, 1 to `permits`. It closes, or opens again, as soon as that is
    /// certain. Default: 1.
    pub successes: u32,
    /// How long a probe may be out, longer than zero, before its permit is taken from it, so that one that hangs does not keep
    /// the breaker as it is. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub probe_deadline: Duration,
    /// What a probe comes to whose permit was taken from it. Default: failure.
    pub expiry: ProbeExpiry,
    /// After so many probes that tell nothing (cancelled, ignored) an event says so; at least 1. Their permits are given to
    /// others all the while. Default: 100.
    pub inconclusive_max: u32,
}

/// What a probe comes to that is out for longer than its deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProbeExpiry {
    /// It counts as failed.
    #[default]
    Failure,
    /// It tells nothing, and its permit is given to another.
    Neutral,
}

impl Default for HalfOpen {
    fn default() -> Self {
        Self {
            permits: 1,
            successes: 1,
            probe_deadline: Duration::from_secs(60),
            expiry: ProbeExpiry::Failure,
            inconclusive_max: 100,
        }
    }
}

impl HalfOpen {
    /// Closes if `successes` of `permits` calls succeed.
    #[must_use]
    pub fn new(successes: u32, permits: u32) -> Self {
        Self {
            permits,
            successes,
            ..Self::default()
        }
    }

    /// Sets how long a probe may be out.
    #[must_use]
    pub const fn probe_deadline(mut self, deadline: Duration) -> Self {
        self.probe_deadline = deadline;
        self
    }

    /// Sets what a probe comes to whose permit was taken from it.
    #[must_use]
    pub const fn expiry(mut self, expiry: ProbeExpiry) -> Self {
        self.expiry = expiry;
        self
    }

    /// Sets after how many probes that tell nothing an event says so.
    #[must_use]
    pub const fn inconclusive_max(mut self, probes: u32) -> Self {
        self.inconclusive_max = probes;
        self
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        let Self {
            permits, successes, ..
        } = *self;
        let sound = (1..=PERMITS_MAX).contains(&permits);
        if !sound {
            let message = format!("expected 1 to {PERMITS_MAX}, found {permits}");
            report.add(Finding::new(at.field("permits"), message));
        }
        if successes == 0 || (sound && successes > permits) {
            let message = format!("expected 1 to permits, which is {permits}, found {successes}");
            let finding = Finding::new(at.field("successes"), message);
            report.add(finding.and_on(at.field("permits")));
        }
        check_time(report, at, "probe_deadline", Some(self.probe_deadline));
        if self.inconclusive_max == 0 {
            let message = "expected at least 1, found 0";
            report.add(Finding::new(at.field("inconclusive_max"), message));
        }
    }
}

/// The most calls that may decide.
const PERMITS_MAX: u32 = 1000;
