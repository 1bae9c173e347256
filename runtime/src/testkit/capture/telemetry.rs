//! The telemetry events of a namespace, and what to look for among them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_actors::TelemetryService;
use mainstay_actors::telemetry::{Attached, Event, Number, TelemetryError, Value};
use mainstay_specs::{EventPathError, PathPattern};
use tokio::sync::Notify;

use super::{Matcher, Source};

/// The telemetry events of the namespace of a test that fit a pattern, from a certain moment on. None is missed.
///
/// A handler notes them, which ends when this is dropped.
#[derive(Debug)]
pub struct Emitted {
    notes: Arc<Notes>,
    _attached: Attached,
}

#[derive(Default)]
struct Notes {
    events: Mutex<Vec<Event>>,
    more: Notify,
}

impl Notes {
    fn note(&self, event: &Event) {
        self.lock().push(event.clone());
        self.more.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes")
            .field("events", &self.lock().len())
            .finish()
    }
}

impl Emitted {
    /// Begins to note.
    pub(in crate::testkit) fn new(
        telemetry: &TelemetryService,
        pattern: PathPattern,
        name: &str,
    ) -> Result<Self, TelemetryError> {
        let notes = Arc::new(Notes::default());
        let noted = Arc::clone(&notes);
        let attached = telemetry.attach(name, pattern, move |event| noted.note(event))?;
        Ok(Self {
            notes,
            _attached: attached,
        })
    }
}

impl Source for Emitted {
    type Event = Event;

    fn since(&self, place: usize) -> Vec<Event> {
        self.notes.lock().get(place..).unwrap_or_default().to_vec()
    }

    fn missed(&self) -> u64 {
        0
    }

    fn more(&self, place: usize) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            loop {
                let more = self.notes.more.notified();
                tokio::pin!(more);
                // Registered before it is looked, so that an event in between is not missed.
                more.as_mut().enable();
                if self.notes.lock().len() > place {
                    return;
                }
                more.await;
            }
        })
    }

    /// As of `foundation.performance.alert count=1 rule=slow`.
    fn line(event: &Event) -> String {
        event.to_string()
    }
}

/// Looks for telemetry events whose path fits a pattern; made by [`emitted`].
#[derive(Clone, Debug)]
#[must_use = "a matcher looks for nothing by itself"]
pub struct EmittedMatcher {
    pattern: PathPattern,
    measurements: Vec<(String, Number)>,
    metadata: Vec<(String, Value)>,
}

/// An event with a path that fits this pattern was emitted.
///
/// # Errors
///
/// A text that is no pattern.
pub fn emitted(pattern: &str) -> Result<EmittedMatcher, EventPathError> {
    Ok(EmittedMatcher {
        pattern: PathPattern::new(pattern)?,
        measurements: Vec::new(),
        metadata: Vec::new(),
    })
}

impl EmittedMatcher {
    /// Only if this was measured.
    pub fn measuring(mut self, name: impl Into<String>, number: impl Into<Number>) -> Self {
        self.measurements.push((name.into(), number.into()));
        self
    }

    /// Only if this is said beside it.
    pub fn saying(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.push((name.into(), value.into()));
        self
    }
}

impl Matcher<Event> for EmittedMatcher {
    fn matches(&self, event: &Event) -> bool {
        let (measured, said) = (event.measurements(), event.metadata());
        let mut measurements = self.measurements.iter();
        let mut metadata = self.metadata.iter();
        self.pattern.matches(event.path().as_str())
            && measurements.all(|(name, number)| measured.get(name) == Some(number))
            && metadata.all(|(name, value)| said.get(name) == Some(value))
    }
}

impl fmt::Display for EmittedMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emitted {}", self.pattern)?;
        for (name, number) in &self.measurements {
            write!(f, " {name}={number}")?;
        }
        for (name, value) in &self.metadata {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}
