//! What happens in a runtime, as a bounded stream of events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use mainstay_specs::ChildId;
use tokio::sync::Notify;

use crate::exit::ExitReason;
use crate::ledger::{Hold, Ledger};
use crate::process::Process;
use crate::start::StartError;

/// How many events are kept for those who come late or read slowly, unless told otherwise.
pub const HISTORY: usize = 4096;

/// Something that happened to a process, or that a supervisor has to report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A process has started; for a supervisor, after its children.
    Started {
        /// The process.
        process: Process,
        /// How often the same child was started before: 0 for a first start.
        restarts: u32,
    },
    /// A process has ended, and nothing of it is left.
    Exited {
        /// The process.
        process: Process,
        /// Why.
        reason: ExitReason,
    },
    /// A supervisor reports that a child has ended by itself: any end of a permanent child, abnormal ends of others.
    ChildTerminated {
        /// The supervisor.
        supervisor: Process,
        /// The child.
        child: ChildId,
        /// The process that has ended.
        process: Process,
        /// Why.
        reason: ExitReason,
    },
    /// A supervisor reports that a child has not started, at its own start or at a restart.
    StartError {
        /// The supervisor.
        supervisor: Process,
        /// The child.
        child: ChildId,
        /// The last process of the child, at a restart of its own.
        last: Option<Process>,
        /// Why.
        error: StartError,
    },
    /// A supervisor reports that a child which it was stopping has ended in another way than it should.
    ShutdownError {
        /// The supervisor.
        supervisor: Process,
        /// The child.
        child: ChildId,
        /// Its process; `None` where one report stands for several children.
        process: Option<Process>,
        /// Why it ended.
        reason: ExitReason,
        /// How many children, where one report stands for several.
        count: usize,
        /// Whether it was killed because its shutdown time was up; of several, whether one was.
        overran: bool,
    },
    /// A supervisor has reached its restart limit: it stops its children and ends.
    GaveUp {
        /// The supervisor.
        supervisor: Process,
        /// The child whose restart was one too many.
        child: ChildId,
        /// The last process of the child.
        last: Option<Process>,
    },
}

impl EventKind {
    /// The process it is about: the one that started or ended, else the supervisor that reports.
    #[must_use]
    pub const fn process(&self) -> &Process {
        match self {
            Self::Started { process, .. } | Self::Exited { process, .. } => process,
            Self::ChildTerminated { supervisor, .. }
            | Self::StartError { supervisor, .. }
            | Self::ShutdownError { supervisor, .. }
            | Self::GaveUp { supervisor, .. } => supervisor,
        }
    }
}

/// An event with its number.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Counts up by one from 1 within a runtime.
    pub id: u64,
    /// When it was published.
    pub at: SystemTime,
    /// What happened.
    pub kind: EventKind,
}

/// What a subscriber gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// The next event.
    Event(Event),
    /// This many events were dropped, because the subscriber came too late for them.
    Lagged(u64),
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Event>,
    last: u64,
    closed: bool,
    readers: usize,
}

impl Ring {
    /// The runtime is gone and nobody reads.
    const fn is_over(&self) -> bool {
        self.closed && self.readers == 0
    }

    /// What nobody is going to read. It is to be dropped without the lock.
    fn take_unread(&mut self) -> VecDeque<Event> {
        if self.is_over() {
            std::mem::take(&mut self.events)
        } else {
            VecDeque::new()
        }
    }
}

/// An event that was published, and of which nobody was told yet.
#[must_use = "readers are to be told"]
pub(crate) struct Recorded<'a> {
    events: &'a Events,
    is_read: bool,
    /// What had to go for it. It may be the last to know of its process.
    _dropped: Option<Event>,
}

impl Recorded<'_> {
    pub(crate) fn tell(self) {
        // Who comes to read later looks for itself before it waits.
        if self.is_read {
            self.events.more.notify_waiters();
        }
    }
}

/// The events of one runtime: a ring that all subscribers read from, each at its own place.
///
/// They name processes, whose records lead back to the runtime and so to the events: once the runtime is gone and
/// nobody reads, none are kept, or all of it would keep itself.
#[derive(Debug)]
pub(crate) struct Events {
    ring: Mutex<Ring>,
    capacity: usize,
    more: Notify,
}

