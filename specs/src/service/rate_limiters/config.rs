//! One policy.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backend::Backend;
use super::choices::{Algorithm, Inherit, KeyStrategy, OnFull, OnMissingKey, WindowStart};
use crate::Faults;
use crate::finding::{Finding, Report};
use crate::path::At;

/// What a rate limiter goes by.
///
/// `algorithm`, `limit` and `window` are all that a simple one needs; everything else has a default that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RateLimitConfig {
    /// How is counted. Default: token bucket.
    pub algorithm: Algorithm,
    /// How much in each window, at least 1; at most 4,096 for the exact sliding window. Default: 100.
    pub limit: u32,
    /// How long the window is, longer than zero and at most 366 days. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub window: Duration,
    /// How much a token bucket holds when it is full, at least 1. A new key begins with `limit`, or with this if it is less.
    /// Only for token buckets. Default: `limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst_limit: Option<u32>,
    /// The most that one request may cost, at least 1 and at most what can be had at once: more is refused for good. Default:
    /// what can be had at once, which is `burst_limit` of a token bucket and `limit` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_max: Option<u32>,
    /// Where fixed windows begin. Not looked at otherwise. Default: each key's at a phase of its own.
    pub window_start: WindowStart,
    /// Whose requests are counted together, for those who take the key from a request. Default: those of one client address.
    pub key: KeyStrategy,
    /// What becomes of a request without a key. Default: it is refused.
    pub on_missing_key: OnMissingKey,
    /// The most keys, at least 1. Default: 100,000, which takes 2 MB of token buckets. They are spread over as many locks as this
    /// needs when the limiter is made, and over no more when it is raised later.
    pub keys_max: u32,
    /// The most bytes that keys may take, enough for at least one. Default: 64 MiB.
    pub bytes_max: u64,
    /// What becomes of a new key when there are as many as there may be, and none is idle. Default: all such share one limit.
    pub on_full: OnFull,
    /// What keys take over when this changes while it is in use: the new one says so. Default: what was used stays used.
    pub on_change: Inherit,
    /// The most callers that may wait for their turn at a time, over all keys; 0 for none. There is no bound for one key alone: one
    /// that many wait for can take all places, and whoever would have to wait for another key is refused then, though never one that
    /// need not wait. Where keys are those of strangers, let calls wait for a limited time only, or give each kind of caller a
    /// limiter of its own. Default: 1,024.
    pub waiters_max: u32,
    /// Decides and counts, and refuses nobody: not one that comes too soon, nor one that costs too much, has no key, or finds no room
    /// or no server. Default: no.
    pub shadow: bool,
    /// Where the counts are kept. With a server, the window is a whole number of microseconds, which is what its clock counts;
    /// `keys_max`, `bytes_max` and `on_full` are then those of what is counted here while it does not answer, and `waiters_max` is
    /// that of this machine.
    /// Default: in this process.
    #[serde(skip_serializing_if = "Backend::is_local")]
    pub backend: Backend,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            limit: 100,
            window: Duration::from_secs(60),
            burst_limit: None,
            cost_max: None,
            window_start: WindowStart::default(),
            key: KeyStrategy::default(),
            on_missing_key: OnMissingKey::default(),
            keys_max: 100_000,
            bytes_max: 64 << 20,
            on_full: OnFull::default(),
            on_change: Inherit::default(),
            waiters_max: 1024,
            shadow: false,
            backend: Backend::default(),
        }
    }
}

/// The longest window: what is counted in nanoseconds has to stay far from the end of a word.
const WINDOW_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The longest that a bucket may take to fill.
const FILL_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// The largest limit of an exact sliding window: it keeps an instant for each.
const LOG_MAX: u32 = 4096;

/// What a key takes at most beside the instants of a sliding window, with the room that is kept free for others.
const KEY_BYTES: u64 = 64;

/// And what it takes to keep those in memory of their own.
const LOG_BYTES: u64 = 64;

impl RateLimitConfig {
    /// So much in each window, counted like this.
    #[must_use]
    pub fn new(algorithm: Algorithm, limit: u32, window: Duration) -> Self {
        Self {
            algorithm,
            limit,
            window,
            ..Self::default()
        }
    }

    /// Tokens that come evenly, so many in each window.
    #[must_use]
    pub fn token_bucket(limit: u32, window: Duration) -> Self {
        Self::new(Algorithm::TokenBucket, limit, window)
    }

    /// Never more than so many in any time as long as the window.
    #[must_use]
    pub fn sliding_window(limit: u32, window: Duration) -> Self {
        Self::new(Algorithm::SlidingWindow, limit, window)
    }

    /// The same from two counters, approximately.
    #[must_use]
    pub fn sliding_window_approximate(limit: u32, window: Duration) -> Self {
        Self::new(Algorithm::SlidingWindowApproximate, limit, window)
    }

    /// So many in each of the windows that follow each other.
    #[must_use]
    pub fn fixed_window(limit: u32, window: Duration) -> Self {
        Self::new(Algorithm::FixedWindow, limit, window)
    }

    /// Sets how much a token bucket holds.
    #[must_use]
    pub const fn burst_limit(mut self, tokens: u32) -> Self {
        self.burst_limit = Some(tokens);
        self
    }

    /// Sets the most that one request may cost.
    #[must_use]
    pub const fn cost_max(mut self, cost: u32) -> Self {
        self.cost_max = Some(cost);
        self
    }

    /// Sets where fixed windows begin.
    #[must_use]
    pub const fn window_start(mut self, start: WindowStart) -> Self {
        self.window_start = start;
        self
    }

    /// Sets whose requests are counted together.
    #[must_use]
    pub fn key(mut self, key: KeyStrategy) -> Self {
        self.key = key;
        self
    }

