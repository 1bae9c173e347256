//! Events to and from JSON.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use mainstay_specs::{Fault, Faults, NamespaceName, ServiceName, SpecPath};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Event;
use super::integers::too_large;
use crate::config::ConfigValue;
use crate::event_store::id::EventId;
use crate::event_store::text::{CorrelationId, EventProcess};
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
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<EventId>,
    event_type: &'a str,
    #[serde(serialize_with = "time::serialize")]
    wall_time: SystemTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    monotonic_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<EventId>,
    data: &'a ConfigValue,
}

/// As it is read: whatever is of the right kind, so that everything else that is wrong can be told at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    #[serde(default)]
    id: Option<u64>,
    event_type: String,
    #[serde(default)]
    wall_time: Option<String>,
    #[serde(default)]
    monotonic_ns: Option<u64>,
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    process: Option<String>,
    #[serde(default)]
    correlation_id: Option<String>,
    #[serde(default)]
    parent_id: Option<u64>,
    #[serde(default = "null")]
    data: ConfigValue,
}

const fn null() -> ConfigValue {
    ConfigValue::Null
}

impl Reading {
    fn into_event(self) -> Result<Event, Faults> {
        let mut faults = Vec::new();
        let wall_time = self.wall_time.as_deref().map(time::parse_time);
        let wall_time = valid("wall_time", wall_time, &mut faults);
        let namespace = self.namespace.map(NamespaceName::new);
        let namespace = valid("namespace", namespace, &mut faults);
        let parent_id = self.parent_id.map(EventId::try_from);
        let parent_id = valid("parent_id", parent_id, &mut faults);
        let id = valid("id", self.id.map(EventId::try_from), &mut faults);
        let mut event = Event::builder(self.event_type).data(self.data);
        if let Some(node) = self.node {
            event = event.node(node);
        }
        if let Some(process) = self.process {
            event = event.process(process);
        }
        if let Some(correlation_id) = self.correlation_id {
            event = event.correlation_id(correlation_id);
        }
        if let Some(wall_time) = wall_time {
            event = event.wall_time(wall_time);
        }
        match event.build() {
            Ok(mut event) if faults.is_empty() => {
                event.id = id;
                event.parent_id = parent_id;
                event.namespace = namespace;
                event.monotonic = self.monotonic_ns.map(Duration::from_nanos);
                Ok(event)
            }
            Ok(_) => Err(all(faults)),
            Err(EventError::Invalid(more)) => {
                faults.extend(more);
                Err(all(faults))
            }
            Err(EventError::Json(message)) => Err(Fault::new(message).into()),
        }
    }
}

fn valid<T, E: fmt::Display>(
    field: &str,
    given: Option<Result<T, E>>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match given? {
        Ok(value) => Some(value),
        Err(error) => {
            let at = SpecPath::root().field(field);
            faults.push(Fault::new(error.to_string()).at(at));
            None
        }
    }
}

fn all(faults: Vec<Fault>) -> Faults {
    Faults::from_list(faults).unwrap_or_else(|| Fault::new("expected an event").into())
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            id: self.id,
            event_type: self.event_type.as_str(),
            wall_time: self.wall_time,
            monotonic_ns: self.monotonic.map(nanoseconds),
            node: self.node.as_ref().map(ServiceName::as_str),
            namespace: self.namespace.as_ref().map(NamespaceName::as_str),
            process: self.process.as_ref().map(EventProcess::as_str),
            correlation_id: self.correlation_id.as_ref().map(CorrelationId::as_str),
            parent_id: self.parent_id,
            data: &self.data,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Reading::deserialize(deserializer)?;
        let told = |faults: Faults| de::Error::custom(faults.to_string().replace('\n', "; "));
        read.into_event().map_err(told)
    }
}

impl Event {
    /// The event as JSON, such as `{"id":7,"event_type":"user_login","wall_time":"2026-11-26T18:00:00.000000Z","data":{"user":"ada"}}`.
    #[must_use]
    pub fn serialize_to_string(&self) -> String {
        // Writing to a string does not fail, and data that JSON cannot carry were refused.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// An event from JSON. `event_type` is needed; a `wall_time` that is missing is now, and `data` that are missing are null. Integers are
    /// those of 64 bits: with another one it is refused here, whereas reading it by serde makes a float of that.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn deserialize_from_str(text: &str) -> Result<Self, EventError> {
        let read: Reading =
            serde_json::from_str(text).map_err(|error| EventError::Json(error.to_string()))?;
        if let Some((found, line, column)) = too_large(text) {
            let what = format!("expected integers of 64 bits, found {found}");
            return Err(EventError::Json(format!(
                "{what} at line {line} column {column}"
            )));
        }
        read.into_event().map_err(EventError::Invalid)
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
