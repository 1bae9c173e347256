//! What a question is answered with, and where an answer ends.

use serde::{Deserialize, Serialize};

use crate::event_store::event::Event;

/// The events that a question is answered with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// Whether there are more that fit: the limit was reached, or the answer would have become too large. Those that follow are to be
    /// had with an offset, greater by as many as there are in this answer.
    pub more: bool,
}

/// Where an answer ends, whatever is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageBounds {
    /// The most events.
    pub events: u32,
    /// With so many bytes of events as JSON it is not continued. It has one event at least, if there is any.
    pub bytes: u64,
}

impl PageBounds {
    /// These bounds.
    #[must_use]
    pub const fn new(events: u32, bytes: u64) -> Self {
        Self { events, bytes }
    }
}

/// Takes events that fit, in order, until the answer is complete.
#[derive(Debug)]
pub(crate) struct Pager {
    page: EventPage,
    skip: u64,
    bytes: u64,
    bounds: PageBounds,
}

/// How to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// With the next event.
    More,
    /// No further.
    Done,
}

impl Pager {
    pub(crate) fn new(offset: u64, bounds: PageBounds) -> Self {
        Self {
            page: EventPage::default(),
            skip: offset,
            bytes: 0,
            bounds,
        }
    }

    /// Takes the next event that fits, which has so many bytes as JSON.
    pub(crate) fn take(&mut self, event: impl FnOnce() -> Event, bytes: u64) -> Turn {
        if self.skip > 0 {
            self.skip -= 1;
            return Turn::More;
        }
        let full = self.page.events.len() >= self.bounds.events as usize;
        let large = self.bytes.saturating_add(bytes) > self.bounds.bytes;
        if full || (large && !self.page.events.is_empty()) {
            self.page.more = true;
            return Turn::Done;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.page.events.push(event());
        Turn::More
    }

    pub(crate) fn page(self) -> EventPage {
        self.page
    }
}