    /// Sets what becomes of a request without a key.
    #[must_use]
    pub const fn on_missing_key(mut self, what: OnMissingKey) -> Self {
        self.on_missing_key = what;
        self
    }

    /// Sets the most keys.
    #[must_use]
    pub const fn keys_max(mut self, keys: u32) -> Self {
        self.keys_max = keys;
        self
    }

    /// Sets the most bytes that keys may take.
    #[must_use]
    pub const fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Sets what becomes of a new key when there is no room.
    #[must_use]
    pub const fn on_full(mut self, what: OnFull) -> Self {
        self.on_full = what;
        self
    }

    /// Sets what keys take over when this replaces another while that is in use.
    #[must_use]
    pub const fn on_change(mut self, what: Inherit) -> Self {
        self.on_change = what;
        self
    }

    /// Sets the most callers that may wait at a time.
    #[must_use]
    pub const fn waiters_max(mut self, waiters: u32) -> Self {
        self.waiters_max = waiters;
        self
    }

    /// Sets whether it only decides and counts.
    #[must_use]
    pub const fn shadow(mut self, shadow: bool) -> Self {
        self.shadow = shadow;
        self
    }

    /// Sets where the counts are kept.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// How much can be had at once of a key that has not been used for long.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        match (self.algorithm, self.burst_limit) {
            (Algorithm::TokenBucket, Some(burst)) => burst,
            _ => self.limit,
        }
    }

    /// The most that one request may cost.
    #[must_use]
    pub const fn dearest(&self) -> u32 {
        match self.cost_max {
            Some(cost) => cost,
            None => self.capacity(),
        }
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
        self.check_rate(report, at);
        self.check_burst(report, at);
        self.check_cost(report, at);
        self.check_bounds(report, at);
        self.check_backend(report, at);
    }

    fn check_rate(&self, report: &mut Report, at: &At<'_>) {
        if self.limit == 0 {
            report.add(Finding::new(
                at.field("limit"),
                "expected at least 1, found 0",
            ));
        }
        let exact = self.algorithm == Algorithm::SlidingWindow;
        if exact && self.limit > LOG_MAX {
            let found = self.limit;
            let message = format!(
                "expected at most {LOG_MAX} for sliding_window, which keeps an instant for each, found {found}: \
                 sliding_window_approximate takes any"
            );
            report.add(Finding::new(at.field("limit"), message).and_on(at.field("algorithm")));
        }
        if self.window.is_zero() {
            let message = "expected a time longer than zero";
            report.add(Finding::new(at.field("window"), message));
        }
        if self.window > WINDOW_MAX {
            let found = humantime::format_duration(self.window);
            let message = format!("expected at most 366 days, found {found}");
            report.add(Finding::new(at.field("window"), message));
        }
    }

    fn check_burst(&self, report: &mut Report, at: &At<'_>) {
        let Some(burst) = self.burst_limit else {
            return;
        };
        let place = at.field("burst_limit");
        if self.algorithm != Algorithm::TokenBucket {
            let message = "expected none beside an algorithm other than token_bucket";
            report.add(Finding::new(place, message).and_on(at.field("algorithm")));
        } else if burst == 0 {
            report.add(Finding::new(place, "expected at least 1, found 0"));
        } else if self.limit > 0 && self.window <= WINDOW_MAX {
            let fill = self.window.as_nanos() * u128::from(burst) / u128::from(self.limit);
            if fill > FILL_MAX.as_nanos() {
                let message =
                    format!("expected a bucket that fills within 100 years, found {burst}");
                let finding = Finding::new(place, message).and_on(at.field("limit"));
                report.add(finding.and_on(at.field("window")));
            }
        }
    }

    fn check_cost(&self, report: &mut Report, at: &At<'_>) {
        let Some(cost) = self.cost_max else { return };
        let capacity = self.capacity();
        if cost == 0 {
            report.add(Finding::new(
                at.field("cost_max"),
                "expected at least 1, found 0",
            ));
        } else if cost > capacity && capacity > 0 {
            let message = format!(
                "expected at most the {capacity} that can be had at once, found {cost}: it would be refused for ever"
            );
            let finding = Finding::new(at.field("cost_max"), message);
            report.add(
                finding
                    .and_on(at.field("limit"))
                    .and_on(at.field("burst_limit")),
            );
        }
    }

    fn check_bounds(&self, report: &mut Report, at: &At<'_>) {
        if self.keys_max == 0 {
            report.add(Finding::new(
                at.field("keys_max"),
                "expected at least 1, found 0",
            ));
        }
        let instants = match self.algorithm {
            Algorithm::SlidingWindow => LOG_BYTES + 8 * u64::from(self.limit.min(LOG_MAX)),
            _ => 0,
        };
        // Room for eight: a table grows by as many.
        let least = 8 * (KEY_BYTES + instants);
        if self.bytes_max < least {
            let found = self.bytes_max;
            let message =
                format!("expected at least {least}, which is room for 8 keys, found {found}");
            let finding = Finding::new(at.field("bytes_max"), message);
            report.add(
                finding
                    .and_on(at.field("algorithm"))
                    .and_on(at.field("limit")),
            );
        }
    }

    fn check_backend(&self, report: &mut Report, at: &At<'_>) {
        let Some(redis) = &self.backend.redis else {
            return;
        };
        redis.check(self, report, &At::Field(&At::Field(at, "backend"), "redis"));
        if !self.window.as_nanos().is_multiple_of(1000) {
            let found = humantime::format_duration(self.window);
            let message = format!(
                "expected a whole number of microseconds, as the clock of a Redis counts those, found {found}"
            );
            let finding = Finding::new(at.field("window"), message);
            report.add(finding.and_on(at.field("backend")));
        }
    }
}
