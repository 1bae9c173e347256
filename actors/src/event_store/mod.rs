//! The event store: what has happened in a namespace, kept for a while, to be asked about.
//!
//! ```text
//!  caller ── store ──► queue, bounded ──► keeper: one transaction for all that wait ──► backend: memory, SQLite, PostgreSQL
//!    ▲                                      │                                               ▲
//!    └── acknowledged, after the commit ◄───┼──► subscribers                                │
//!  caller ── get, query ────────────────────┼───────────────────────────────────────────────┘
//!                                           └──► what is too old goes
//! ```
//!
//! The queue and the backend belong to the namespace and outlive the keeper, which may crash at any moment: what waits is stored by its
//! successor, and what is being stored when it crashes is stored to the end. A caller who gives up does not undo what was asked for.
//!
//! Two bounds hold, whatever is stored: `max_events` and `bytes_max`; beyond them the events with the lowest numbers go. Events older
//! than `max_age`, by their wall time, go once in each `prune_interval`.
//!
//! Where the namespace has [alerts](crate::alerts), each is stored as an event of type [`ALERT_TYPE`]. Alerts that are stored are
//! counted in [`EventStoreStats`] and in no metric of the event store, so that no alert leads to the next. A store on a database borrows
//! connections for them all the same, which the metrics of its pool count: so alerts of `foundation.connection_pool.*` wait until the store
//! uses its pool for something else, to store what a caller gives or to clear away what is too old, and are stored with the others then.
//!
//! | file | holds |
//! |---|---|
//! | `event/`, `text.rs`, `id.rs`, `time.rs` | [`Event`], [`EventBuilder`]; what it is made of |
//! | `query/` | [`EventQuery`], [`EventPage`]: which events are meant, in which order; pure |
//! | `backend.rs`, `numbering.rs`, `room.rs` | [`EventBackend`]: what a backend has to do; how events come by their numbers; for which there is no room |
//! | `memory/`, `sqlite/`, `postgres/` | the backends |
//! | `columns.rs`, `places.rs` | events and questions as databases know them; who may ask at a time |
//! | `queue/` | what waits to be stored; pure |
//! | `guards.rs` | the circuit breakers of storing and of asking |
//! | `cell.rs`, `terms.rs`, `commit.rs`, `keeper.rs`, `start.rs` | the state that outlives the keeper, what it goes by, one transaction, the keeper, and where they come from |
//! | `handle.rs`, `ask.rs`, `seal.rs` | [`EventStore`]: storing, asking, and what is put into an event when it is stored |
//! | `audience/` | subscribers, and what they have not read yet |
//! | `age.rs` | what time to go by when something is too old; pure |
//! | `alerts.rs`, `signals.rs`, `hush.rs` | alerts as events; telemetry, metrics and the log; how often the same is said there |
//! | `stream.rs`, `error.rs`, `stats.rs` | [`StoredEvents`]; [`StoreError`]; [`EventStoreStats`] |
//!
//! ```
//! use mainstay_actors::config::ConfigValue;
//! use mainstay_actors::event_store::{CorrelationId, Event, EventQuery, EventStore};
//! use mainstay_specs::{EventStoreSpec, NamespaceName};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = NamespacePlan::new().service(EventStore::child(EventStoreSpec::memory()));
//! let runtime = Runtime::new();
//! let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
//! let store = EventStore::in_namespace(&app).expect("it was just started");
//!
//! let order = Event::builder("order").correlation_id("cart-7").data(ConfigValue::map([("item", "cup")]));
//! let order = store.store(order.build()?).await?;
//! let paid = Event::builder("payment").correlation_id("cart-7").parent_id(order).build()?;
//! store.store(paid).await?;
//!
//! let cart = store.get_by_correlation(&CorrelationId::new("cart-7")?).await?;
//! let types: Vec<&str> = cart.events.iter().map(|event| event.event_type().as_str()).collect();
//! assert_eq!(types, ["order", "payment"]);
//! let cups = store.query(EventQuery::new().data("item", "cup")?).await?;
//! assert_eq!(cups.events[0].id(), Some(order));
//! # Ok(())
//! # }
//! ```

mod age;
mod alerts;
mod ask;
mod audience;
mod backend;
mod cell;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod columns;
mod commit;
mod error;
mod event;
mod guards;
mod handle;
mod hush;
mod id;
mod keeper;
mod memory;
mod numbering;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod places;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
mod queue;
mod room;
mod seal;
mod signals;
#[cfg(feature = "sqlite")]
mod sqlite;
mod start;
mod stats;
mod stream;
mod terms;
mod text;
mod time;

pub use alerts::ALERT_TYPE;
pub use backend::{
    Appended, BackendAnswer, BackendError, EventBackend, EventGroup, Refused, StoreBounds, Usage,
};
pub use error::{EventStoreStartError, StoreError};
pub use event::{Event, EventBuilder, EventError};
pub use guards::QUERIES;
pub use handle::{EventStore, NAME};
pub use id::{EVENT_ID_MAX, EventId, NoEventId};
pub use memory::MemoryBackend;
#[cfg(feature = "postgres")]
pub use postgres::PostgresBackend;
pub use query::{
    Direction, EventPage, EventQuery, OrderBy, PageBounds, QUERY_DATA_MAX, QUERY_TYPES_MAX,
};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;
pub use stats::EventStoreStats;
pub use stream::StoredEvents;
pub use text::{CorrelationId, EventProcess, EventType, TextError};
pub use time::parse_time;
