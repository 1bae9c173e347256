//! One breaker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::recovery::{HalfOpen, OpenTime};
use super::trip::{TripRules, check_whole};
use crate::Faults;
use crate::finding::{Finding, Report};
use crate::path::At;

/// What a circuit breaker goes by.
///
/// The first four fields are all that a simple one needs: it opens on the `failure_threshold`-th failure within
/// `monitor_window`, refuses for `reset_timeout`, then lets one call through, which closes it or opens it again. `trip`, `open`
/// and `half_open` say more where that is not enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CircuitConfig {
    /// It opens on this failure within [`monitor_window`](Self::monitor_window), 1 to 10,000. A success does not take earlier
    /// failures back: for that see [`TripRules::consecutive_failures`]. Not looked at if [`trip`](Self::trip) is given. Default: 5.
    pub failure_threshold: u32,
    /// How long it refuses once it has opened, longer than zero. [`open`](Self::open) makes it grow. Default: 30 s.
    #[serde(with = "crate::duration")]
    pub reset_timeout: Duration,
    /// How long a call may take, longer than zero, before it is dropped and counts as failed; `None` for as long as it likes.
    /// Holds for calls that the breaker runs, not for permits. Default: 5 s.
    #[serde(with = "crate::duration::optional")]
    pub call_timeout: Option<Duration>,
    /// How long a failure counts, longer than zero: one that is exactly as old counts no more. Not looked at if
    /// [`trip`](Self::trip) is given. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub monitor_window: Duration,
    /// A call that takes this long or longer is slow, whatever it comes to; longer than zero. `None`: no call is slow, and no
    /// clock is read for it. Default: none.
    #[serde(
        with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub slow_after: Option<Duration>,
    /// What opens it, in place of `failure_threshold` and `monitor_window`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripRules>,
    /// How the time it refuses grows when it opens again and again. Default: not at all.
    pub open: OpenTime,
    /// How it finds out whether it may close. Default: one call decides.
    pub half_open: HalfOpen,
}

impl Default for CircuitConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            reset_timeout: Duration::from_secs(30),
            call_timeout: Some(Duration::from_secs(5)),
            monitor_window: Duration::from_secs(60),
            slow_after: None,
            trip: None,
            open: OpenTime::default(),
            half_open: HalfOpen::default(),
        }
    }
}

impl CircuitConfig {
    /// Sets on which failure within the window it opens.
    #[must_use]
    pub const fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// Sets how long it refuses once it has opened.
    #[must_use]
    pub const fn reset_timeout(mut self, time: Duration) -> Self {
        self.reset_timeout = time;
        self
    }

    /// Sets how long a call may take.
    #[must_use]
    pub const fn call_timeout(mut self, time: Duration) -> Self {
        self.call_timeout = Some(time);
        self
    }

    /// Lets a call take as long as it likes.
    #[must_use]
    pub const fn without_call_timeout(mut self) -> Self {
        self.call_timeout = None;
        self
    }

    /// Sets how long a failure counts.
    #[must_use]
    pub const fn monitor_window(mut self, time: Duration) -> Self {
        self.monitor_window = time;
        self
    }

    /// Sets how long a call takes to be slow.
    #[must_use]
    pub const fn slow_after(mut self, time: Duration) -> Self {
        self.slow_after = Some(time);
        self
    }

    /// Sets what opens it.
    #[must_use]
    pub const fn trip(mut self, rules: TripRules) -> Self {
        self.trip = Some(rules);
        self
    }

    /// Sets how the time it refuses grows.
    #[must_use]
    pub const fn open(mut self, open: OpenTime) -> Self {
        self.open = open;
        self
    }

    /// Sets how it finds out whether it may close.
    #[must_use]
    pub const fn half_open(mut self, half_open: HalfOpen) -> Self {
        self.half_open = half_open;
        self
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        check_whole(report, at, "failure_threshold", self.failure_threshold);
        check_time(report, at, "reset_timeout", Some(self.reset_timeout));
        check_time(report, at, "call_timeout", self.call_timeout);
        check_time(report, at, "monitor_window", Some(self.monitor_window));
        check_time(report, at, "slow_after", self.slow_after);
        if let Some(rules) = &self.trip {
            rules.check(report, at, self.slow_after.is_some());
        }
        self.open.check(report, at, self.reset_timeout);
        self.half_open.check(report, &At::Field(at, "half_open"));
    }
}

/// The longest time that anything here may be set to: a hundred years, so that no sum of a few overflows.
const TIME_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A time has to be longer than zero, and such that it can be added to any other.
pub(super) fn check_time(report: &mut Report, at: &At<'_>, field: &str, time: Option<Duration>) {
    let message = match time {
        Some(Duration::ZERO) => "expected a time longer than zero".to_owned(),
        Some(time) if time > TIME_MAX => {
            let found = humantime::format_duration(time);
            format!("expected at most 100 years, found {found}")
        }
        _ => return,
    };
    report.add(Finding::new(at.field(field), message));
}
