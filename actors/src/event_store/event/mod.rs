//! Events.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Event`] |
//! | `builder.rs` | [`EventBuilder`] |
//! | `check.rs` | what data are accepted |
//! | `integers.rs` | integers that JSON can carry and an event cannot |
//! | `json.rs` | events to and from JSON |
//! | `kinds.rs` | events of kinds that many programs have |

mod builder;
mod check;
mod integers;
mod json;
mod kinds;

pub use builder::EventBuilder;
pub use json::EventError;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use json::data_json;
pub(crate) use json::nanoseconds;

use std::time::{Duration, SystemTime};

use mainstay_specs::{NamespaceName, ServiceName};

use super::id::EventId;
use super::text::{CorrelationId, EventProcess, EventType};
use crate::config::ConfigValue;

/// Something that has happened. Cheap to clone.
///
/// Made by [`builder`](Self::builder) or from JSON. Its number, its namespace, and what else nobody has said, are put in when it is
/// stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub(crate) id: Option<EventId>,
    pub(crate) event_type: EventType,
    pub(crate) wall_time: SystemTime,
    pub(crate) monotonic: Option<Duration>,
    pub(crate) node: Option<ServiceName>,
    pub(crate) namespace: Option<NamespaceName>,
    pub(crate) process: Option<EventProcess>,
    pub(crate) correlation_id: Option<CorrelationId>,
    pub(crate) parent_id: Option<EventId>,
    pub(crate) data: ConfigValue,
    pub(crate) unsaid: Unsaid,
}

/// What the caller has left to the store to say. It is of no account for what the event is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unsaid {
    pub(crate) node: bool,
    pub(crate) process: bool,
}

impl PartialEq for Unsaid {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Event {
    /// An event to be made of this kind.
    pub fn builder(event_type: impl AsRef<str>) -> EventBuilder {
        EventBuilder::new(event_type.as_ref())
    }

    /// Its number. `None` before it is stored, unless the caller has given one.
    #[must_use]
    pub const fn id(&self) -> Option<EventId> {
        self.id
    }

    /// What kind of event it is.
    #[must_use]
    pub const fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// When it happened, by the clock on the wall: whole microseconds. When it was built, unless the caller has said.
    #[must_use]
    pub const fn wall_time(&self) -> SystemTime {
        self.wall_time
    }

    /// When it was given to the store, on a clock that never goes back: how long after the store was made in this process. To measure
    /// the time between two events of one run. `None` before.
    #[must_use]
    pub const fn monotonic(&self) -> Option<Duration> {
        self.monotonic
    }

    /// The machine it was stored from, if that has a name.
    #[must_use]
    pub const fn node(&self) -> Option<&ServiceName> {
        self.node.as_ref()
    }

    /// The namespace it was stored in. `None` before.
    #[must_use]
    pub const fn namespace(&self) -> Option<&NamespaceName> {
        self.namespace.as_ref()
    }

    /// The process it is of: the one that has stored it, unless the caller has said.
    #[must_use]
    pub const fn process(&self) -> Option<&EventProcess> {
        self.process.as_ref()
    }

    /// What it has in common with other events of one matter.
    #[must_use]
    pub const fn correlation_id(&self) -> Option<&CorrelationId> {
        self.correlation_id.as_ref()
    }

    /// The event that led to it. It may be gone, or may never have been there.
    #[must_use]
    pub const fn parent_id(&self) -> Option<EventId> {
        self.parent_id
    }

    /// What else there is to say.
    #[must_use]
    pub const fn data(&self) -> &ConfigValue {
        &self.data
    }

    /// The event as one of this namespace, as a store gives it to its backend: for tests of backends.
    #[must_use]
    pub fn in_namespace(mut self, namespace: NamespaceName) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// The event under this number, as a backend gives it back: for tests and backends.
    #[must_use]
    pub const fn with_id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    /// Whether an event that a caller gives says the same as this one, which is there: so that a caller who tries again with a number of its
    /// own stores an event once. When it was given to a store is of no account, nor are node and process where this caller has left them to
    /// the store: who tries again may be another.
    #[must_use]
    pub fn says_the_same(&self, given: &Self) -> bool {
        let mut given = given.clone();
        given.monotonic = self.monotonic;
        if given.unsaid.node {
            given.node.clone_from(&self.node);
        }
        if given.unsaid.process {
            given.process.clone_from(&self.process);
        }
        *self == given
    }
}
