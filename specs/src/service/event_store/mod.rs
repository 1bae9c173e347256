//! The event store of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`EventStoreSpec`] |
//! | `backend.rs` | where the events are: [`EventBackendSpec`] |
//! | `check.rs` | what makes a spec wrong |

mod backend;
mod check;

pub use backend::EventBackendSpec;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::foundation::{is_usual_breaker, usual_breaker};
use crate::finding::Report;
use crate::path::At;
use crate::{CircuitConfig, Faults, ServiceName};

/// The event store: where it keeps events, how many and for how long, and how much it takes at a time.
///
/// In RON: `event_store: (backend: sqlite(path: "events.db"), max_age: "7days")`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EventStoreSpec {
    /// Where the events are. Default: in SQLite, in the file `mainstay-events.db` of the folder of the node file, or of the folder that the
    /// process runs in where the spec was made in code. Namespaces may share it.
    pub backend: EventBackendSpec,
    /// What this machine is called in the events it stores, where several share a server. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<ServiceName>,
    /// The most events that are kept, 1 to 1,000,000,000, in memory to 1,000,000; one more takes the place of the one with the lowest number.
    /// No batch has more. Default: 100,000.
    pub max_events: u64,
    /// How long an event is kept, 1 s to 100 years, by its wall time: one that says that it happens later is kept so much longer, as far as
    /// there is room. In a shared place the events of a namespace are cleared away by its own store only. Default: 1 h.
    #[serde(with = "crate::duration")]
    pub max_age: Duration,
    /// The most bytes that the events kept may come to, as JSON, from `data_max` plus 4,096 on: a database takes more of the disk. No batch has
    /// more. Default: 256 MiB.
    pub bytes_max: u64,
    /// How often events that are too old are cleared away, 100 ms to 1 h: one may be there so much longer. Default: 60 s.
    #[serde(with = "crate::duration")]
    pub prune_interval: Duration,
    /// The most bytes of the data of one event, as JSON, 2 to 64 MiB. Default: 1 MiB.
    pub data_max: u64,
    /// The most events of one `store_batch`, at least 1. Default: 1,000.
    pub batch_max: u32,
    /// How many events of those that wait are stored in one transaction, at least 1. A batch is never parted. Default: 1,024.
    pub group_max: u32,
    /// The most events that may wait to be stored, from `batch_max` on; more are refused. Default: 8,192.
    pub queue_max: u32,
    /// The most bytes of events that may wait to be stored, as JSON, from `data_max` plus 4,096 on. Default: 64 MiB.
    pub queue_bytes_max: u64,
    /// How many events a query gives that does not say, 1 to `query_limit_max`. Default: 100.
    pub query_limit: u32,
    /// The most events that a query may ask for, 1 to 1,000,000. Default: 1,000.
    pub query_limit_max: u32,
    /// An answer with so many bytes of events as JSON is not continued: it says that there is more. From `data_max` plus 4,096 on.
    /// Default: 16 MiB.
    pub query_bytes_max: u64,
    /// The most questions that are answered at a time, at least 1. Default: 64.
    pub queries_max: u32,
    /// How many more questions may wait for their turn, within their `time_limit`; more are refused. 0: none waits. Default: 1,024.
    pub queries_waiting_max: u32,
    /// The most subscribers at a time, at least 1. Default: 256.
    pub subscribers_max: u32,
    /// How many events a subscriber may be behind before it loses the oldest, up to 65,536. At least `batch_max` and `group_max`: so many
    /// come at once. Default: 4,096.
    pub backlog_max: u32,
    /// How many bytes of events, as JSON, a subscriber may be behind before it loses the oldest. At least `queue_bytes_max`: so many may come
    /// at once. One that stands still keeps so much in memory, for all subscribers together. Default: 64 MiB.
    pub backlog_bytes_max: u64,
    /// How long a call waits for its answer unless its handle says otherwise, 1 ms to 10 min. Default: 5 s.
    #[serde(with = "crate::duration")]
    pub time_limit: Duration,
    /// The circuit breakers of the store: one of storing, and one of asking, so that trouble with the one does not shut off
    /// the other. They open when the backend fails or does not answer, and not for what the store refuses, as it has too much to do. `None`: none. Default: each opens on
    /// the fifth failure in 60 s, for 30 s, and sets no limit of time, as `time_limit` is one.
    #[serde(skip_serializing_if = "is_usual_breaker")]
    pub breaker: Option<CircuitConfig>,
}

