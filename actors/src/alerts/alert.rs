//! What somebody is told.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::{AlertRule, Comparison, Severity};
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::telemetry::{
    EventDescriptor, Measurements, Metadata, PERFORMANCE_ALERT, TelemetryEvent, Value,
};

/// Whether an alert has begun or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertState {
    /// It has begun.
    Firing,
    /// It has ended: the value is good again, there is no data and the rule says that this is good, or the rule is no more.
    Resolved,
}

/// Why an alert fired or was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertReason {
    /// The value is bad, or good again.
    Value,
    /// There are no data, and the rule says what to make of it.
    NoData,
    /// The metrics store has forgotten the series: nobody holds it and nothing was recorded to it for long.
    SeriesGone,
    /// The rule was taken away or replaced.
    RuleGone,
}

impl AlertState {
    /// As text: `firing` or `resolved`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// An alert that has fired, or was resolved. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PerformanceAlert {
    /// Its number among all of the namespace, from 1.
    pub number: u64,
    /// The rule.
    pub rule: Arc<AlertRule>,
    /// The name of the metric.
    pub metric: Arc<str>,
    /// Whether it has begun or has ended.
    pub state: AlertState,
    /// The value that was seen; `None` if there was no data.
    pub value: Option<f64>,
    /// Why.
    pub reason: AlertReason,
    /// When, by the clock of tokio.
    #[serde(skip)]
    pub at: Instant,
    /// When, by the clock on the wall.
    #[serde(serialize_with = "rfc3339")]
    pub timestamp: SystemTime,
}

impl PerformanceAlert {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// What is the same for an alert and its resolution, and for nothing that fires meanwhile: the rule and the metric.
    #[must_use]
    pub fn dedupe_key(&self) -> String {
        format!("{}/{}", self.rule.name, self.metric)
    }
}

/// Such as `slow reads: firing, critical: p99 of foundation.config_server.get is 6000 > 5000`.
impl fmt::Display for PerformanceAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AlertRule {
            name,
            aspect,
            comparison,
            threshold,
            severity,
            ..
        } = &*self.rule;
        let state = self.state.as_str();
        write!(
            f,
            "{name}: {state}, {severity}: {aspect} of {} is ",
            self.metric
        )?;
        let Some(value) = self.value else {
            return f.write_str(match self.reason {
                AlertReason::SeriesGone => "gone, as its series is",
                _ => "not known",
            });
        };
        match (self.state, comparison) {
            (AlertState::Firing, comparison) => write!(f, "{value} {comparison} {threshold}"),
            (AlertState::Resolved, Comparison::Eq) => write!(f, "{value}, not {threshold}"),
            (AlertState::Resolved, _) => {
                write!(
                    f,
                    "{value}, good at {}",
                    self.rule.clear.unwrap_or(*threshold)
                )
            }
        }
    }
}

impl TelemetryEvent for PerformanceAlert {
    const DESCRIPTOR: EventDescriptor = PERFORMANCE_ALERT;

    fn measurements(&self) -> Measurements {
        [("count", 1_u64)].into()
    }

    fn metadata(&self) -> Metadata {
        let none = Value::from("none");
        Metadata::new()
            .with("rule", self.rule.name.clone())
            .with("metric", self.metric.to_string())
            .with("severity", self.severity().as_str())
            .with("state", self.state.as_str())
            .with("value", self.value.map_or(none, Value::from))
            .with("threshold", self.rule.threshold)
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}
