//! What a breaker has around it: listeners, and a keeper to call.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mainstay_specs::{NamespaceName, ServiceName};
use mainstay_supervisors::{Hold, Ledger, Namespace};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, broadcast};

use super::cell::Cell;
use super::event::{CircuitEvent, CircuitEventKind};
use super::signals::Signals;

/// How many events a subscriber may be behind before it loses the oldest.
pub const EVENTS_BACKLOG: usize = 256;

/// What the breakers of a namespace share, or one has that stands alone.
#[derive(Debug)]
pub(crate) struct Post {
    namespace: Option<NamespaceName>,
    signals: Signals,
    /// None once the namespace has ended.
    events: Mutex<Option<broadcast::Sender<CircuitEvent>>>,
    ledger: Ledger,
    seeds: AtomicU64,
    /// There is a keeper.
    kept: AtomicBool,
    /// Which breakers follow whom, each once.
    followers: Mutex<Vec<(ServiceName, Weak<Cell>)>>,
    /// Breakers that the keeper is to look at, each once.
    waiting: Mutex<Vec<Weak<Cell>>>,
    called: Notify,
}

impl Post {
    /// Of a breaker that stands alone.
    pub(crate) fn alone(seed: u64) -> Arc<Self> {
        Self::new(None, Signals::default(), Ledger::default(), seed)
    }

    /// Of the breakers of a namespace.
    pub(crate) fn of(namespace: &Namespace, seed: u64) -> Arc<Self> {
        let (name, ledger) = (namespace.name().clone(), namespace.ledger().clone());
        Self::new(Some(name), Signals::new(namespace), ledger, seed)
    }

    fn new(
        namespace: Option<NamespaceName>,
        signals: Signals,
        ledger: Ledger,
        seed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            namespace,
            signals,
            events: Mutex::new(Some(broadcast::channel(EVENTS_BACKLOG).0)),
            kept: AtomicBool::new(false),
            followers: Mutex::default(),
            ledger,
            seeds: AtomicU64::new(seed),
            waiting: Mutex::default(),
            called: Notify::new(),
        })
    }

    pub(crate) const fn namespace(&self) -> Option<&NamespaceName> {
        self.namespace.as_ref()
    }

    /// The seed of one more breaker.
    pub(crate) fn seed(&self) -> u64 {
        self.seeds.fetch_add(1, Ordering::Relaxed)
    }

    #[track_caller]
    pub(crate) fn subscribe(&self) -> CircuitEvents {
        let hold = self.ledger.hold("circuit breaker events", "all breakers");
        let events = match &*lock(&self.events) {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1, // It has ended as well.
        };
        CircuitEvents {
            events,
            _hold: hold,
        }
    }

    fn send(&self, event: CircuitEvent) {
        let sender = lock(&self.events).clone();
        if let Some(sender) = sender {
            // That nobody listens is no fault.
            sender.send(event).ok();
        }
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        let sender = lock(&self.events).take();
        drop(sender);
    }

    /// Says whether there is a keeper. What is due while there is none, the next one looks for itself.
    pub(crate) fn set_kept(&self, kept: bool) {
        self.kept.store(kept, Ordering::SeqCst);
    }

    /// Calls the keeper to this breaker, if there is one.
    pub(crate) fn attend(&self, cell: &Cell) {
        if self.kept.load(Ordering::SeqCst) && !cell.waiting.swap(true, Ordering::AcqRel) {
            lock(&self.waiting).push(Weak::clone(&cell.me));
            self.called.notify_one();
        }
    }

    /// A breaker follows whoever has this name, and nobody else.
    pub(crate) fn follow(&self, name: ServiceName, cell: &Arc<Cell>) {
        let mut followers = lock(&self.followers);
        followers.retain(|(_, other)| {
            let other = other.upgrade();
            other.is_some_and(|other| !Arc::ptr_eq(&other, cell))
        });
        followers.push((name, Arc::downgrade(cell)));
        drop(followers);
        self.called.notify_one();
    }

    /// Which breakers follow whom.
    pub(crate) fn followers(&self) -> Vec<(ServiceName, Arc<Cell>)> {
        let followers = lock(&self.followers);
        let alive =
            |(name, cell): &(ServiceName, Weak<Cell>)| Some((name.clone(), cell.upgrade()?));
        followers.iter().filter_map(alive).collect()
    }

    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Those that the keeper was called to since this was last asked.
    pub(crate) fn take_waiting(&self) -> Vec<Arc<Cell>> {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        let cells: Vec<_> = waiting.iter().filter_map(Weak::upgrade).collect();
        for cell in &cells {
            cell.waiting.store(false, Ordering::Release);
        }
        cells
    }
}

impl Cell {
    /// Tells listeners what has happened: the one place where that is done. No lock is held meanwhile.
    pub(super) fn tell(&self) {
        self.outbox.empty(|kind, gauge| {
            let event = CircuitEvent {
                namespace: self.post.namespace.clone(),
                name: self.name.clone(),
                key: self.key.as_deref().map(str::to_owned),
                kind,
            };
            log(&event);
            self.post.send(event.clone());
            // Last, as handlers are called by it, here and now.
            self.post.signals.tell(&event, gauge);
        });
    }
}

/// A poisoned lock is taken all the same: what is under it is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log(event: &CircuitEvent) {
    let namespace = event.namespace.as_ref().map(NamespaceName::as_str);
    let (name, key) = (event.name.as_str(), event.key.as_deref());
    match event.kind {
        CircuitEventKind::Transition(step) => {
            let (from, to, cause) = (step.from.as_str(), step.to.as_str(), step.cause);
            tracing::info!(namespace, name, key, from, to, %cause, "circuit breaker");
        }
        CircuitEventKind::ProbesInconclusive { probes, .. } => {
            tracing::warn!(
                namespace,
                name,
                key,
                probes,
                "probes of a circuit breaker tell nothing"
            );
        }
        CircuitEventKind::Reconfigured { version, .. } => {
            tracing::info!(
                namespace,
                name,
                key,
                version,
                "circuit breaker reconfigured"
            );
        }
    }
}

/// The subscriber was too slow: it has missed this many events, the oldest of those that waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were missed")]
#[allow(clippy::exhaustive_structs)]
pub struct Lagged(pub u64);

/// The events of breakers: a stream with a bounded queue.
///
/// Those of one breaker come in order, each once. It goes on over crashes of the keeper, and ends with the namespace. While it is
/// there it is noted in the namespace's [`Ledger`](mainstay_supervisors::Ledger).
#[derive(Debug)]
pub struct CircuitEvents {
    events: broadcast::Receiver<CircuitEvent>,
    _hold: Hold,
}

impl CircuitEvents {
    /// The next event; `None` once there can be no more.
    ///
    /// # Errors
    ///
    /// [`Lagged`] with the number of events that were lost, if more than [`EVENTS_BACKLOG`] were waiting.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Result<CircuitEvent, Lagged>> {
        match self.events.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    ///
    /// [`Lagged`], as of [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<CircuitEvent, Lagged>> {
        match self.events.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
