//! The state of an event store, which outlives its keeper.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use mainstay_specs::NamespaceName;
use mainstay_supervisors::Hold;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turnstile, Notify, oneshot};
use tokio::time::Instant;

use super::age::Calendar;
use super::audience::Audience;
use super::backend::Usage;
use super::commit::Pending;
use super::error::StoreError;
use super::event::Event;
use super::id::EventId;
use super::queue::{Load, NotQueued, Queue};
use super::stream::StoredEvents;
use super::terms::Terms;

/// What came of a batch.
pub(crate) type Outcome = Result<Vec<EventId>, StoreError>;

/// What handles, subscribers and all incarnations of the keeper share.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) namespace: NamespaceName,
    terms: ArcSwap<Terms>,
    queue: Mutex<Queue<Pending>>,
    /// Something waits.
    pub(crate) work: Notify,
    /// Whoever is in here stores: one at a time, over the end of a keeper.
    pub(crate) turn: Arc<Turnstile<()>>,
    /// Whoever is in here takes old events away: one at a time.
    pub(crate) removing: Arc<Turnstile<()>>,
    pub(crate) audience: Audience,
    /// Since when those have waited who are being served.
    served: Mutex<Option<Instant>>,
    usage: Mutex<Usage>,
    pub(crate) counts: Counts,
    failures: Mutex<Failures>,
    /// When the store was made, by both clocks.
    pub(crate) made: (SystemTime, Instant),
    /// When the present incarnation of the keeper was started.
    started: Mutex<Option<Instant>>,
    /// When events that are too old were last looked for.
    pruned: Mutex<Option<Instant>>,
    calendar: Mutex<Calendar>,
    /// Where what must come to its end is done.
    pub(crate) runtime: Handle,
}

/// A transaction of those who wait.
#[derive(Debug)]
pub(crate) struct Serving<'a>(&'a Cell);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        *lock(&self.0.served) = None;
    }
}

/// What has gone wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    pub(crate) last: Option<(String, SystemTime)>,
    /// How many there were since the last transaction that was done.
    pub(crate) in_a_row: u64,
}

/// What is counted, over all incarnations of the keeper.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stored: AtomicU64,
    pub(crate) alerts: AtomicU64,
    pub(crate) pruned: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) largest_group: AtomicU64,
    /// The number of the last alert that was stored.
    pub(crate) last_alert: AtomicU64,
}

pub(crate) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

pub(crate) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Cell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.audience.close();
        let left = self.0.queue().close();
        for pending in left {
            pending.answer(Err(StoreError::Stopped));
        }
    }
}

