//! Where a limiter keeps its counts.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::RateLimitConfig;
use crate::finding::{Finding, Report};
use crate::path::At;

/// Where a limiter keeps its counts: in this process, or in a server that machines share.
///
/// In RON: `backend: (redis: (url: "redis://10.0.0.5/", secret: "…"))`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Backend {
    /// The server. Default: none; the counts are in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisBackend>,
}

impl Backend {
    /// In a Redis.
    #[must_use]
    pub const fn redis(redis: RedisBackend) -> Self {
        Self { redis: Some(redis) }
    }

    /// Whether the counts are in this process.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.redis.is_none()
    }
}

/// A Redis that keeps the counts of a limiter for all machines that name it. Redis 5 or later, or Valkey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisBackend {
    /// Where it is: `redis://[user[:password]@]host[:port][/number of the database]`, or `unix:///path` for a socket. Not shown by
    /// [`Debug`].
    pub url: String,
    /// What keys are hashed with, at least 16 bytes, the same on all machines. Whoever knows it can find out whether a key he
    /// guesses is in the server; nobody else can. Not shown by [`Debug`].
    pub secret: String,
    /// What all names in the server begin with: 1 to 64 of `A-Z a-z 0-9 . _ - :`. It is a hash tag together with the name of the
    /// namespace, so that all counts of a namespace are in one slot of a cluster. Default: `mainstay`.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// How long a call waits for the server, 1 ms to 10 s. Default: 100 ms.
    #[serde(with = "crate::duration", default = "time_limit")]
    pub time_limit: Duration,
    /// What becomes of a call that the server has not answered. Default: this machine counts for itself, with the whole limit.
    #[serde(default)]
    pub on_unavailable: OnUnavailable,
    /// After so many calls without an answer, one after the other, no more are sent for a while; at least 1. Default: 3.
    #[serde(default = "failures_max")]
    pub failures_max: u32,
    /// For how long none are sent, the first time, 1 ms to `pause_max`; then one call tries, and after each try that fails it is
    /// twice as long. Default: 100 ms.
    #[serde(with = "crate::duration", default = "pause")]
    pub pause: Duration,
    /// The longest that none are sent, at most 10 minutes. Default: 10 s.
    #[serde(with = "crate::duration", default = "pause_max")]
    pub pause_max: Duration,
    /// The most calls that may be under way to the server at a time, at least 1; one more is treated as one without an answer.
    /// Default: 4,096.
    #[serde(default = "in_flight_max")]
    pub in_flight_max: u32,
}

/// What becomes of a call whose count the server has not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OnUnavailable {
    /// It is let through, and counts nowhere.
    Open,
    /// It is refused.
    Closed,
    /// This machine counts for itself meanwhile.
    Local {
        /// With one of so many equal parts of the limit, rounded down: with as many parts as machines, they never let more
        /// through together than the limit, from the first moment of the outage on.
        one_of: u32,
    },
}

impl Default for OnUnavailable {
    fn default() -> Self {
        Self::Local { one_of: 1 }
    }
}

fn prefix() -> String {
    "mainstay".to_owned()
}

const fn time_limit() -> Duration {
    Duration::from_millis(100)
}

const fn failures_max() -> u32 {
    3
}

const fn pause() -> Duration {
    Duration::from_millis(100)
}

const fn pause_max() -> Duration {
    Duration::from_secs(10)
}

const fn in_flight_max() -> u32 {
    4096
}

/// The least that keys are hashed with: as much as the hash takes in.
const SECRET_BYTES: usize = 16;

