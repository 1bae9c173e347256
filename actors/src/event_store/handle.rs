//! The handle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainstay_specs::{EventStoreSpec, Faults, ServiceName};
use mainstay_supervisors::{Child, Ledger, Namespace, ServiceRegistry};
use tokio::sync::Semaphore;

use super::ask::{ask, remove_part};
use super::backend::{BackendError, EventBackend};
use super::cell::{Cell, Kept, read};
use super::error::{EventStoreStartError, StoreError};
use super::event::Event;
use super::guards::Patience;
use super::id::EventId;
use super::query::{Direction, EventPage, EventQuery, OrderBy};
use super::queue::Load;
use super::seal::{Seal, batch_max};
use super::start;
use super::stats::EventStoreStats;
use super::stream::StoredEvents;
use super::terms::{Setup, Terms};
use super::text::CorrelationId;

/// The name under which the event store is registered in its namespace, and the id of its child.
pub const NAME: &str = "event_store";

/// The most events of a chain that is followed: longer ones are cut.
const CHAIN_MAX: usize = 100;

/// The event store of a namespace: a handle, cheap to clone.
///
/// An event is acknowledged when it is there to stay: with SQLite on a disk and with PostgreSQL, whatever becomes of this process. Those
/// that wait at the same time are stored in one transaction. Asking goes to the backend and not through the keeper, so that it works
/// while the keeper is being restarted; storing waits for the next one, within the limit of the handle (`time_limit` of the spec, see
/// [`with_limit`](Self::with_limit)).
#[derive(Clone, Debug)]
pub struct EventStore {
    cell: Arc<Cell>,
    registry: ServiceRegistry,
    ledger: Ledger,
    limit: Option<Duration>,
}

impl EventStore {
    /// The event store as a child, to be started in a namespace: after telemetry, if its alerts are to be stored.
    ///
    /// The start fails with an [`EventStoreStartError`](super::EventStoreStartError) if the spec is wrong or the file of SQLite cannot be
    /// opened, or if the backend does not answer within twice the `time_limit`; a server of PostgreSQL may come later. A restart goes on with
    /// the backend that is there. A child that takes the place of another stores what still waits there: as it was checked when it was given.
    #[must_use]
    #[track_caller]
    pub fn child(spec: EventStoreSpec) -> Child {
        start::child(Setup {
            spec,
            backend: None,
        })
    }

    /// The event store as a child, with a backend of the application's own in place of the one that the spec names.
    #[must_use]
    #[track_caller]
    pub fn child_with(spec: EventStoreSpec, backend: Arc<dyn EventBackend>) -> Child {
        start::child(Setup {
            spec,
            backend: Some(backend),
        })
    }

    /// Whether this program could start such a store: that the spec is valid, that the program was built with the backend, and that it
    /// can make something of the address of a server. Nothing is opened, and whether a pool that is named is there is not looked at.
    ///
    /// # Errors
    ///
    /// What [`child`](Self::child) would fail with for that.
    pub fn check_spec(spec: &EventStoreSpec) -> Result<(), EventStoreStartError> {
        start::check(spec)
    }

