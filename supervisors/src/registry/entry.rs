//! What is registered under a key.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::{Key, Registry, Value};
use crate::process::Process;

pub(crate) struct Entry<V> {
    pub(crate) id: u64,
    pub(crate) process: Process,
    value: ArcSwap<V>,
    released: AtomicBool,
}

impl<V: Value> Entry<V> {
    pub(super) fn new(id: u64, process: Process, value: V) -> Self {
        Self {
            id,
            process,
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

/// The entries of one key: never empty. Changed by replacing it, so that readers see it whole.
pub(super) enum Bucket<V> {
    One(Arc<Entry<V>>),
    Many(Arc<[Arc<Entry<V>>]>),
}

impl<V> Clone for Bucket<V> {
    fn clone(&self) -> Self {
        match self {
            Self::One(entry) => Self::One(Arc::clone(entry)),
            Self::Many(entries) => Self::Many(Arc::clone(entries)),
        }
    }
}

impl<V> Bucket<V> {
    pub(super) fn with(others: Option<Self>, entry: Arc<Entry<V>>) -> Self {
        match others {
            None => Self::One(entry),
            Some(others) => Self::Many(others.entries().into_iter().chain([entry]).collect()),
        }
    }

    pub(super) fn first(&self) -> Option<&Arc<Entry<V>>> {
        match self {
            Self::One(entry) => Some(entry),
            Self::Many(entries) => entries.first(),
        }
    }

    pub(super) fn entries(&self) -> Vec<Arc<Entry<V>>> {
        match self {
            Self::One(entry) => vec![Arc::clone(entry)],
            Self::Many(entries) => entries.to_vec(),
        }
    }

    /// Takes one entry out: gives it, and what is left.
    pub(super) fn without(&self, id: u64) -> Option<(Arc<Entry<V>>, Option<Self>)> {
        let mut entries = self.entries();
        let index = entries.iter().position(|entry| entry.id == id)?;
        let removed = entries.remove(index);
        let left = match entries.len() {
            0 => None,
            1 => entries.pop().map(Self::One),
            _ => Some(Self::Many(entries.into())),
        };
        Some((removed, left))
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
