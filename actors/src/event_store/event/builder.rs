//! An event to be made.

use std::fmt::Display;
use std::time::SystemTime;

use mainstay_specs::{Fault, Faults, NameError, ServiceName, SpecPath};

use super::check::check_data;
use super::{Event, EventError, Unsaid};
use crate::config::ConfigValue;
use crate::event_store::id::{EVENT_ID_MAX, EventId};
use crate::event_store::text::{CorrelationId, EventProcess, EventType, TextError};
use crate::event_store::time;

/// An event to be made. What is wrong is told by [`build`](Self::build), all at once.
///
/// ```
/// use mainstay_actors::config::ConfigValue;
/// use mainstay_actors::event_store::Event;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = Event::builder("user_login")
///     .correlation_id("request-7")
///     .data(ConfigValue::map([("user", "ada")]))
///     .build()?;
/// assert_eq!(login.event_type().as_str(), "user_login");
///
/// let wrong = Event::builder("").data(f64::NAN).build().unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "event_type: expected a text that is not empty\ndata: expected a finite number, found NaN",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct EventBuilder {
    event_type: Result<EventType, TextError>,
    id: Option<u64>,
    wall_time: Option<SystemTime>,
    node: Option<Result<ServiceName, NameError>>,
    process: Option<Result<EventProcess, TextError>>,
    correlation_id: Option<Result<CorrelationId, TextError>>,
    parent_id: Option<EventId>,
    data: ConfigValue,
}

impl EventBuilder {
    pub(super) fn new(event_type: &str) -> Self {
        Self {
            event_type: EventType::new(event_type),
            id: None,
            wall_time: None,
            node: None,
            process: None,
            correlation_id: None,
            parent_id: None,
            data: ConfigValue::Null,
        }
    }

    /// Sets its number, 1 to [`EVENT_ID_MAX`]. Default: the store numbers it. To store the same event with the same number again does
    /// nothing, so that a caller who does not know what came of it can try again, also from another process: with the same
    /// [`wall_time`](Self::wall_time), as else it is not the same event.
    pub const fn id(mut self, number: u64) -> Self {
        self.id = Some(number);
        self
    }

    /// Sets when it happened: from 1970 to 9999; what is finer than a microsecond is dropped. Default: now.
    pub const fn wall_time(mut self, time: SystemTime) -> Self {
        self.wall_time = Some(time);
        self
    }

    /// Sets the machine it is of. Default: the one that stores it, if that has a name.
    pub fn node(mut self, name: impl AsRef<str>) -> Self {
        self.node = Some(ServiceName::new(name));
        self
    }

    /// Sets the process it is of. Default: the one that stores it.
    pub fn process(mut self, path: impl AsRef<str>) -> Self {
        self.process = Some(EventProcess::new(path));
        self
    }

    /// Sets what it has in common with other events of one matter.
    pub fn correlation_id(mut self, id: impl AsRef<str>) -> Self {
        self.correlation_id = Some(CorrelationId::new(id));
        self
    }

    /// Sets the event that led to it.
    pub const fn parent_id(mut self, id: EventId) -> Self {
        self.parent_id = Some(id);
        self
    }

    /// Sets what else there is to say. Default: null.
    pub fn data(mut self, data: impl Into<ConfigValue>) -> Self {
        self.data = data.into();
        self
    }

    /// Makes the event.
    ///
    /// # Errors
    ///
    /// [`EventError::Invalid`] with everything that is wrong. How large it may be is for the store to say.
    pub fn build(self) -> Result<Event, EventError> {
        let mut faults = Vec::new();
        let at = |field: &str| SpecPath::root().field(field);
        let mut wrong = |field: &str, message: String| {
            faults.push(Fault::new(message).at(at(field)));
        };
        let id = self.id.map(|number| {
            let id = EventId::new(number).filter(|_| number <= EVENT_ID_MAX);
            if id.is_none() {
                wrong(
                    "id",
                    format!("expected 1 to {EVENT_ID_MAX}, found {number}"),
                );
            }
            id
        });
        let wall_time = time::micros(self.wall_time.unwrap_or_else(SystemTime::now));
        if wall_time.is_none() {
            wrong("wall_time", "expected a time from 1970 to 9999".to_owned());
        }
        let event_type = taken("event_type", Some(self.event_type), &mut wrong);
        let node = taken("node", self.node, &mut wrong);
        let process = taken("process", self.process, &mut wrong);
        let correlation_id = taken("correlation_id", self.correlation_id, &mut wrong);
        faults.extend(
            check_data(&self.data)
                .into_iter()
                .map(|fault| fault.inside(&at("data"))),
        );
        match (Faults::from_list(faults), event_type, wall_time) {
            (None, Some(event_type), Some(wall_time)) => Ok(Event {
                id: id.flatten(),
                event_type,
                wall_time: time::from_micros(wall_time),
                monotonic: None,
                node,
                namespace: None,
                process,
                correlation_id,
                parent_id: self.parent_id,
                data: self.data,
                unsaid: Unsaid::default(),
            }),
            (faults, ..) => Err(EventError::Invalid(faults.unwrap_or_else(|| {
                // What is missing was told.
                Fault::new("expected an event").into()
            }))),
        }
    }
}

fn taken<T, E: Display>(
    field: &str,
    given: Option<Result<T, E>>,
    wrong: &mut impl FnMut(&str, String),
) -> Option<T> {
    match given? {
        Ok(text) => Some(text),
        Err(error) => {
            wrong(field, error.to_string());
            None
        }
    }
}
