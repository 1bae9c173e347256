//! What handlers and subscribers are told.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::{EventPath, NamespaceName};
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::fields::{Measurements, Metadata};

/// Something that has happened. Cheap to clone.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Event(Arc<Parts>);

#[derive(Debug, Serialize)]
pub(crate) struct Parts {
    pub(crate) number: u64,
    pub(crate) path: EventPath,
    pub(crate) measurements: Measurements,
    pub(crate) metadata: Metadata,
    pub(crate) namespace: NamespaceName,
    #[serde(skip)]
    pub(crate) at: Instant,
    #[serde(serialize_with = "rfc3339")]
    pub(crate) time: SystemTime,
    /// How many handlers, one because of the other, led to it.
    #[serde(skip)]
    pub(crate) depth: u8,
}

impl Event {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Its number among the events of the namespace that somebody listened to, from 1, in the order in which they were begun. Two
    /// threads that emit at once may be heard in another order.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Which kind of event it is.
    #[must_use]
    pub fn path(&self) -> &EventPath {
        &self.0.path
    }

    /// What was measured.
    #[must_use]
    pub fn measurements(&self) -> &Measurements {
        &self.0.measurements
    }

    /// What is said beside it.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The namespace it happened in.
    #[must_use]
    pub fn namespace(&self) -> &NamespaceName {
        &self.0.namespace
    }

    /// When, by the clock of tokio.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.0.at
    }

    /// When, by the clock on the wall.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.0.time
    }

    pub(crate) fn depth(&self) -> u8 {
        self.0.depth
    }
}

/// Such as `foundation.performance.alert count=1 rule=slow`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            path,
            measurements,
            metadata,
            ..
        } = &*self.0;
        write!(f, "{path}")?;
        if !measurements.is_empty() {
            write!(f, " {measurements}")?;
        }
        if !metadata.is_empty() {
            write!(f, " {metadata}")?;
        }
        Ok(())
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_as_a_line_and_in_json() {
        let event = Event::new(Parts {
            number: 7,
            path: EventPath::new("a.b").expect("a path"),
            measurements: Measurements::from([("count", 1_u64)]),
            metadata: Metadata::from([("who", "me")]),
            namespace: NamespaceName::new("app").expect("a name"),
            at: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
            depth: 0,
        });
        assert_eq!(event.to_string(), "a.b count=1 who=me");
        assert_eq!(
            serde_json::to_string(&event).expect("JSON"),
            r#"{"number":7,"path":"a.b","measurements":{"count":1},"metadata":{"who":"me"},"namespace":"app","time":"1970-01-01T00:00:00.000Z"}"#
        );
    }
}
