//! What opens a breaker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::check_time;
use crate::finding::{Finding, Report};
use crate::path::At;

/// What opens a breaker: any of the rules that are given, at least one.
///
/// They are looked at with each outcome that counts: success, failure, time-out and panic. Cancelled and ignored calls count for
/// none of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TripRules {
    /// So many failures within a time. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<FailureCount>,
    /// So many failures in a row, 1 to 10,000. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<u32>,
    /// The share of failed calls in the window. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_rate: Option<CallRate>,
    /// The share of slow calls in the window, failed or not. Needs `slow_after`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_rate: Option<CallRate>,
    /// The share of calls in the window that failed, were slow, or both. Needs `slow_after`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub combined_rate: Option<CallRate>,
    /// So many calls that have not come back for so long. Of calls that the breaker runs it can only hold if that is shorter than
    /// `call_timeout`, at which they come back; of permits there is no such limit. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<SlowCalls>,
    /// Which calls the rates are taken of. Default: the last 100.
    pub window: CircuitWindow,
}

/// So many failures within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)]
pub struct FailureCount {
    /// How many, 1 to 10,000.
    pub count: u32,
    /// Within how long, longer than zero: a failure that is exactly as old counts no more.
    #[serde(with = "crate::duration")]
    pub within: Duration,
}

/// A share of the calls in the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)]
pub struct CallRate {
    /// The share from which on it opens: over 0, at most 1. Exactly this share opens it.
    pub threshold: f64,
    /// How many calls there have to be in the window for a share to mean anything, at least 1.
    pub minimum_calls: u32,
}

/// So many calls that have not come back for so long. A dependency that hangs gives no outcomes: this is what tells.
///
/// Each call then notes its start in a table behind a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)]
pub struct SlowCalls {
    /// How many, at least 1.
    pub calls: u32,
    /// For how long, longer than zero. It opens when the last of them has been out for exactly this long.
    #[serde(with = "crate::duration")]
    pub longer_than: Duration,
}

/// Which calls the rates are taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CircuitWindow {
    /// The last so many that count, 1 to 100,000; exact. No clock is read for it.
    Calls(u32),
    /// Those of the last `length`, in `buckets` equal parts: what is forgotten is forgotten a part at a time. The present part
    /// and those before it make up `length`, so that between `length - length / buckets` and `length` is looked back.
    Time {
        /// How far back, longer than zero.
        #[serde(with = "crate::duration")]
        length: Duration,
        /// How many parts, 1 to 1,000. Each has to be a millisecond long or longer.
        buckets: u32,
    },
}

impl Default for CircuitWindow {
    fn default() -> Self {
        Self::Calls(100)
    }
}

impl TripRules {
    /// Opens on so many failures within a time.
    #[must_use]
    pub const fn failures(mut self, count: u32, within: Duration) -> Self {
        self.failures = Some(FailureCount { count, within });
        self
    }

    /// Opens on so many failures in a row.
    #[must_use]
    pub const fn consecutive_failures(mut self, count: u32) -> Self {
        self.consecutive_failures = Some(count);
        self
    }

    /// Opens when this share of at least so many calls has failed.
    #[must_use]
    pub const fn failure_rate(mut self, threshold: f64, minimum_calls: u32) -> Self {
        self.failure_rate = Some(CallRate {
            threshold,
            minimum_calls,
        });
        self
    }

    /// Opens when this share of at least so many calls was slow.
    #[must_use]
    pub const fn slow_rate(mut self, threshold: f64, minimum_calls: u32) -> Self {
        self.slow_rate = Some(CallRate {
            threshold,
            minimum_calls,
        });
        self
    }

    /// Opens when this share of at least so many calls has failed or was slow.
    #[must_use]
    pub const fn combined_rate(mut self, threshold: f64, minimum_calls: u32) -> Self {
        self.combined_rate = Some(CallRate {
            threshold,
            minimum_calls,
        });
        self
    }

    /// Opens when so many calls have not come back for so long.
    #[must_use]
    pub const fn in_flight(mut self, calls: u32, longer_than: Duration) -> Self {
        self.in_flight = Some(SlowCalls { calls, longer_than });
        self
    }

    /// Takes the rates of the last so many calls.
    #[must_use]
    pub const fn over_calls(mut self, calls: u32) -> Self {
        self.window = CircuitWindow::Calls(calls);
        self
    }

    /// Takes the rates of the calls of the last `length`, in so many parts.
    #[must_use]
    pub const fn over_time(mut self, length: Duration, buckets: u32) -> Self {
        self.window = CircuitWindow::Time { length, buckets };
        self
    }

