//! What is registered under a key.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;

use super::{Key, Keys, Registry, Value};
use crate::process::Process;

pub(crate) struct Entry<V> {
    pub(crate) id: u64,
    pub(crate) process: Process,
    pub(super) made_at: &'static Location<'static>,
    value: ArcSwap<V>,
    released: AtomicBool,
}

impl<V: Value> Entry<V> {
    pub(super) fn new(
        id: u64,
        process: Process,
        value: V,
        made_at: &'static Location<'static>,
    ) -> Self {
        Self {
            id,
            process,
            made_at,
            value: ArcSwap::from_pointee(value),
            released: AtomicBool::new(false),
        }
    }

    pub(super) fn value(&self) -> V {
        V::clone(&self.value.load())
    }

    /// New and old. Callers hold the writer's lock, so that no change is lost.
    pub(super) fn update(&self, change: impl FnOnce(&V) -> V) -> (V, V) {
        let old = self.value();
        let new = change(&old);
        self.value.store(Arc::new(new.clone()));
        (new, old)
    }

    pub(super) fn release(&self) {
        self.released.store(true, Ordering::Release);
    }

    /// Whether the entry is still in its registry.
    pub(crate) fn is_current(&self) -> bool {
        !self.released.load(Ordering::Acquire)
    }
}

/// The entries of one key. Removed from the map with its last entry.
pub(super) enum Bucket<V> {
    /// Of a unique key. The process is here once more, so that a lookup has one memory access less to wait for.
    One(Process, Arc<Entry<V>>),
    /// Of a shared key: by number, which is the order of registration.
    Many(RwLock<BTreeMap<u64, Arc<Entry<V>>>>),
}

/// An entry that was taken out, and how many are left.
pub(super) struct Removed<V> {
    pub(super) entry: Arc<Entry<V>>,
    pub(super) left: usize,
}

impl<V> Bucket<V> {
    pub(super) fn new(keys: Keys, entry: &Arc<Entry<V>>) -> Self {
        match keys {
            Keys::Unique => Self::One(entry.process.clone(), Arc::clone(entry)),
            Keys::Duplicate => Self::Many(RwLock::new([(entry.id, Arc::clone(entry))].into())),
        }
    }

    /// The owner, if the key is unique.
    pub(super) const fn owner(&self) -> Option<&Process> {
        match self {
            Self::One(process, _) => Some(process),
            Self::Many(_) => None,
        }
    }

    /// Adds an entry to a shared key.
    pub(super) fn add(&self, entry: &Arc<Entry<V>>) {
        if let Self::Many(entries) = self {
            write(entries).insert(entry.id, Arc::clone(entry));
        }
    }

    pub(super) fn remove(&self, id: u64) -> Option<Removed<V>> {
        let (entry, left) = match self {
            Self::One(_, entry) => ((entry.id == id).then(|| Arc::clone(entry))?, 0),
            Self::Many(entries) => {
                let mut entries = write(entries);
                (entries.remove(&id)?, entries.len())
            }
        };
        Some(Removed { entry, left })
    }

    pub(super) fn first_process(&self) -> Option<Process> {
        match self {
            Self::One(process, _) => Some(process.clone()),
            Self::Many(_) => self.first().map(|entry| entry.process.clone()),
        }
    }

    pub(super) fn first(&self) -> Option<Arc<Entry<V>>> {
        match self {
            Self::One(_, entry) => Some(Arc::clone(entry)),
            Self::Many(entries) => read(entries).values().next().cloned(),
        }
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Entry<V>>> {
        match self {
            Self::One(_, entry) => (entry.id == id).then(|| Arc::clone(entry)),
            Self::Many(entries) => read(entries).get(&id).cloned(),
        }
    }

    pub(super) fn entries(&self) -> Vec<Arc<Entry<V>>> {
        match self {
            Self::One(_, entry) => vec![Arc::clone(entry)],
            Self::Many(entries) => read(entries).values().cloned().collect(),
        }
    }
}

/// Poisoned or not: no user code runs under it.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// What is registered, as it is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryEntry<K, V> {
    /// The key.
    pub key: K,
    /// The process that holds it.
    pub process: Process,
    /// The value.
    pub value: V,
    /// Where the process was registered; if by the name in its spec, where its [`Child`](crate::Child) was made.
    pub made_at: &'static Location<'static>,
}

/// Such as `"poller", held by app/children/poller #7, registered at src/poller.rs:12:9`.
impl<K: fmt::Debug, V> fmt::Display for RegistryEntry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, process, made_at) = (&self.key, &self.process, self.made_at);
        write!(f, "{key:?}, held by {process}, registered at {made_at}")
    }
}

/// The proof that a process holds a key. Dropping it changes nothing: the key is held until the process ends, or
/// [`release`](Self::release) is called.
pub struct Registration<K, V> {
    registry: Registry<K, V>,
    key: K,
    entry: Arc<Entry<V>>,
}

impl<K: Key, V: Value> Registration<K, V> {
    pub(super) const fn new(registry: Registry<K, V>, key: K, entry: Arc<Entry<V>>) -> Self {
        Self {
            registry,
            key,
            entry,
        }
    }

    /// The key.
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// The process that holds it.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.entry.process
    }

    /// Where the process was registered.
    #[must_use]
    pub fn made_at(&self) -> &'static Location<'static> {
        self.entry.made_at
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> V {
        self.entry.value()
    }

    /// Whether it still holds.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.entry.is_current()
    }

    /// Gives the key up; false if it was lost already.
    pub fn release(&self) -> bool {
        self.registry.release(&self.key, &self.entry)
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Registration<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &self.key)
            .field("process", &self.entry.process)
            .finish_non_exhaustive()
    }
}
