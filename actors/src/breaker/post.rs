//! What a breaker has around it: listeners, and a keeper to call.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mainstay_specs::{NamespaceName, ServiceName};
use mainstay_supervisors::{Ledger, Namespace, Pid, WeakNamespace};
use tokio::sync::Notify;

use super::cell::Cell;
use super::event::{CircuitEvent, CircuitEventKind};
use super::follow::Followers;
use super::queue::{CircuitEvents, EVENTS_BACKLOG, Queue};
use super::signals::Signals;

/// What the breakers of a namespace share, or one has that stands alone.
#[derive(Debug)]
pub(crate) struct Post {
    /// None of a breaker that stands alone.
    home: Option<Home>,
    signals: Signals,
    events: Queue,
    /// How many events may wait for a subscriber, of streams to come.
    backlog: AtomicUsize,
    ledger: Ledger,
    seeds: AtomicU64,
    pub(super) followers: Followers,
    /// Breakers that the keeper is to look at, each once. They wait for the next one if there is none.
    waiting: Mutex<Vec<Weak<Cell>>>,
    called: Notify,
    /// The keeper relies on timers also on a clock that stands still.
    #[cfg(test)]
    pub(super) relies: std::sync::atomic::AtomicBool,
}

#[derive(Debug)]
struct Home {
    name: NamespaceName,
    namespace: WeakNamespace,
}

impl Post {
    /// Of a breaker that stands alone.
    pub(crate) fn alone(seed: u64) -> Arc<Self> {
        Self::new(None, Signals::default(), Ledger::default(), seed)
    }

    /// Of the breakers of a namespace.
    pub(crate) fn of(namespace: &Namespace, seed: u64) -> Arc<Self> {
        let home = Home {
            name: namespace.name().clone(),
            namespace: namespace.downgrade(),
        };
        let ledger = namespace.ledger().clone();
        Self::new(Some(home), Signals::new(namespace), ledger, seed)
    }

    fn new(home: Option<Home>, signals: Signals, ledger: Ledger, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            home,
            signals,
            events: Queue::default(),
            backlog: AtomicUsize::new(EVENTS_BACKLOG),
            ledger,
            seeds: AtomicU64::new(seed),
            followers: Followers::default(),
            waiting: Mutex::default(),
            called: Notify::new(),
            #[cfg(test)]
            relies: std::sync::atomic::AtomicBool::new(false),
        })
    }

    pub(crate) fn namespace(&self) -> Option<&NamespaceName> {
        self.home.as_ref().map(|home| &home.name)
    }

    /// The present incarnation of whoever has this name.
    pub(crate) fn whereis(&self, name: &ServiceName) -> Option<Pid> {
        let namespace = self.home.as_ref()?.namespace.upgrade()?;
        Some(namespace.whereis(name.as_str())?.pid())
    }

    /// The seed of one more breaker.
    pub(crate) fn seed(&self) -> u64 {
        self.seeds.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_backlog(&self, events: u32) {
        let events = usize::try_from(events).unwrap_or(usize::MAX);
        self.backlog.store(events, Ordering::Relaxed);
    }

    /// A stream of the events of all.
    #[track_caller]
    pub(crate) fn subscribe(&self) -> CircuitEvents {
        let hold = self.ledger.hold("circuit breaker events", "all breakers");
        let backlog = self.backlog.load(Ordering::Relaxed);
        self.events.subscribe(backlog, hold)
    }

    /// A stream of the events of this one.
    #[track_caller]
    pub(crate) fn subscribe_to(&self, cell: &Cell) -> CircuitEvents {
        let hold = self.ledger.hold("circuit breaker events", cell.label());
        let backlog = self.backlog.load(Ordering::Relaxed);
        cell.events.subscribe(backlog, hold)
    }

    /// Ends the streams of all.
    pub(crate) fn close(&self) {
        self.events.close();
    }

    /// Calls the keeper to this breaker.
    pub(crate) fn attend(&self, cell: &Cell) {
        if self.home.is_some() && !cell.waiting.swap(true, Ordering::AcqRel) {
            let mut waiting = lock(&self.waiting);
            if waiting.len() == waiting.capacity() {
                // Without a keeper, those that are gone would be kept for ever.
                waiting.retain(|other| other.strong_count() > 0);
            }
            waiting.push(Weak::clone(&cell.me));
            drop(waiting);
            self.called.notify_one();
        }
    }

    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Those that the keeper was called to since this was last asked. To be [answered](Cell::is_attended) one by one: whoever
    /// has one in hand holds it.
    pub(crate) fn take_waiting(&self) -> Vec<Weak<Cell>> {
        std::mem::take(&mut *lock(&self.waiting))
    }
}

impl Cell {
    /// The keeper has come: from here on it is called anew.
    pub(super) fn is_attended(&self) {
        self.waiting.store(false, Ordering::Release);
    }

    /// Its name, with its key if it has one.
    fn label(&self) -> String {
        match &self.key {
            Some(key) => format!("{}/{key}", self.name),
            None => self.name.to_string(),
        }
    }

    /// Tells listeners what has happened: the one place where that is done. No lock is held meanwhile.
    pub(super) fn tell(&self) {
        self.outbox.empty(|kind, gauge| {
            let event = CircuitEvent {
                namespace: self.post.namespace().cloned(),
                name: self.name.clone(),
                key: self.key.as_deref().map(str::to_owned),
                kind,
            };
            // Before anything else of others is called by it, which might panic.
            self.events.send(&event);
            self.post.events.send(&event);
            log(&event);
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
