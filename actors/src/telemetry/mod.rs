//! Telemetry: what happens in a namespace, told to whoever wants to know.
//!
//! ```text
//!  service ── emit ──► hub: who listens ─┬─► inline handler, called by whoever emits
//!                                        ├─► queue ─► handler on a thread of its own
//!                                        └─► queue ─► subscriber, a stream
//!                       ▲
//!                     keeper: handlers that panicked are tried again, queued ones get their threads
//! ```
//!
//! The hub belongs to the namespace and outlives the keeper, which may crash at any moment: handlers, their queues and threads, and
//! subscriptions stay. An event nobody listens to costs one relaxed load.
//!
//! | file | holds |
//! |---|---|
//! | `value.rs`, `fields.rs` | [`Number`], [`Value`]; [`Measurements`], [`Metadata`] |
//! | `event.rs` | [`Event`] |
//! | `descriptor.rs`, `catalogue.rs` | [`EventDescriptor`], [`TelemetryEvent`]: kinds of events; those of Mainstay's own services |
//! | `health.rs` | when a handler that panics is left out, and tried again |
//! | `nesting.rs` | which handlers are at work on a thread, so that chains end |
//! | `handler.rs`, `counts.rs`, `panic.rs` | calling other people's code with care, and what is counted of it |
//! | `remains.rs` | the end of other people's code |
//! | `queue.rs` | events that wait for a handler, and its thread |
//! | `seat.rs`, `site.rs`, `roster.rs` | who listens, what emitters know of them, and the books of both |
//! | `hub.rs`, `keeper.rs`, `start.rs` | the cell, its keeper (a task: nobody sends it messages), and where they come from |
//! | `emitter.rs`, `span.rs` | [`Emitter`], [`EventSpan`] |
//! | `attached.rs`, `stream.rs`, `log.rs` | [`Attached`], [`TelemetryEvents`], [`log_event`] |
//! | `handle.rs`, `record.rs`, `tree.rs` | [`TelemetryService`]; recording metrics by name; its supervisor |
//! | `renew.rs` | going by another spec while it runs |
//! | `error.rs`, `stats.rs` | [`TelemetryError`], [`TelemetryStartError`]; [`TelemetryStatus`] |
//!
//! # Emitting and listening
//!
//! ```
//! use mainstay_actors::Telemetry;
//! use mainstay_specs::{NamespaceName, TelemetrySpec};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = NamespacePlan::new().service(Telemetry::child(TelemetrySpec::default()));
//! let runtime = Runtime::new();
//! let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
//! let telemetry = Telemetry::in_namespace(&app).expect("it was just started");
//!
//! let opened = telemetry.event("app.breaker.opened")?; // kept by the service
//! opened.emit(|| -> ((), ()) { unreachable!("nobody listens") });
//!
//! let mut events = telemetry.subscribe("app.*.opened")?;
//! let log = telemetry.attach("log", "app.**", |event| println!("{event}"))?;
//! opened.emit(|| ([("failure_count", 5_u64)], [("service", "mail")]));
//!
//! let event = events.next().await.expect("an event")?;
//! assert_eq!(event.to_string(), "app.breaker.opened failure_count=5 service=mail");
//! log.detach().await?;
//! # Ok(())
//! # }
//! ```

mod attached;
mod catalogue;
mod counts;
mod descriptor;
mod emitter;
mod error;
mod event;
mod fields;
mod handle;
mod handler;
mod health;
mod hub;
mod keeper;
mod log;
pub(crate) mod nesting;
pub(crate) mod panic;
mod queue;
mod record;
mod remains;
mod renew;
mod roster;
mod seat;
mod site;
mod span;
mod start;
mod stats;
mod stream;
mod tree;
mod value;

pub use attached::Attached;
pub use catalogue::{
    CATALOGUE, CIRCUIT_BREAKER_CLOSED, CIRCUIT_BREAKER_FORCED, CIRCUIT_BREAKER_HALF_OPENED,
    CIRCUIT_BREAKER_OPENED, CIRCUIT_BREAKER_PROBES_INCONCLUSIVE, CIRCUIT_BREAKER_RECONFIGURED,
    CONNECTION_POOL_BARRED, CONNECTION_POOL_CHECKIN_REFUSED, CONNECTION_POOL_CHECKOUT,
    CONNECTION_POOL_CONNECT_FAILED, CONNECTION_POOL_CONNECTED, CONNECTION_POOL_DRAINED,
    CONNECTION_POOL_EVICTED, CONNECTION_POOL_LEASE_WARNED, CONNECTION_POOL_RECLAIMED,
    CONNECTION_POOL_RECONFIGURED, CONNECTION_POOL_RECOVERED, CONNECTION_POOL_REFUSED,
    CONNECTION_POOL_REVOKED, CONNECTION_POOL_ROTATED, CONNECTION_POOL_SELF_DEADLOCK,
    CONNECTION_POOL_SICK, CONNECTION_POOL_STARTED, CONNECTION_POOL_TIMEOUT,
    CONNECTION_POOL_UNBARRED, EVENT_STORE_FAILED, EVENT_STORE_PRUNED, EVENT_STORE_REFUSED,
    EVENT_STORE_STORED, HEALTH_CHANGED, HEALTH_SERVICE_CHANGED, MEMORY_BUDGET, MEMORY_CHECK,
    MEMORY_CLEANUP_RAN, MEMORY_CLEANUP_ROUND_BEGUN, MEMORY_CLEANUP_ROUND_ENDED, MEMORY_PRESSURE,
    MEMORY_REFUSED, PERFORMANCE_ALERT, PROTECTION_REFUSED, RATE_LIMITER_EVICTED, RATE_LIMITER_FULL,
    RATE_LIMITER_LIMITED, RATE_LIMITER_RECONFIGURED, RATE_LIMITER_SHADOWED, RATE_LIMITER_UNDECIDED,
    SPEC_RELOADED,
};
pub use descriptor::{EventDescriptor, TelemetryEvent, TypedEmitter, Undescribed};
pub use emitter::Emitter;
pub use error::{TelemetryError, TelemetryStartError};
pub use event::Event;
pub use fields::{FIELDS_MAX, Fields, Measurements, Metadata};
pub use handle::{NAME, TelemetryService};
pub use log::log_event;
pub use nesting::NESTING_MAX;
pub use span::{EventSpan, Spanned};
pub use stats::{HandlerStatus, QueueStatus, TelemetryStatus};
pub use stream::TelemetryEvents;
pub use value::{Number, TEXT_BYTES_MAX, Value};
