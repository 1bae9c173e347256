//! Where the events are: what a backend has to do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::event::Event;
use super::id::EventId;
use super::query::{EventPage, EventQuery, PageBounds};

/// What a backend comes to, some time.
pub type BackendAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

/// Where an event store keeps the events of one namespace.
///
/// The store asks for one [`append`](Self::append) at a time, and for anything else at any time. It lets every answer come to its
/// end; a caller who gives up does not drop it. The suite
/// `mainstay::testkit::conformance::event_backend` says exactly what is expected.
pub trait EventBackend: fmt::Debug + Send + Sync + 'static {
    /// What kind it is, in one word.
    fn kind(&self) -> &'static str;

    /// Stores groups of events in one transaction: when this is done they are there to stay, however this process ends.
    ///
    /// Each group is stored whole or not at all. It is refused if one of its events has a number that is taken by one that says something
    /// else; one that says the same is passed over. It is refused, too, if one that its caller has numbered would have to go at once, as it
    /// is among those with the lowest numbers and there is no room for it beside the groups so far. The others are numbered: each more than
    /// all that were there before it, and than those that the callers of its group gave. Then, those with the lowest numbers go until `bounds` are kept, but in one transaction
    /// no more than 1,000 and two for each event that was given: where bounds were lowered, the store asks again, also with no groups.
    fn append(&self, groups: Arc<[EventGroup]>, bounds: StoreBounds)
    -> BackendAnswer<'_, Appended>;

    /// The event of this number.
    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>>;

    /// The events that fit, in order, as far as `bounds` allow.
    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage>;

    /// Takes away up to `at_most` of the events that happened before this time, and says how many.
    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64>;

    /// How much there is.
    fn usage(&self) -> BackendAnswer<'_, Usage>;
}

/// Events that are stored together or not at all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventGroup {
    /// The events.
    pub events: Vec<Event>,
}

impl EventGroup {
    /// These events.
    #[must_use]
    pub const fn new(events: Vec<Event>) -> Self {
        Self { events }
    }
}

/// How much may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreBounds {
    /// The most events.
    pub events: u64,
    /// The most bytes of events as JSON, as [`Event::serialized_size`] counts.
    pub bytes: u64,
}

impl StoreBounds {
    /// These bounds.
    #[must_use]
    pub const fn new(events: u64, bytes: u64) -> Self {
        Self { events, bytes }
    }

    /// How many may go in one transaction to which so many events were given.
    #[must_use]
    pub fn evicted_max(groups: &[EventGroup]) -> u64 {
        let given: usize = groups.iter().map(|group| group.events.len()).sum();
        1000 + 2 * given as u64
    }

    /// Whether so much is too much.
    pub(crate) const fn are_broken_by(&self, events: u64, bytes: u64) -> bool {
        // The last one stays, however large.
        events > self.events || (bytes > self.bytes && events > 1)
    }
}

/// Why a group is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// Another event has this number, and says something else.
    Taken(EventId),
    /// There is no room for one with so low a number.
    NoRoom(EventId),
}

/// What came of groups of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// For each group the numbers of its events, or why it is not stored: the first that is taken, else the lowest without room.
    pub groups: Vec<Result<Vec<EventId>, Refused>>,
    /// The events that were there already and say the same, so that they were not stored again: the place of their group, and their number.
    pub passed_over: Vec<(usize, EventId)>,
    /// How many events had to go.
    pub evicted: u64,
    /// How much there is now.
    pub usage: Usage,
}

impl Appended {
    /// What came of it.
    #[must_use]
    pub const fn new(
        groups: Vec<Result<Vec<EventId>, Refused>>,
        evicted: u64,
        usage: Usage,
    ) -> Self {
        Self {
            groups,
            passed_over: Vec::new(),
            evicted,
            usage,
        }
    }

    /// With events that were there already.
    #[must_use]
    pub fn passed_over(mut self, events: Vec<(usize, EventId)>) -> Self {
        self.passed_over = events;
        self
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// How many events.
    pub events: u64,
    /// How many bytes they have as JSON.
    pub bytes: u64,
    /// The highest number that was ever given; 0 before the first.
    pub last_id: u64,
}

impl Usage {
    /// So much.
    #[must_use]
    pub const fn new(events: u64, bytes: u64, last_id: u64) -> Self {
        Self {
            events,
            bytes,
            last_id,
        }
    }
}

/// Why a backend has not done what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// Nothing was done.
    #[error("the events cannot be reached: {}", chain(&**.0))]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Whether it was done is not known: the connection was lost while it was.
    #[error("whether the events were stored is not known: {}", chain(&**.0))]
    Unknown(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// What is there is not what this version has put there.
    #[error("the events cannot be read: {0}")]
    Unreadable(String),
}

impl BackendError {
    /// Nothing was done, for this reason.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into().into())
    }

    /// Whether it was done is not known, for this reason.
    pub fn unknown(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown(error.into().into())
    }
}

/// An error with what is behind it, as far as it does not say so itself.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = source.source();
    }
    text
}