impl RedisBackend {
    /// A Redis at this address, whose keys are hashed with this.
    #[must_use]
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            secret: secret.into(),
            prefix: prefix(),
            time_limit: time_limit(),
            on_unavailable: OnUnavailable::default(),
            failures_max: failures_max(),
            pause: pause(),
            pause_max: pause_max(),
            in_flight_max: in_flight_max(),
        }
    }

    /// Sets what all names in the server begin with.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long a call waits for the server.
    #[must_use]
    pub const fn time_limit(mut self, time: Duration) -> Self {
        self.time_limit = time;
        self
    }

    /// Sets what becomes of a call that the server has not answered.
    #[must_use]
    pub const fn on_unavailable(mut self, what: OnUnavailable) -> Self {
        self.on_unavailable = what;
        self
    }

    /// Sets after how many calls without an answer no more are sent for a while.
    #[must_use]
    pub const fn failures_max(mut self, calls: u32) -> Self {
        self.failures_max = calls;
        self
    }

    /// Sets for how long none are sent, the first time and at most.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, max: Duration) -> Self {
        self.pause = first;
        self.pause_max = max;
        self
    }

    /// Sets the most calls that may be under way at a time.
    #[must_use]
    pub const fn in_flight_max(mut self, calls: u32) -> Self {
        self.in_flight_max = calls;
        self
    }

    pub(super) fn check(&self, config: &RateLimitConfig, report: &mut Report, at: &At<'_>) {
        let mut wrong = |field: &'static str, message: String| {
            report.add(Finding::new(at.field(field), message));
        };
        if let Err(message) = check_url(&self.url) {
            wrong("url", message);
        }
        if self.secret.len() < SECRET_BYTES {
            let found = self.secret.len();
            wrong(
                "secret",
                format!("expected at least {SECRET_BYTES} bytes, found {found}"),
            );
        }
        let good = |c: char| c.is_ascii_alphanumeric() || ".:_-".contains(c);
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.chars().all(good) {
            let found = &self.prefix;
            wrong(
                "prefix",
                format!("expected 1 to 64 of A-Z a-z 0-9 . _ - :, found {found:?}"),
            );
        }
        for (field, number) in [
            ("failures_max", self.failures_max),
            ("in_flight_max", self.in_flight_max),
        ] {
            if number == 0 {
                wrong(field, "expected at least 1, found 0".to_owned());
            }
        }
        self.check_times(report, at);
        self.check_share(config, report, at);
    }

    fn check_times(&self, report: &mut Report, at: &At<'_>) {
        let millisecond = Duration::from_millis(1);
        let limits = [
            ("time_limit", self.time_limit, Duration::from_secs(10)),
            ("pause", self.pause, self.pause_max),
            ("pause_max", self.pause_max, Duration::from_secs(600)),
        ];
        for (field, found, max) in limits {
            if !(millisecond..=max).contains(&found) {
                let (found, max) = (
                    humantime::format_duration(found),
                    humantime::format_duration(max),
                );
                let message = format!("expected 1ms to {max}, found {found}");
                let finding = Finding::new(at.field(field), message);
                report.add(finding.and_on(at.field("pause_max")));
            }
        }
    }

    fn check_share(&self, config: &RateLimitConfig, report: &mut Report, at: &At<'_>) {
        let OnUnavailable::Local { one_of } = self.on_unavailable else {
            return;
        };
        let least = config.limit.min(config.capacity());
        if one_of == 0 || (one_of > least && least > 0) {
            let message = format!(
                "expected one_of from 1 to {least}, so that a part of the limit is at least 1, found {one_of}"
            );
            report.add(Finding::new(at.field("on_unavailable"), message));
        }
    }
}

/// Whether this says where a Redis is. Never repeats what may be a password.
fn check_url(url: &str) -> Result<(), String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("expected redis://host[:port][/database] or unix:///path".to_owned());
    };
    match scheme {
        "redis" | "valkey" => check_address(rest),
        "unix" | "redis+unix" | "valkey+unix" if rest.starts_with('/') => Ok(()),
        "unix" | "redis+unix" | "valkey+unix" => {
            Err("expected the path of a socket that begins with /".to_owned())
        }
        "rediss" | "valkeys" => Err(format!(
            "expected redis:// or unix://, found {scheme}://: encrypted connections are not supported"
        )),
        _ if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            Err(format!("expected redis:// or unix://, found {scheme:?}"))
        }
        _ => Err("expected redis:// or unix://, found something else before ://".to_owned()),
    }
}

fn check_address(rest: &str) -> Result<(), String> {
    let rest = rest.split('?').next().unwrap_or(rest);
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let address = authority
        .rsplit_once('@')
        .map_or(authority, |(_, address)| address);
    let (host, port) = match address.rsplit_once(':') {
        // The colons of an address of IPv6 are in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err("expected a host after redis://".to_owned());
    }
    if let Some(port) = port
        && port.parse::<u16>().map_or(true, |port| port == 0)
    {
        let expected = "expected a port from 1 to 65535 after the host, found something else";
        return Err(format!(
            "{expected}: a host has to come after user and password"
        ));
    }
    if !database.is_empty() && database.parse::<u32>().is_err() {
        let expected = "expected the number of a database after the address, found something else";
        return Err(format!("{expected}: a `/` in a password is written `%2F`"));
    }
    Ok(())
}

/// Shows neither a password nor the secret.
impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("url", &"…")
            .field("secret", &"…")
            .field("prefix", &self.prefix)
            .field("time_limit", &self.time_limit)
            .field("on_unavailable", &self.on_unavailable)
            .field("failures_max", &self.failures_max)
            .field("pause", &self.pause)
            .field("pause_max", &self.pause_max)
            .field("in_flight_max", &self.in_flight_max)
            .finish()
    }
}
