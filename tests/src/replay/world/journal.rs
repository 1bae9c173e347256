//! What happens in the world, in one order: the runtime's own events and what start functions note.
//!
//! The runtime publishes an event at the moment it happens. Whoever notes something first takes over everything that
//! was published before it, under one lock, so that the order of the log is the order of the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainstay_supervisors::{Delivery, EventKind, EventStream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::directory::Directory;
use super::reasons::reason_text;
use super::reports;
use crate::replay::log::Log;
use crate::replay::matching::Event;

/// The logs of a scenario.
#[derive(Debug)]
pub(super) struct Journal {
    stream: Mutex<EventStream>,
    directory: Arc<Directory>,
    pub(super) events: Log<Event>,
    pub(super) reports: Log<Value>,
}

impl Journal {
    pub(super) fn new(stream: EventStream, directory: Arc<Directory>) -> Arc<Self> {
        Arc::new(Self {
            stream: Mutex::new(stream),
            directory,
            events: Log::default(),
            reports: Log::default(),
        })
    }

    /// Notes what a start function came to.
    pub(super) fn note(&self, event: Event) {
        let mut stream = self.lock();
        self.take_over(&mut stream);
        self.events.push(event);
    }

    /// Takes over what the runtime publishes while nobody notes anything, until it is aborted.
    pub(super) fn follow(self: &Arc<Self>) -> JoinHandle<()> {
        let journal = Arc::clone(self);
        let mut alarm = self.lock().clone();
        tokio::spawn(async move {
            while alarm.next().await.is_some() {
                journal.take_over(&mut journal.lock());
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, EventStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_over(&self, stream: &mut EventStream) {
        while let Some(delivery) = stream.try_next() {
            match delivery {
                Delivery::Event(event) => self.record(&event.kind),
                other => self.events.push(vec![json!(format!("{other:?}"))]),
            }
        }
    }

    fn record(&self, kind: &EventKind) {
        match kind {
            EventKind::Exited { process, reason } => {
                if let Some(name) = self.directory.name(process) {
                    let reason = reason_text(reason);
                    self.events.push(vec![
                        json!("terminated"),
                        json!(name.path),
                        json!(name.n),
                        json!(reason),
                    ]);
                }
            }
            other => {
                if let Some(report) = reports::report(other, &self.directory) {
                    self.reports.push(report);
                }
            }
        }
    }
}
