//! Events to and from JSON.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use mainstay_specs::{Faults, NamespaceName, ServiceName, SpecPath};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Event;
use super::check::check_data;
use crate::config::ConfigValue;
use crate::event_store::id::EventId;
use crate::event_store::text::{CorrelationId, EventProcess, EventType};
use crate::event_store::time;

/// Why something is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It says something that is wrong: everything, each with its path.
    #[error("{0}")]
    Invalid(Faults),
    /// It is no JSON, or not that of an event.
    #[error("{0}")]
    Json(String),
}

/// As it is written; what is not there is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<EventId>,
    event_type: EventType,
    #[serde(with = "time", default = "now")]
    wall_time: SystemTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    monotonic_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<ServiceName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<EventProcess>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<CorrelationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent_id: Option<EventId>,
    #[serde(default = "null")]
    data: ConfigValue,
}

fn now() -> SystemTime {
    time::from_micros(time::bounded_micros(SystemTime::now()))
}

const fn null() -> ConfigValue {
    ConfigValue::Null
}

impl From<&Event> for Written {
    fn from(event: &Event) -> Self {
        let event = event.clone();
        Self {
            id: event.id,
            event_type: event.event_type,
            wall_time: event.wall_time,
            monotonic_ns: event.monotonic.map(nanoseconds),
            node: event.node,
            namespace: event.namespace,
            process: event.process,
            correlation_id: event.correlation_id,
            parent_id: event.parent_id,
            data: event.data,
        }
    }
}

impl Written {
    fn into_event(self) -> Result<Event, Faults> {
        let data = SpecPath::root().field("data");
        let faults = check_data(&self.data).into_iter();
        let faults = faults.map(|fault| fault.inside(&data)).collect();
        match Faults::from_list(faults) {
            Some(faults) => Err(faults),
            None => Ok(Event {
                id: self.id,
                event_type: self.event_type,
                wall_time: self.wall_time,
                monotonic: self.monotonic_ns.map(Duration::from_nanos),
                node: self.node,
                namespace: self.namespace,
                process: self.process,
                correlation_id: self.correlation_id,
                parent_id: self.parent_id,
                data: self.data,
            }),
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        written.into_event().map_err(de::Error::custom)
    }
}

impl Event {
    /// The event as JSON, such as `{"id":7,"event_type":"user_login","wall_time":"2026-11-26T18:00:00.000000Z","data":{"user":"ada"}}`.
    #[must_use]
    pub fn serialize_to_string(&self) -> String {
        // Writing to a string does not fail, and data that JSON cannot carry were refused.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// An event from JSON. `event_type` is needed; a `wall_time` that is missing is now, and `data` that are missing are null.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn deserialize_from_str(text: &str) -> Result<Self, EventError> {
        let written: Written =
            serde_json::from_str(text).map_err(|error| EventError::Json(error.to_string()))?;
        written.into_event().map_err(EventError::Invalid)
    }

    /// How many bytes the event has as JSON.
    #[must_use]
    pub fn serialized_size(&self) -> u64 {
        let mut count = Count(0);
        // Counting does not fail.
        serde_json::to_writer(&mut count, self).ok();
        count.0
    }

    /// How many bytes its data have as JSON.
    #[must_use]
    pub fn data_size(&self) -> u64 {
        let mut count = Count(0);
        serde_json::to_writer(&mut count, &self.data).ok();
        count.0
    }
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Data as a backend keeps them.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn data_json(data: &ConfigValue) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

/// 584 years fit.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
