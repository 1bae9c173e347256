//! The handle.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_specs::{EventPath, NAME_MAX, PathPattern, ServiceName};
use mainstay_supervisors::{Ledger, Namespace, ServiceRegistry};
use tokio::sync::broadcast;

use super::attached::{self, Attached};
use super::descriptor::{TelemetryEvent, TypedEmitter};
use super::emitter::Emitter;
use super::error::TelemetryError;
use super::event::Event;
use super::fields::{Measurements, Metadata};
use super::handler::{Call, Handler};
use super::hub::{Hub, Kept};
use super::queue::Queue;
use super::seat::{Seat, Way};
use super::span::{EventSpan, Spanned};
use super::stats::{HandlerStatus, TelemetryStatus};
use super::stream::TelemetryEvents;
use crate::MetricsStore;
use crate::breaker::Outcome;

/// The name under which the keeper of events is registered in its namespace.
pub const NAME: &str = "telemetry";

/// The events of a namespace: a handle, cheap to clone.
///
/// Emitting and listening send no message and wait for nobody; they work while the keeper is down or being restarted, and handlers
/// and subscriptions survive its crash. Only the end of the namespace ends them.
#[derive(Clone, Debug)]
pub struct TelemetryService {
    pub(super) hub: Arc<Hub>,
    metrics: Option<MetricsStore>,
    registry: ServiceRegistry,
    ledger: Ledger,
}