    /// The event store of a namespace; `None` if none has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        Some(Self {
            cell: Arc::clone(&kept.0),
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
            limit: None,
        })
    }

    /// This handle with another limit for the time that a call may take, waiting for a restart included. A call that gives up before the
    /// `time_limit` of the spec does not count as a failure for the circuit breakers.
    #[must_use]
    pub const fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What it goes by.
    #[must_use]
    pub fn spec(&self) -> EventStoreSpec {
        self.cell.terms().spec().clone()
    }

    /// Stores an event, and gives its number once it is there to stay.
    ///
    /// It stays as long as there is room: those with the lowest numbers go first. One whose caller has given it a number so low that it would
    /// go at once is refused.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]; [`StoreError::may_be_stored`] tells whether it may be stored all the same.
    ///
    /// Cancel safety: when this is dropped after it was first polled, the event is stored all the same.
    pub async fn store(&self, event: Event) -> Result<EventId, StoreError> {
        let terms = self.cell.terms();
        let (event, load) = self.seal(&terms).one(event)?;
        let put = || self.put(vec![event], load, &terms);
        let ids = terms.guards.store(self.patience(&terms), put).await?;
        // As many as there were events.
        ids.first().copied().ok_or(StoreError::Interrupted)
    }

    /// Stores events together or not at all, and gives their numbers once they are there to stay. All are checked before any is stored.
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store); faults of all events at once, such as `[3].data`.
    ///
    /// Cancel safety: as that of [`store`](Self::store).
    pub async fn store_batch(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Vec<EventId>, StoreError> {
        let terms = self.cell.terms();
        // One more than there may be is enough to know, unless they know themselves how many they are.
        let events = events.into_iter();
        let least = events.size_hint().0;
        let max = batch_max(terms.spec());
        if least > max as usize {
            return Err(StoreError::BatchTooLarge { max, found: least });
        }
        let events: Vec<Event> = events.take(max as usize + 1).collect();
        let (events, load) = self.seal(&terms).batch(events)?;
        if events.is_empty() {
            return self.cell.check_open().map(|()| Vec::new());
        }
        let put = || self.put(events, load, &terms);
        terms.guards.store(self.patience(&terms), put).await
    }

    fn seal<'a>(&'a self, terms: &'a Terms) -> Seal<'a> {
        Seal::of_caller(terms.spec(), &self.cell.namespace, self.cell.age())
    }

    async fn put(
        &self,
        events: Vec<Event>,
        load: Load,
        terms: &Terms,
    ) -> Result<Vec<EventId>, StoreError> {
        let outcome = self.cell.enqueue(events, load, terms)?;
        let limit = self.limit(terms);
        match tokio::time::timeout(limit, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(StoreError::Interrupted),
            Err(_) if self.is_kept() => Err(StoreError::Timeout(limit)),
            Err(_) => Err(StoreError::Unavailable(limit)),
        }
    }

    fn limit(&self, terms: &Terms) -> Duration {
        self.limit.unwrap_or_else(|| terms.spec().time_limit)
    }

    fn patience(&self, terms: &Terms) -> Patience {
        Patience::of(self.limit(terms), terms.spec())
    }

    fn is_kept(&self) -> bool {
        self.registry.whereis(NAME).is_some()
    }

    /// The event of this number; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`], [`StoreError::Timeout`], [`StoreError::Backend`], [`StoreError::CircuitOpen`], [`StoreError::Stopped`].
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn get(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        let get = move |backend: Arc<dyn EventBackend>| async move { backend.get(id).await };
        self.ask(&self.cell.terms(), get).await
    }

    /// A question, through the breaker and measured.
    async fn ask<T, F, A>(&self, terms: &Terms, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<dyn EventBackend>) -> A,
        A: Future<Output = Result<T, BackendError>> + Send + 'static,
    {
        let began = tokio::time::Instant::now();
        let limit = self.limit(terms);
        let asked = || ask(&self.cell, limit, question);
        let answer = terms.guards.ask(self.patience(terms), asked).await;
        if answer.is_ok() {
            terms.signals.asked(began.elapsed());
        }
        answer
    }

    /// Whether a query may be asked, without asking it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with what of it that is.
    pub fn check(&self, query: &EventQuery) -> Result<(), Faults> {
        query.check(self.cell.terms().spec().query_limit_max)
    }

    /// The events that fit a query, in its order, and whether there are more.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get); [`StoreError::Invalid`] with what is wrong with the query.
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn query(&self, query: EventQuery) -> Result<EventPage, StoreError> {
        self.check(&query).map_err(StoreError::Invalid)?;
        let terms = self.cell.terms();
        let bounds = terms.page(&query);
        let query = Arc::new(query);
        let question =
            move |backend: Arc<dyn EventBackend>| async move { backend.query(query, bounds).await };
        self.ask(&terms, question).await
    }

    /// The events of one matter, the earliest first, as many as a query may ask for.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn get_by_correlation(&self, id: &CorrelationId) -> Result<EventPage, StoreError> {
        let max = self.cell.terms().spec().query_limit_max;
        let query = EventQuery::new().correlation_id(id.clone());
        let query = query.order(OrderBy::Time, Direction::Ascending).limit(max);
        self.query(query).await
    }

    /// How it came to an event: the first that has no parent, or whose parent is gone, and from each the one that it led to, down to the
    /// event itself. Empty if that is not there. A chain is followed for 100 events at most, and a circle only once round. The limit of the
    /// handle is for the whole of it.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn correlation_chain(&self, id: EventId) -> Result<Vec<Event>, StoreError> {
        let limit = self.limit(&self.cell.terms());
        let chain = tokio::time::timeout(limit, self.follow(id)).await;
        chain.unwrap_or(Err(StoreError::Timeout(limit)))
    }

    async fn follow(&self, id: EventId) -> Result<Vec<Event>, StoreError> {
        let (mut chain, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| chain.len() < CHAIN_MAX && seen.insert(*id)) {
            let Some(event) = self.get(id).await? else {
                break;
            };
            next = event.parent_id;
            chain.push(event);
        }
        chain.reverse();
        Ok(chain)
    }

    /// The last events, the one with the highest number first.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn get_recent(&self, count: u32) -> Result<EventPage, StoreError> {
        let query = EventQuery::new().order(OrderBy::Id, Direction::Descending);
        self.query(query.limit(count)).await
    }

    /// The events that happened from this time on and before that one, by their wall times, the earliest first, as many as a query may ask
    /// for.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn get_time_range(
        &self,
        from: SystemTime,
        until: SystemTime,
    ) -> Result<EventPage, StoreError> {
        let max = self.cell.terms().spec().query_limit_max;
        let query = EventQuery::new().from(from).until(until);
        let query = query.order(OrderBy::Time, Direction::Ascending).limit(max);
        self.query(query).await
    }

    /// Takes away all events that happened before this time, by their wall time, and says how many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Timeout`], [`StoreError::Backend`], [`StoreError::Interrupted`], [`StoreError::Stopped`]. Some may have gone.
    ///
    /// Cancel safety: it may be dropped at will; some may have gone.
    pub async fn cleanup_events_before(&self, time: SystemTime) -> Result<u64, StoreError> {
        self.cell.check_open()?;
        let terms = self.cell.terms();
        let limit = self.limit(&terms);
        let all = async {
            let mut count = 0;
            loop {
                let (removed, more) = remove_part(&self.cell, &terms, time, "request").await?;
                count += removed;
                if !more {
                    return Ok(count);
                }
            }
        };
        let all = tokio::time::timeout(limit, all).await;
        all.unwrap_or(Err(StoreError::Timeout(limit)))
    }

    /// Takes away all events that are older than this, by their wall time, and says how many. A clock that leaps ahead is believed only once
    /// it has been ahead at two looks of the store itself, which are `prune_interval` apart: a clock that is wrong for a moment deletes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`cleanup_events_before`](Self::cleanup_events_before).
    ///
    /// Cancel safety: as that of [`cleanup_events_before`](Self::cleanup_events_before).
    pub async fn cleanup_events_older_than(&self, age: Duration) -> Result<u64, StoreError> {
        let before = self.cell.believed_now().checked_sub(age);
        self.cleanup_events_before(before.unwrap_or(UNIX_EPOCH))
            .await
    }

    /// How old events may become before they go by themselves.
    #[must_use]
    pub fn max_age(&self) -> Duration {
        self.cell.terms().spec().max_age
    }

    /// A stream of all events that are stored from now on by this process.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooManySubscribers`], [`StoreError::Stopped`].
    #[track_caller]
    pub fn subscribe(&self) -> Result<StoredEvents, StoreError> {
        let hold = self.ledger.hold("event subscription", "everything");
        self.cell.subscribe(hold)
    }

    /// Whether events are stored now: the keeper runs. The backend may still fail; see [`health`](Self::health).
    #[must_use]
    pub fn available(&self) -> bool {
        self.is_kept() && self.cell.check_open().is_ok()
    }

    /// Whether the keeper runs, the backend answers, and nobody waits for longer than the `time_limit` of the spec for events to be stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Stuck`], and those of [`get`](Self::get).
    ///
    /// Cancel safety: it may be dropped at will.
    pub async fn health(&self) -> Result<(), StoreError> {
        let terms = self.cell.terms();
        let limit = self.limit(&terms);
        let usage = |backend: Arc<dyn EventBackend>| async move { backend.usage().await };
        ask(&self.cell, limit, usage).await?;
        if !self.is_kept() {
            return Err(StoreError::Unavailable(Duration::ZERO));
        }
        match self.cell.longest_wait() {
            Some(wait) if wait > terms.spec().time_limit => Err(StoreError::Stuck(wait)),
            _ => Ok(()),
        }
    }

    /// How many events may wait to be stored, and how many bytes.
    pub(crate) fn queue_max(&self) -> (u64, u64) {
        let max = self.cell.terms().queue_max();
        (max.events, max.bytes)
    }

    /// The state of the service.
    #[must_use]
    pub fn stats(&self) -> EventStoreStats {
        let (terms, available) = (self.cell.terms(), self.is_kept());
        let (counts, usage, waiting) = (&self.cell.counts, self.cell.usage(), self.cell.waiting());
        let (asked, wait) = (terms.spec().queries_max, terms.spec().queries_waiting_max);
        let taken = |all: u32, places: &Semaphore| {
            u64::from(all).saturating_sub(places.available_permits() as u64)
        };
        let failures = self.cell.failures();
        let (last_failure, last_failure_time) = failures.last.unzip();
        EventStoreStats {
            available,
            backend: terms.backend.kind(),
            events: usage.events,
            max_events: terms.spec().max_events,
            bytes: usage.bytes,
            bytes_max: terms.spec().bytes_max,
            last_id: usage.last_id,
            events_stored: read(&counts.stored),
            alerts_stored: read(&counts.alerts),
            events_pruned: read(&counts.pruned),
            events_evicted: read(&counts.evicted),
            events_refused: read(&counts.refused),
            events_failed: read(&counts.failed),
            commits: read(&counts.commits),
            largest_group: read(&counts.largest_group),
            waiting: waiting.events,
            waiting_bytes: waiting.bytes,
            longest_wait: self.cell.longest_wait(),
            questions: taken(asked, &terms.places),
            questions_waiting: taken(wait, &terms.turns),
            subscribers: self.cell.audience.len() as u64,
            last_failure,
            last_failure_time,
            failures_in_a_row: failures.in_a_row,
            start_time: self.cell.made.0,
            uptime: self.cell.uptime().filter(|_| available),
        }
    }
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
