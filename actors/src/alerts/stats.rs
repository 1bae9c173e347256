//! What operators see.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::AlertRule;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::board::Watch;
use super::watch::Phase;

/// Where an alert is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertPhase {
    /// The value is bad, not for long enough yet, or it is muted.
    Pending,
    /// It has fired.
    Firing,
}

/// An alert that is pending or firing. As JSON, durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActiveAlert {
    /// The rule.
    pub rule: Arc<AlertRule>,
    /// The name of the metric.
    pub metric: Arc<str>,
    /// Where it is on its way.
    pub phase: AlertPhase,
    /// How long it has been there.
    #[serde(rename = "since_ms", serialize_with = "milliseconds")]
    pub since: Duration,
    /// The value that was seen last; `None` if there was no data.
    pub value: Option<f64>,
}

impl ActiveAlert {
    pub(crate) fn of(watch: &Watch, now: Instant) -> Self {
        let (phase, at) = match watch.phase {
            Phase::Pending(at) => (AlertPhase::Pending, at),
            Phase::Firing(at) => (AlertPhase::Firing, at),
        };
        Self {
            rule: Arc::clone(&watch.rule),
            metric: Arc::clone(&watch.metric),
            phase,
            since: now.saturating_duration_since(at),
            value: watch.value,
        }
    }
}

/// The state of a namespace's alerts. As JSON, durations are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AlertsStatus {
    /// Whether the keeper runs, so that the rules are looked at.
    pub available: bool,
    /// How long the keeper that runs now has been running; `None` while there is none.
    #[serde(rename = "uptime_ms", serialize_with = "perhaps_milliseconds")]
    pub uptime: Option<Duration>,
    /// How many rules there are.
    pub rules_count: usize,
    /// How many alerts are pending.
    pub pending_count: usize,
    /// How many alerts are firing.
    pub firing_count: usize,
    /// How many have fired, over all incarnations of the keeper.
    pub fired_count: u64,
    /// How many of them were resolved.
    pub resolved_count: u64,
    /// How often an alert was not begun, because there were as many as there may be.
    pub left_out_count: u64,
    /// How often the rules were looked at.
    pub rounds_count: u64,
    /// How many subscribers there are.
    pub subscribers_count: usize,
    /// Whether somebody has muted them. While the namespace ends they are muted in any case.
    pub muted: bool,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn perhaps_milliseconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => milliseconds(duration, serializer),
        None => serializer.serialize_none(),
    }
}