impl Default for EventStoreSpec {
    fn default() -> Self {
        Self {
            backend: EventBackendSpec::default(),
            node: None,
            max_events: 100_000,
            max_age: Duration::from_secs(3600),
            bytes_max: 256 << 20,
            prune_interval: Duration::from_secs(60),
            data_max: 1 << 20,
            batch_max: 1000,
            group_max: 1024,
            queue_max: 8192,
            queue_bytes_max: 64 << 20,
            query_limit: 100,
            query_limit_max: 1000,
            query_bytes_max: 16 << 20,
            queries_max: 64,
            queries_waiting_max: 1024,
            subscribers_max: 256,
            backlog_max: 4096,
            backlog_bytes_max: 64 << 20,
            time_limit: Duration::from_secs(5),
            breaker: Some(usual_breaker()),
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $field(mut self, $field: $kind) -> Self {
            self.$field = $field;
            self
        }
    )*};
}

impl EventStoreSpec {
    /// What the connection pool of an event store is called that has one of its own. No other pool may be called so, and it does not count
    /// as one of the `pools_max` of the namespace.
    pub const POOL: &'static str = "event_store_pool";

    /// The default, but in the memory of this process: for tests, and for what need not be kept.
    #[must_use]
    pub fn memory() -> Self {
        Self::default().backend(EventBackendSpec::Memory)
    }

    /// Sets the circuit breakers of the store; `None` for none.
    #[must_use]
    pub fn breaker(mut self, breaker: impl Into<Option<CircuitConfig>>) -> Self {
        self.breaker = breaker.into();
        self
    }

    /// Sets where the events are.
    #[must_use]
    pub fn backend(mut self, backend: EventBackendSpec) -> Self {
        self.backend = backend;
        self
    }

    /// Sets what this machine is called in the events it stores.
    #[must_use]
    pub fn node(mut self, name: ServiceName) -> Self {
        self.node = Some(name);
        self
    }

    setters! {
        /// Sets the most events that are kept.
        max_events: u64,
        /// Sets how long an event is kept.
        max_age: Duration,
        /// Sets the most bytes that the events kept may come to.
        bytes_max: u64,
        /// Sets how often events that are too old are cleared away.
        prune_interval: Duration,
        /// Sets the most bytes of the data of one event.
        data_max: u64,
        /// Sets the most events of one `store_batch`.
        batch_max: u32,
        /// Sets how many events are stored in one transaction.
        group_max: u32,
        /// Sets the most events that may wait to be stored.
        queue_max: u32,
        /// Sets the most bytes of events that may wait to be stored.
        queue_bytes_max: u64,
        /// Sets how many events a query gives that does not say.
        query_limit: u32,
        /// Sets the most events that a query may ask for.
        query_limit_max: u32,
        /// Sets with how many bytes an answer ends.
        query_bytes_max: u64,
        /// Sets the most questions that are answered at a time.
        queries_max: u32,
        /// Sets how many more questions may wait for their turn.
        queries_waiting_max: u32,
        /// Sets the most subscribers at a time.
        subscribers_max: u32,
        /// Sets how many events a subscriber may be behind.
        backlog_max: u32,
        /// Sets how many bytes of events a subscriber may be behind.
        backlog_bytes_max: u64,
        /// Sets how long a call waits for its answer.
        time_limit: Duration,
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }
}
