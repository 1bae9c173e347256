//! What is put into an event when it is stored, and what makes it unfit.

use std::time::Duration;

use mainstay_specs::{EventStoreSpec, Fault, Faults, NamespaceName, SpecPath};
use mainstay_supervisors::current;

use super::error::StoreError;
use super::event::{Event, Unsaid};
use super::id::EVENT_ID_MAX;
use super::numbering::given_twice;
use super::queue::Load;
use super::text::EventProcess;

/// What all events get that are given to a store at once.
#[derive(Debug)]
pub(crate) struct Seal<'a> {
    pub(crate) spec: &'a EventStoreSpec,
    pub(crate) namespace: &'a NamespaceName,
    /// When, by the clock of the store.
    pub(crate) at: Duration,
    /// Who stores them, if a process does and its path is not too long.
    pub(crate) process: Option<EventProcess>,
}

/// The most events of a batch: no more than there is room for.
pub(crate) fn batch_max(spec: &EventStoreSpec) -> u32 {
    let room = u32::try_from(spec.max_events).unwrap_or(u32::MAX);
    spec.batch_max.min(room)
}

impl<'a> Seal<'a> {
    /// That of whoever calls this.
    pub(crate) fn of_caller(
        spec: &'a EventStoreSpec,
        namespace: &'a NamespaceName,
        at: Duration,
    ) -> Self {
        let process = current().and_then(|process| EventProcess::new(process.path()).ok());
        Self {
            spec,
            namespace,
            at,
            process,
        }
    }

    /// One event, checked and completed.
    pub(crate) fn one(&self, event: Event) -> Result<(Event, Load), StoreError> {
        let faults = self.faults(&event);
        match Faults::from_list(faults) {
            Some(faults) => Err(StoreError::Invalid(faults)),
            None => Ok(self.complete(event)),
        }
    }

    /// All events of a batch, all checked before any is completed.
    pub(crate) fn batch(&self, events: Vec<Event>) -> Result<(Vec<Event>, Load), StoreError> {
        let (max, found) = (batch_max(self.spec), events.len());
        if found > max as usize {
            return Err(StoreError::BatchTooLarge { max, found });
        }
        let mut faults = given_twice(&events);
        for (nth, event) in events.iter().enumerate() {
            let at = SpecPath::root().index(nth);
            let wrong = self.faults(event).into_iter();
            faults.extend(wrong.map(|fault| fault.inside(&at)));
        }
        if let Some(faults) = Faults::from_list(faults) {
            return Err(StoreError::Invalid(faults));
        }
        let mut all = Load::default();
        // What is kept at all is kept for a moment at least.
        let max = self.spec.queue_bytes_max.min(self.spec.bytes_max);
        let events = events.into_iter().map(|event| {
            let (event, load) = self.complete(event);
            all.events += load.events;
            all.bytes += load.bytes;
            event
        });
        let events = events.collect();
        if all.bytes > max {
            let found = all.bytes;
            return Err(StoreError::BatchTooHeavy { max, found });
        }
        Ok((events, all))
    }

    fn faults(&self, event: &Event) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |field: &str, message: String| {
            faults.push(Fault::new(message).at(SpecPath::root().field(field)));
        };
        if let Some(id) = event.id.filter(|id| id.get() > EVENT_ID_MAX) {
            wrong("id", format!("expected 1 to {EVENT_ID_MAX}, found {id}"));
        }
        let (max, found) = (self.spec.data_max, event.data_size());
        if found > max {
            wrong(
                "data",
                format!("expected at most {max} bytes as JSON, found {found}"),
            );
        }
        let other = event
            .namespace
            .as_ref()
            .filter(|name| *name != self.namespace);
        if let Some(other) = other {
            let own = self.namespace;
            wrong(
                "namespace",
                format!("expected {own} or nothing, found {other}"),
            );
        }
        faults
    }

    fn complete(&self, mut event: Event) -> (Event, Load) {
        event.namespace = Some(self.namespace.clone());
        event.monotonic = Some(self.at);
        event.unsaid = Unsaid {
            node: event.node.is_none(),
            process: event.process.is_none(),
        };
        event.node = event.node.or_else(|| self.spec.node.clone());
        event.process = event.process.or_else(|| self.process.clone());
        let bytes = event.serialized_size();
        (event, Load { events: 1, bytes })
    }
}