impl Events {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            ring: Mutex::default(),
            capacity: capacity.max(1),
            more: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn publish(&self, kind: EventKind) {
        self.record(kind, || {}).tell();
    }

    /// Publishes an event and does what makes it true in one step: whoever sees either sees both, and whatever follows
    /// from it is published after it. Readers are told by what is returned, for which no lock may be held.
    pub(crate) fn record(&self, kind: EventKind, make_true: impl FnOnce()) -> Recorded<'_> {
        report(&kind);
        let (dropped, is_read);
        {
            let mut ring = self.lock();
            make_true();
            is_read = ring.readers > 0;
            ring.last += 1;
            let event = Event {
                id: ring.last,
                at: SystemTime::now(),
                kind,
            };
            dropped = if ring.is_over() {
                Some(event)
            } else {
                let full = ring.events.len() >= self.capacity;
                let oldest = if full { ring.events.pop_front() } else { None };
                ring.events.push_back(event);
                oldest
            };
        }
        Recorded {
            events: self,
            is_read,
            _dropped: dropped,
        }
    }

    /// No more events will come.
    pub(crate) fn close(&self) {
        let unread = {
            let mut ring = self.lock();
            ring.closed = true;
            ring.take_unread()
        };
        drop(unread);
        self.more.notify_waiters();
    }

    fn enter(&self) {
        self.lock().readers += 1;
    }

    fn leave(&self) {
        let unread = {
            let mut ring = self.lock();
            ring.readers -= 1;
            ring.take_unread()
        };
        drop(unread);
    }

    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    fn after(&self, id: u64) -> Option<Delivery> {
        let ring = self.lock();
        let first = ring.last + 1 - ring.events.len() as u64;
        // Anybody may ask for what comes after any number.
        let next = id.saturating_add(1);
        if next < first {
            return Some(Delivery::Lagged(first - next));
        }
        let index = usize::try_from(next - first).ok()?;
        ring.events.get(index).cloned().map(Delivery::Event)
    }
}

/// What OTP would log, goes to `tracing`.
fn report(kind: &EventKind) {
    match kind {
        EventKind::Started { .. } | EventKind::Exited { .. } => {}
        EventKind::ChildTerminated {
            supervisor,
            process,
            reason,
            ..
        } => tracing::warn!(%supervisor, child = %process, %reason, "child terminated"),
        EventKind::StartError {
            supervisor,
            child,
            error,
            ..
        } => tracing::error!(%supervisor, %child, %error, "child did not start"),
        EventKind::ShutdownError {
            supervisor,
            child,
            reason,
            count,
            ..
        } => tracing::error!(%supervisor, %child, %reason, count, "child did not stop as asked"),
        EventKind::GaveUp {
            supervisor, child, ..
        } => tracing::error!(%supervisor, %child, "restart limit reached, giving up"),
    }
}

/// Counts as a reader while it is there.
#[derive(Debug)]
struct Reader(Arc<Events>);

impl Reader {
    fn new(events: Arc<Events>) -> Self {
        events.enter();
        Self(events)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A reader of the events. It holds no queue: one that reads too slowly is told how many it has missed.
///
/// It is noted in the runtime's [`Ledger`] while it is there, and so is each clone.
#[derive(Debug)]
pub struct EventStream {
    events: Reader,
    seen: u64,
    hold: Hold,
}

impl EventStream {
    #[track_caller]
    pub(crate) fn new(events: Arc<Events>, seen: u64, ledger: &Ledger) -> Self {
        Self {
            events: Reader::new(events),
            seen,
            hold: ledger.hold("event stream", format!("after event {seen}")),
        }
    }

    /// The next event; `None` once the runtime is gone and all was read.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Delivery> {
        let events = Arc::clone(&self.events.0);
        loop {
            let more = events.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            // Before the last look, so that nothing published before the close is missed.
            let closed = events.lock().closed;
            if let Some(delivery) = self.try_next() {
                return Some(delivery);
            }
            if closed {
                return None;
            }
            more.await;
        }
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Delivery> {
        let delivery = self.events.0.after(self.seen)?;
        self.seen = match &delivery {
            Delivery::Event(event) => event.id,
            Delivery::Lagged(missed) => self.seen + missed,
        };
        Some(delivery)
    }
}

impl Clone for EventStream {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.events.0), self.seen, self.hold.ledger())
    }
}
