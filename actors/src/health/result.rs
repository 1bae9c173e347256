//! What comes of a check.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::status::HealthStatus;

/// What one look at one thing has found.
///
/// As JSON, its time is `duration_ms`, with microseconds after the point: what is in this process takes less than a millisecond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// What was looked at, such as `registry_connectivity`.
    pub name: Cow<'static, str>,
    /// How it fares.
    pub status: HealthStatus,
    /// That in words, for operators: it may tell of what is inside, and is shown to nobody else.
    pub message: Cow<'static, str>,
    /// What was found, in figures.
    pub metadata: BTreeMap<Cow<'static, str>, Value>,
    /// How long the look took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub duration: Duration,
}

impl CheckResult {
    /// A result without figures, and of a look that took no time; [`timed`](Self::timed) says how long it took.
    #[must_use]
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        status: HealthStatus,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            status,
            message: message.into(),
            metadata: BTreeMap::new(),
            duration: Duration::ZERO,
        }
    }

    /// It does what it should.
    #[must_use]
    pub fn healthy(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(name, HealthStatus::Healthy, message)
    }

    /// It does not do all it should.
    #[must_use]
    pub fn degraded(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(name, HealthStatus::Degraded, message)
    }

    /// It does not do what it should.
    #[must_use]
    pub fn unhealthy(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(name, HealthStatus::Unhealthy, message)
    }

    /// Adds a figure; one of the same key is replaced.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets how long the look took.
    #[must_use]
    pub const fn timed(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }
}

/// How a service fares, and what was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HealthResult {
    /// The worst of all that was looked at; healthy if nothing was.
    pub status: HealthStatus,
    /// All that was looked at.
    pub checks: Vec<CheckResult>,
    /// The mean of what they count for, 0 to 1; 1 if there are none.
    pub overall_score: f64,
    /// When it was looked at. As JSON, as RFC 3339, which has the years 1970 to 9999; an aggregator takes another for the time of the answer.
    #[serde(with = "rfc3339")]
    pub timestamp: SystemTime,
    /// How long that took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub duration: Duration,
}

impl HealthResult {
    /// What these come to together, having been looked at now.
    #[must_use]
    pub fn of(checks: Vec<CheckResult>, duration: Duration) -> Self {
        Self::at(checks, SystemTime::now(), duration)
    }

    /// What these come to together, having been looked at at that time.
    #[must_use]
    pub fn at(checks: Vec<CheckResult>, timestamp: SystemTime, duration: Duration) -> Self {
        Self {
            status: overall_status(&checks),
            overall_score: overall_score(&checks),
            checks,
            timestamp,
            duration,
        }
    }

    /// One result alone.
    #[must_use]
    pub fn single(check: CheckResult) -> Self {
        let duration = check.duration;
        Self::of(vec![check], duration)
    }

    /// The words of the first of those that fare as badly as the whole does.
    #[must_use]
    pub fn message(&self) -> &str {
        let worst = self.checks.iter().find(|check| check.status == self.status);
        worst.map_or("", |check| &check.message)
    }
}

/// The worst of all; healthy if there are none.
fn overall_status(checks: &[CheckResult]) -> HealthStatus {
    let all = checks.iter().map(|check| check.status);
    all.max().unwrap_or(HealthStatus::Healthy)
}

/// The mean; 1 if there are none.
fn overall_score(checks: &[CheckResult]) -> f64 {
    if checks.is_empty() {
        return 1.0;
    }
    let all = checks.iter().map(|check| check.status.score());
    #[allow(clippy::cast_precision_loss)]
    let count = checks.len() as f64;
    all.sum::<f64>() / count
}

/// Durations as milliseconds, with microseconds after the point.
pub(super) mod milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, de};

    pub(crate) fn number(duration: Duration) -> f64 {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        #[allow(clippy::cast_precision_loss)]
        let micros = micros as f64;
        micros / 1000.0
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number(*duration).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(number / 1000.0)
            .map_err(|_| de::Error::custom("expected milliseconds"))
    }
}

/// Times as RFC 3339, which is ISO 8601.
pub(super) mod rfc3339 {
    use super::{Cow, Deserialize, Deserializer, Serializer, SystemTime, de};

    pub(crate) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_millis(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(de::Error::custom)
    }
}

/// The same, if there is one.
pub(super) mod rfc3339_or_none {
    use super::{Deserialize, Deserializer, Serialize, Serializer, SystemTime, rfc3339};

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "rfc3339")] SystemTime);

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Time).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let found = Option::<Time>::deserialize(deserializer)?;
        Ok(found.map(|found| found.0))
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}: {}", self.name, self.status, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(status: HealthStatus) -> CheckResult {
        CheckResult::new("part", status, "as found")
    }

    #[test]
    fn the_worst_wins_and_the_score_is_the_mean() {
        use HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
        let cases: [(&[HealthStatus], HealthStatus, f64); 5] = [
            (&[], Healthy, 1.0),
            (&[Healthy], Healthy, 1.0),
            (&[Healthy, Degraded], Degraded, 0.75),
            (&[Degraded, Unknown, Healthy, Healthy], Unknown, 0.6875),
            (&[Unknown, Unhealthy, Healthy, Degraded], Unhealthy, 0.4375),
        ];
        for (statuses, status, score) in cases {
            let checks = statuses.iter().copied().map(result).collect();
            let whole = HealthResult::of(checks, Duration::ZERO);
            assert_eq!((whole.status, whole.overall_score), (status, score));
        }
    }

    #[test]
    fn json_has_the_keys_it_should_have_and_is_read_back() {
        let check = result(HealthStatus::Degraded)
            .with("lagging", 3)
            .timed(Duration::from_micros(1_250));
        let time = humantime::parse_rfc3339("2026-11-26T20:00:00.5Z").expect("a time");
        let whole = HealthResult::at(vec![check], time, Duration::from_micros(2_500));
        let json = serde_json::to_value(&whole).expect("it can be JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "status": "degraded",
                "checks": [{
                    "name": "part",
                    "status": "degraded",
                    "message": "as found",
                    "metadata": {"lagging": 3},
                    "duration_ms": 1.25,
                }],
                "overall_score": 0.5,
                "timestamp": "2026-11-26T20:00:00.500Z",
                "duration_ms": 2.5,
            })
        );
        let read: HealthResult = serde_json::from_value(json).expect("it is one");
        assert_eq!(read, whole);
    }
}
