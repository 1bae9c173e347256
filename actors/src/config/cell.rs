//! The state of a config server, which outlives its actor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_supervisors::{Hold, Namespace};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ConfigError;
use super::audience::{Audience, ConfigEvents};
use super::cache::Cache;
use super::event::ConfigEvent;
use super::guards::Guards;
use super::path::ConfigPath;
use super::snapshot::Snapshot;

/// What readers, subscribers and all incarnations of the actor share.
#[derive(Debug)]
pub(crate) struct Cell {
    current: ArcSwap<Snapshot>,
    /// Held while the current snapshot is replaced, so that a subscriber gets all that comes after the version it has seen. Never
    /// held for reading the configuration.
    audience: Mutex<Audience>,
    /// When the present incarnation of the actor was started.
    started: Mutex<Option<Instant>>,
    closed: Notify,
    pub(crate) cache: Cache,
    guards: ArcSwap<Guards>,
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Cell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.audience().close();
        self.0.closed.notify_waiters();
    }
}

impl Cell {
    pub(crate) fn new(first: Snapshot) -> Self {
        Self {
            current: ArcSwap::from_pointee(first),
            audience: Mutex::default(),
            started: Mutex::default(),
            closed: Notify::new(),
            cache: Cache::default(),
            guards: ArcSwap::from_pointee(Guards::none()),
        }
    }

    /// The configuration as it is now, without waiting for anybody.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Looks at the configuration as it is now, without touching a counter that all readers share.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.current.load())
    }

    /// What changes go through.
    pub(crate) fn guards(&self) -> Arc<Guards> {
        self.guards.load_full()
    }

    /// Changes go through these from now on; those that are under way go on as they are.
    pub(crate) fn set_guards(&self, guards: Guards, namespace: &Namespace) {
        let guards = Arc::new(guards);
        let before = self.guards.swap(Arc::clone(&guards));
        guards.replace(&before, namespace);
    }

    /// A poisoned lock is taken all the same: every change made under it is whole before anything can panic.
    pub(crate) fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `next` the configuration, and tells the subscribers. Only the actor does, and there is one at a time.
    pub(crate) fn commit(&self, next: Snapshot, event: &ConfigEvent) {
        let audience = self.audience();
        self.current.store(Arc::new(next));
        audience.tell(event);
    }

    /// Takes over what an incarnation of the actor, just started, goes by.
    pub(crate) fn adopt(&self, snapshot: Snapshot) {
        let audience = self.audience();
        self.current.store(Arc::new(snapshot));
        drop(audience);
    }

    pub(crate) fn subscribe(
        self: &Arc<Self>,
        prefix: ConfigPath,
        hold: Hold,
    ) -> Result<ConfigEvents, ConfigError> {
        let mut audience = self.audience();
        let (version, max) = self.read(|now| (now.version(), now.plan().limits.subscribers_max));
        audience.join(prefix, max, version, Arc::downgrade(self), hold)
    }

    pub(crate) fn set_started(&self, at: Instant) {
        *self.started() = Some(at);
    }

    pub(crate) fn uptime(&self) -> Option<Duration> {
        self.started().map(|at| at.elapsed())
    }

    fn started(&self) -> MutexGuard<'_, Option<Instant>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the namespace has ended.
    pub(crate) async fn closed(&self) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            // Registered before it is looked, so that an end in between is not missed.
            closed.as_mut().enable();
            if self.audience().is_closed() {
                return;
            }
            closed.await;
        }
    }
}