    /// The three rates, by the names of their fields.
    #[must_use]
    pub const fn rates(&self) -> [(&'static str, Option<CallRate>); 3] {
        [
            ("failure_rate", self.failure_rate),
            ("slow_rate", self.slow_rate),
            ("combined_rate", self.combined_rate),
        ]
    }

    const fn is_empty(&self) -> bool {
        self.failures.is_none()
            && self.consecutive_failures.is_none()
            && self.failure_rate.is_none()
            && self.slow_rate.is_none()
            && self.combined_rate.is_none()
            && self.in_flight.is_none()
    }

    /// Checks the rules of the breaker at `breaker`.
    pub(super) fn check(&self, report: &mut Report, breaker: &At<'_>, knows_slow: bool) {
        let at = &At::Field(breaker, "trip");
        if self.is_empty() {
            let mut finding = Finding::new(at.path(), "expected at least one rule, found none");
            finding.rests_on_fields = true;
            report.add(finding);
        }
        if let Some(failures) = &self.failures {
            let at = At::Field(at, "failures");
            check_whole(report, &at, "count", failures.count);
            check_time(report, &at, "within", Some(failures.within));
        }
        if let Some(count) = self.consecutive_failures {
            check_whole(report, at, "consecutive_failures", count);
        }
        for (field, rate) in self.rates() {
            let Some(rate) = rate else { continue };
            self.check_rate(report, &At::Field(at, field), rate);
            if field != "failure_rate" && !knows_slow {
                let message = "expected slow_after beside it, to say which calls are slow";
                let finding = Finding::new(at.field(field), message);
                report.add(finding.and_on(breaker.field("slow_after")));
            }
        }
        if let Some(slow) = &self.in_flight {
            let at = At::Field(at, "in_flight");
            check_whole(report, &at, "calls", slow.calls);
            check_time(report, &at, "longer_than", Some(slow.longer_than));
        }
        self.window.check(report, at);
    }

    fn check_rate(&self, report: &mut Report, at: &At<'_>, rate: CallRate) {
        let CallRate {
            threshold,
            minimum_calls,
        } = rate;
        if !(threshold > 0.0 && threshold <= 1.0) {
            let message = format!("expected a share over 0 and at most 1, found {threshold}");
            report.add(Finding::new(at.field("threshold"), message));
        }
        if minimum_calls == 0 {
            let message = "expected at least 1, found 0";
            report.add(Finding::new(at.field("minimum_calls"), message));
        }
        if let CircuitWindow::Calls(calls) = self.window
            && minimum_calls > calls
        {
            let message = format!(
                "expected at most the {calls} calls of the window, found {minimum_calls}: it would never open"
            );
            let finding = Finding::new(at.field("minimum_calls"), message);
            report.add(finding.and_on(at.path()));
        }
    }
}

impl CircuitWindow {
    fn check(self, report: &mut Report, trip: &At<'_>) {
        let at = At::Field(trip, "window");
        match self {
            Self::Calls(calls) => {
                if !(1..=CALLS_MAX).contains(&calls) {
                    let message = format!("expected 1 to {CALLS_MAX} calls, found {calls}");
                    report.add(Finding::new(at.path(), message));
                }
            }
            Self::Time { length, buckets } => {
                check_time(report, &at, "length", Some(length));
                if !(1..=BUCKETS_MAX).contains(&buckets) {
                    let message = format!("expected 1 to {BUCKETS_MAX}, found {buckets}");
                    report.add(Finding::new(at.field("buckets"), message));
                } else if !length.is_zero() && length / buckets < Duration::from_millis(1) {
                    let length = humantime::format_duration(length);
                    let message =
                        format!("expected parts of at least 1ms each, found {buckets} of {length}");
                    report.add(Finding::new(at.field("buckets"), message));
                }
            }
        }
    }
}

pub(super) fn check_whole(report: &mut Report, at: &At<'_>, field: &str, count: u32) {
    if !(1..=COUNT_MAX).contains(&count) {
        let message = format!("expected 1 to {COUNT_MAX}, found {count}");
        report.add(Finding::new(at.field(field), message));
    }
}

/// The most failures that a rule may count: the time of each is kept.
const COUNT_MAX: u32 = 10_000;

/// The longest window of calls.
const CALLS_MAX: u32 = 100_000;

/// The most parts of a window of time.
const BUCKETS_MAX: u32 = 1000;