impl TelemetryService {
    /// The events of a namespace; `None` if no telemetry service has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        Some(Self {
            hub: Arc::clone(&kept.0),
            metrics: MetricsStore::in_namespace(namespace),
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
        })
    }

    pub(super) const fn metrics(&self) -> Option<&MetricsStore> {
        self.metrics.as_ref()
    }

    /// The way to emit events of this path, to be kept by whoever emits.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Path`].
    pub fn event<P>(&self, path: P) -> Result<Emitter, TelemetryError>
    where
        P: TryInto<EventPath>,
        TelemetryError: From<P::Error>,
    {
        Ok(Emitter::new(Arc::clone(&self.hub), &path.try_into()?))
    }

    /// The way to emit events of this kind, to be kept by whoever emits.
    #[must_use]
    pub fn typed<E: TelemetryEvent>(&self) -> TypedEmitter<E> {
        let path = E::DESCRIPTOR.event_path();
        TypedEmitter::new(Emitter::new(Arc::clone(&self.hub), &path))
    }

    /// Emits an event by its name: for what happens seldom. What happens often is emitted through an [`Emitter`], which knows
    /// whether anybody listens.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Path`]; that nobody listens is none, and neither is that the namespace has ended.
    pub fn execute(
        &self,
        path: &str,
        measurements: impl Into<Measurements>,
        metadata: impl Into<Metadata>,
    ) -> Result<(), TelemetryError> {
        if self.hub.is_heard() {
            let path = EventPath::new(path)?;
            self.hub
                .emit(&path, || (measurements.into(), metadata.into()));
            return Ok(());
        }
        Ok(EventPath::check(path)?)
    }

    /// What is done again and again, to be measured each time.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Path`], also for a path too long to have `.exception` behind it.
    pub fn span<P>(&self, path: P) -> Result<EventSpan, TelemetryError>
    where
        P: TryInto<EventPath>,
        TelemetryError: From<P::Error>,
    {
        Ok(EventSpan::new(&self.hub, path.try_into()?)?)
    }

    /// A future whose end is told, as of [`EventSpan::measure`]: for what is done seldom.
    ///
    /// # Errors
    ///
    /// Those of [`span`](Self::span).
    pub fn measure<F, T, E>(
        &self,
        path: &str,
        metadata: impl Into<Metadata>,
        future: F,
    ) -> Result<Spanned<F>, TelemetryError>
    where
        F: Future<Output = Result<T, E>>,
        E: std::fmt::Display,
    {
        Ok(self.span(path)?.measure(metadata, future))
    }

    /// Attaches a handler: `call` is called for each event from now on that fits `pattern`, by whoever emits it and before the
    /// emission returns. It must not block; one that may takes [`attach_queued`](Self::attach_queued).
    ///
    /// * A handler that panics is left out for a while (the spec's `backoff`), then tried again; it is never detached for that. It is
    ///   caught in the middle of what it does: what it shares has to bear that.
    /// * It may be called by several threads at once.
    /// * What it emits itself it is not told of; others are, up to [`NESTING_MAX`](super::NESTING_MAX) handlers deep.
    /// * Its destructor runs where it is detached; on another thread, one for what blocks, if an event is just being told to it: whoever
    ///   emits neither waits for it nor hears of its panic.
    /// * It is noted in the namespace's [`Ledger`] until it is detached.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Path`], [`TelemetryError::WrongName`], [`TelemetryError::NameTaken`], [`TelemetryError::TooManyHandlers`],
    /// [`TelemetryError::Stopped`].
    #[track_caller]
    pub fn attach<P>(
        &self,
        name: &str,
        pattern: P,
        call: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Result<Attached, TelemetryError>
    where
        P: TryInto<PathPattern>,
        TelemetryError: From<P::Error>,
    {
        let place = Location::caller();
        self.join(
            name,
            pattern.try_into()?,
            place,
            Box::new(call),
            Way::Inline,
        )
    }

    /// Attaches a handler that has a thread of its own, and a queue for `capacity` events. An event that finds the queue full is
    /// lost to it, and counted; nobody who emits ever waits.
    ///
    /// The thread is that of the keeper to start: events wait in the queue as long as that is down. It works within the tokio
    /// runtime of the namespace, so that `call` may spawn tasks, and may block as it likes. When the namespace ends, what waits is
    /// still handled, as far as the spec's `drain_max` allows. In all else as [`attach`](Self::attach).
    ///
    /// # Errors
    ///
    /// Those of [`attach`](Self::attach); [`TelemetryError::QueueTooLong`], also for a capacity of 0.
    #[track_caller]
    pub fn attach_queued<P>(
        &self,
        name: &str,
        pattern: P,
        capacity: usize,
        call: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Result<Attached, TelemetryError>
    where
        P: TryInto<PathPattern>,
        TelemetryError: From<P::Error>,
    {
        let place = Location::caller();
        let pattern = pattern.try_into()?;
        let max = self.hub.spec().queue_max;
        let found = u32::try_from(capacity).unwrap_or(u32::MAX);
        if found == 0 || found > max {
            return Err(TelemetryError::QueueTooLong {
                max,
                found: capacity,
            });
        }
        let way = |handler| Way::Queued(handler, Queue::new(capacity));
        self.join(name, pattern, place, Box::new(call), way)
    }

    fn join(
        &self,
        name: &str,
        pattern: PathPattern,
        place: &'static Location<'static>,
        call: Call,
        way: impl FnOnce(Handler) -> Way,
    ) -> Result<Attached, TelemetryError> {
        if name.is_empty() || name.len() > NAME_MAX {
            return Err(TelemetryError::WrongName(name.len()));
        }
        let handler = Handler::new(name, call, Arc::clone(self.hub.bell()));
        let hold = self.ledger.hold_at("telemetry handler", name, place);
        let seat = Seat::new(pattern, way(handler), hold);
        let number = self
            .hub
            .join(seat, |roster, spec| roster.admit_handler(name, spec))?;
        Ok(Attached::new(
            name.to_owned(),
            number,
            Arc::downgrade(&self.hub),
        ))
    }

    /// Detaches a handler by its name, as [`Attached::detach`] does.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::NotAttached`]; [`TelemetryError::StillRunning`] if its thread had not ended within the spec's `drain_max`:
    /// it is detached then, and its thread ends when the call that is under way returns.
    ///
    /// Cancel safety: the handler is detached when this is first polled; only the waiting is given up.
    pub async fn detach(&self, name: &str) -> Result<(), TelemetryError> {
        let find = |hub: &Hub| hub.roster().number_of(name);
        attached::detach(Some(&self.hub), name.to_owned(), find).await
    }

    /// A stream of the events from now on that fit `pattern`. A subscriber that falls behind loses the oldest, and is told how many.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Path`], [`TelemetryError::TooManySubscribers`], [`TelemetryError::Stopped`].
    #[track_caller]
    pub fn subscribe<P>(&self, pattern: P) -> Result<TelemetryEvents, TelemetryError>
    where
        P: TryInto<PathPattern>,
        TelemetryError: From<P::Error>,
    {
        let pattern = pattern.try_into()?;
        let hold = self.ledger.hold("telemetry subscription", pattern.as_str());
        let backlog = usize::try_from(self.hub.spec().backlog_max).unwrap_or(usize::MAX);
        let (queue, events) = broadcast::channel(backlog);
        let seat = Seat::new(pattern, Way::Stream(queue), hold);
        let number = self
            .hub
            .join(seat, |roster, spec| roster.admit_subscriber(spec))?;
        Ok(TelemetryEvents::new(
            events,
            number,
            Arc::downgrade(&self.hub),
        ))
    }

    /// Waits until all queued handlers have handled what has waited for them by now, by the real clock. False if that took longer
    /// than `limit`, as it does when one of them is left out for having panicked; or at once, if that was so too often of late, as the circuit
    /// breaker `telemetry` of the namespace has it (`breaker` of the spec).
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn flush(&self, limit: Duration) -> bool {
        let breaker = self.hub.breaker();
        let permit = breaker.as_ref().map(|breaker| breaker.try_acquire());
        let Ok(permit) = permit.transpose() else {
            return false;
        };
        let is_done = self.wait_for_handlers(limit).await;
        if let Some(permit) = permit {
            permit.settle(if is_done {
                Outcome::Success
            } else {
                Outcome::TimedOut
            });
        }
        is_done
    }

    async fn wait_for_handlers(&self, limit: Duration) -> bool {
        let seats = self.hub.seats();
        let flush = move || {
            let deadline = Instant::now() + limit;
            let queues = seats.iter().filter_map(|seat| seat.queued());
            let marks: Option<Vec<_>> = queues.map(|(_, queue)| queue.mark(deadline)).collect();
            marks.is_some_and(|marks| marks.iter().all(|mark| mark.wait_until(deadline)))
        };
        tokio::task::spawn_blocking(flush).await.unwrap_or(false)
    }

    /// The state of the service.
    #[must_use]
    pub fn status(&self) -> TelemetryStatus {
        let available = self.registry.whereis(NAME).is_some();
        let now = tokio::time::Instant::now();
        let seats = self.hub.seats();
        let (events_count, too_deep_count) = self.hub.counts();
        let roster = self.hub.roster();
        TelemetryStatus {
            available,
            uptime: self.hub.uptime().filter(|_| available),
            handlers: seats
                .iter()
                .filter_map(|seat| HandlerStatus::of(seat, now))
                .collect(),
            subscribers_count: roster.subscribers(),
            emitters_count: roster.sites(),
            events_count,
            too_deep_count,
        }
    }
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
