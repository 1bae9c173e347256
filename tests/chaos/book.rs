//! What clients were promised.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::event_store::{EventId, StoreError};

/// What became of an event that somebody wanted to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is stored.
    Stored(EventId),
    /// It is not.
    Refused,
    /// Nobody knows.
    Doubtful,
}

/// What became of a change of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It is made, with this version.
    Done(u64),
    /// It is not.
    Refused,
    /// Nobody knows.
    Doubtful,
}

/// Tickets of a full bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tickets {
    /// How many were given.
    pub(crate) granted: u64,
    /// In how long.
    pub(crate) lasting: Duration,
    /// In how long it is to be full again.
    pub(crate) full_in: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// By the text that an event was stored with, which no other has.
    pub(crate) events: BTreeMap<String, Said>,
    /// By client: each value it put, in order.
    pub(crate) config: BTreeMap<&'static str, Vec<(u64, Changed)>>,
    /// How often somebody who listens was told of each event, by its text; and of how many it was said that they were lost.
    pub(crate) told: BTreeMap<String, u64>,
    pub(crate) untold: u64,
    /// How many events were handed to the database, alerts among them, and nobody knows what came of that try.
    pub(crate) doubtful: u64,
    /// How many of these tries there were for each alert, by its number. What they have stored is there, as only the answer was lost.
    pub(crate) doubtful_alerts: BTreeMap<u64, u64>,
    /// The versions of the configuration that somebody who listens was told of.
    pub(crate) versions: Vec<u64>,
    /// What was recorded.
    pub(crate) figures: Vec<u64>,
    /// How often the tide was high, and low again.
    pub(crate) tides: u64,
    /// The number of each alert that somebody who listens was told of, and whether it fired.
    pub(crate) alerts: Vec<(u64, bool)>,
    /// Once nobody waits for tickets any more.
    pub(crate) tickets: Option<Tickets>,
    /// Calls through breakers by key.
    pub(crate) shelves: u64,
    /// Calls of the protected operation that were tried.
    pub(crate) tried: u64,
    /// Those that came to be run, by user.
    pub(crate) begun: BTreeMap<&'static str, u64>,
    /// Those that came to an end, be it that they were dropped.
    pub(crate) ended: u64,
    /// What callers were told, by kind.
    pub(crate) answers: BTreeMap<String, u64>,
}

/// What clients write down. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

impl Book {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    /// An event is about to be stored: until there is an answer, nobody knows.
    pub(crate) fn stores(&self, text: &str) {
        self.with(|pages| pages.events.insert(text.to_owned(), Said::Doubtful));
    }

    pub(crate) fn stored(&self, text: &str, answer: &Result<EventId, StoreError>) {
        let said = match answer {
            Ok(id) => Said::Stored(*id),
            Err(error) if error.may_be_stored() => Said::Doubtful,
            Err(_) => Said::Refused,
        };
        self.with(|pages| pages.events.insert(text.to_owned(), said));
    }

    pub(crate) fn answered(&self, answer: impl Into<String>) {
        self.with(|pages| *pages.answers.entry(answer.into()).or_default() += 1);
    }

    /// The operation of a user has begun; it has ended when this is dropped.
    pub(crate) fn begins(&self, user: &'static str) -> Running {
        self.with(|pages| *pages.begun.entry(user).or_default() += 1);
        Running(self.clone())
    }
}

/// An operation that runs.
pub(crate) struct Running(Book);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.with(|pages| pages.ended += 1);
    }
}
