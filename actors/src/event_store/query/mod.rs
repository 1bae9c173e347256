//! Questions to an event store.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`EventQuery`], [`OrderBy`], [`Direction`] |
//! | `matching.rs` | whether an event is meant, and which comes first; pure |
//! | `page.rs` | [`EventPage`]: what a question is answered with, and where an answer ends; pure |

mod matching;
mod page;

pub use page::{EventPage, PageBounds};
pub(crate) use page::{Pager, Turn};

use std::time::SystemTime;

use mainstay_specs::{Fault, Faults, ServiceName, SpecPath};
use serde::{Deserialize, Serialize};

use super::id::EventId;
use super::text::{CorrelationId, EventProcess, EventType};
use super::time::bounded_micros;
use crate::config::{ConfigPath, ConfigValue, IntoConfigPath, PathError};

/// The most types that a query may name.
pub const QUERY_TYPES_MAX: usize = 64;

/// The most parts of the data that a query may name.
pub const QUERY_DATA_MAX: usize = 16;

/// What events come in the order of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderBy {
    /// Their numbers.
    #[default]
    Id,
    /// Their wall times; those of one microsecond, their numbers.
    Time,
}

/// Which comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// The lowest number, the earliest.
    #[default]
    Ascending,
    /// The highest number, the latest.
    Descending,
}

/// Which events are asked for: those that fit everything that is said. One that says nothing asks for all.
///
/// ```
/// use mainstay_actors::event_store::{Event, EventQuery, EventType};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let logins = EventQuery::new()
///     .event_type(EventType::new("user_login")?)
///     .data("user", "ada")?;
/// let of = |user: &str| {
///     let data = mainstay_actors::config::ConfigValue::map([("user", user)]);
///     Event::builder("user_login").data(data).build()
/// };
/// assert!(logins.matches(&of("ada")?));
/// assert!(!logins.matches(&of("grace")?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a query does nothing until it is asked"]
pub struct EventQuery {
    pub(crate) types: Vec<EventType>,
    /// In microseconds.
    pub(crate) from: Option<u64>,
    pub(crate) until: Option<u64>,
    pub(crate) correlation_id: Option<CorrelationId>,
    pub(crate) after: Option<EventId>,
    pub(crate) before: Option<EventId>,
    pub(crate) parent_id: Option<EventId>,
    pub(crate) process: Option<EventProcess>,
    pub(crate) node: Option<ServiceName>,
    pub(crate) data: Vec<(ConfigPath, ConfigValue)>,
    pub(crate) order_by: OrderBy,
    pub(crate) direction: Direction,
    pub(crate) offset: u64,
    pub(crate) limit: Option<u32>,
}

impl EventQuery {
    /// All events, in the order of their numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of this kind, or of one of those named before.
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.types.push(event_type);
        self
    }

    /// Those that happened at this time or later.
    pub fn from(mut self, time: SystemTime) -> Self {
        self.from = Some(rounded_up(time));
        self
    }

    /// Those that happened before this time.
    pub fn until(mut self, time: SystemTime) -> Self {
        self.until = Some(rounded_up(time));
        self
    }

    /// Those with a higher number than this: what comes after the last one seen.
    pub const fn after(mut self, id: EventId) -> Self {
        self.after = Some(id);
        self
    }

    /// Those with a lower number than this.
    pub const fn before(mut self, id: EventId) -> Self {
        self.before = Some(id);
        self
    }

    /// Those of this matter.
    pub fn correlation_id(mut self, id: CorrelationId) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Those that this event led to.
    pub const fn parent_id(mut self, id: EventId) -> Self {
        self.parent_id = Some(id);
        self
    }

    /// Those of this process.
    pub fn process(mut self, process: EventProcess) -> Self {
        self.process = Some(process);
        self
    }

    /// Those stored from this machine.
    pub fn node(mut self, node: ServiceName) -> Self {
        self.node = Some(node);
        self
    }

    /// Those with exactly this value at this place of their data, such as `user.name` or `hosts.0`; the empty path is the whole. An
    /// integer is no float: 1 is not 1.0. Null is a value; nothing is not null.
    ///
    /// # Errors
    ///
    /// What is wrong with the path.
    pub fn data(
        mut self,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Self, PathError> {
        self.data.push((path.into_path()?, value.into()));
        Ok(self)
    }

    /// Sets in which order they come. Default: by number, the lowest first.
    pub const fn order(mut self, by: OrderBy, direction: Direction) -> Self {
        self.order_by = by;
        self.direction = direction;
        self
    }

    /// Passes over so many of the first. To go through many events, ask for those [`after`](Self::after) the last one seen
    /// rather than for an offset: new events may come, and old ones go, between two questions.
    pub const fn offset(mut self, events: u64) -> Self {
        self.offset = events;
        self
    }

    /// Sets how many at most are given. Default: `query_limit` of the spec.
    pub const fn limit(mut self, events: u32) -> Self {
        self.limit = Some(events);
        self
    }

    /// What is wrong with it, where no more than so many events may be asked for.
    pub(crate) fn check(&self, limit_max: u32) -> Result<(), Faults> {
        let mut faults = Vec::new();
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                faults.push(Fault::new(message).at(SpecPath::root().field(field)));
            }
        };
        let (types, data) = (self.types.len(), self.data.len());
        need(
            types <= QUERY_TYPES_MAX,
            "event_type",
            format!("expected at most {QUERY_TYPES_MAX}, found {types}"),
        );
        need(
            data <= QUERY_DATA_MAX,
            "data",
            format!("expected at most {QUERY_DATA_MAX}, found {data}"),
        );
        need(
            self.offset <= i64::MAX as u64,
            "offset",
            format!("expected at most {}, found {}", i64::MAX, self.offset),
        );
        let limit = self.limit.unwrap_or(1);
        need(
            (1..=limit_max).contains(&limit),
            "limit",
            format!("expected 1 to {limit_max}, found {limit}"),
        );
        match (self.from, self.until) {
            (Some(from), Some(until)) if from > until => {
                need(
                    false,
                    "until",
                    "expected a time that is not before `from`".to_owned(),
                );
            }
            _ => {}
        }
        Faults::from_list(faults).map_or(Ok(()), Err)
    }
}

/// Times of events are whole microseconds: one is before a time in between exactly if it is before the next whole one.
fn rounded_up(time: SystemTime) -> u64 {
    let before = bounded_micros(time);
    if super::time::from_micros(before) < time {
        before + 1
    } else {
        before
    }
}