/// A poisoned lock is taken all the same: what is behind it is right after each step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cell {
    pub(crate) fn new(namespace: NamespaceName, terms: Terms) -> Self {
        Self {
            namespace,
            terms: ArcSwap::from_pointee(terms),
            queue: Mutex::default(),
            work: Notify::new(),
            turn: Arc::default(),
            audience: Audience::default(),
            served: Mutex::default(),
            usage: Mutex::default(),
            counts: Counts::default(),
            failures: Mutex::default(),
            removing: Arc::default(),
            made: (SystemTime::now(), Instant::now()),
            started: Mutex::default(),
            pruned: Mutex::default(),
            calendar: Mutex::default(),
            runtime: Handle::current(),
        }
    }

    /// What it goes by now.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Takes over what an incarnation of the keeper, just started, goes by.
    pub(crate) fn adopt(&self, terms: Option<Terms>, usage: Option<Usage>) {
        if let Some(terms) = terms {
            self.terms.store(Arc::new(terms));
        }
        if let Some(usage) = usage {
            self.set_usage(usage);
        }
        *lock(&self.started) = Some(Instant::now());
    }

    /// How long ago the store was made.
    pub(crate) fn age(&self) -> Duration {
        self.made.1.elapsed()
    }

    pub(crate) fn uptime(&self) -> Option<Duration> {
        lock(&self.started).map(|at| at.elapsed())
    }

    /// When events that are too old are to be looked for next: at once if they never were, for those of an earlier run.
    pub(crate) fn next_prune(&self, every: Duration) -> Instant {
        let last = *lock(&self.pruned);
        last.map_or_else(Instant::now, |at| at + every)
    }

    /// Events that are too old are looked for now: what time to go by.
    pub(crate) fn prune_now(&self) -> SystemTime {
        *lock(&self.pruned) = Some(Instant::now());
        let (now, doubted) = lock(&self.calendar).look(SystemTime::now(), self.age());
        if doubted {
            tracing::warn!(namespace = %self.namespace, "the clock has leapt ahead: no event is too old for that yet");
        }
        now
    }

    /// What time to go by when somebody asks for what is too old to be taken away.
    pub(crate) fn believed_now(&self) -> SystemTime {
        lock(&self.calendar).glance(SystemTime::now(), self.age())
    }

    fn queue(&self) -> MutexGuard<'_, Queue<Pending>> {
        lock(&self.queue)
    }

    /// Lets events wait to be stored, and gives what their caller waits for.
    pub(crate) fn enqueue(
        &self,
        events: Vec<Event>,
        load: Load,
        terms: &Terms,
    ) -> Result<oneshot::Receiver<Outcome>, StoreError> {
        let (pending, outcome) = Pending::new(events);
        let max = terms.queue_max();
        let queued = self.queue().push(pending, load, max);
        match queued {
            Ok(()) => {
                self.work.notify_one();
                Ok(outcome)
            }
            Err(NotQueued::Closed(_)) => Err(StoreError::Stopped),
            Err(NotQueued::Full(_, waiting)) => {
                add(&self.counts.refused, load.events);
                Err(StoreError::Overloaded {
                    waiting: waiting.events,
                    waiting_max: max.events,
                    bytes: waiting.bytes,
                    bytes_max: max.bytes,
                })
            }
        }
    }

    /// What is to be stored in the next transaction. Empty if nothing waits.
    pub(crate) fn next_batch(&self) -> Vec<Pending> {
        let max = self.terms.load().spec().group_max;
        self.queue().take(max.into())
    }

    pub(crate) fn waiting(&self) -> Load {
        self.queue().load()
    }

    /// How long those have waited whose events are not stored yet; `None` if there are none.
    pub(crate) fn longest_wait(&self) -> Option<Duration> {
        let queued = self.queue().first().map(Pending::since);
        let served = *lock(&self.served);
        let oldest = queued.into_iter().chain(served).min();
        oldest.map(|since| since.elapsed())
    }

    /// Some are being served who have waited since then, until what this gives is dropped.
    pub(crate) fn serve(&self, since: Option<Instant>) -> Serving<'_> {
        *lock(&self.served) = since;
        Serving(self)
    }

    /// Refuses what makes no sense any more.
    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        if self.queue().is_closed() {
            return Err(StoreError::Stopped);
        }
        Ok(())
    }

    pub(crate) fn subscribe(&self, hold: Hold) -> Result<StoredEvents, StoreError> {
        let max = self.terms.load().spec().subscribers_max;
        match self.audience.join(max) {
            Some(Ok(seat)) => Ok(StoredEvents::new(seat, hold)),
            Some(Err(())) => Err(StoreError::TooManySubscribers { max }),
            None => Err(StoreError::Stopped),
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        *lock(&self.usage)
    }

    pub(crate) fn set_usage(&self, usage: Usage) {
        *lock(&self.usage) = usage;
    }

    pub(crate) fn failures(&self) -> Failures {
        lock(&self.failures).clone()
    }

    pub(crate) fn note_failure(&self, error: &dyn std::fmt::Display) {
        let mut failures = lock(&self.failures);
        failures.last = Some((error.to_string(), SystemTime::now()));
        failures.in_a_row += 1;
    }

    pub(crate) fn note_success(&self) {
        lock(&self.failures).in_a_row = 0;
    }
}
