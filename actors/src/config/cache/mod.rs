//! Values that were decoded, to be had again without decoding them.
//!
//! A map that never changes is replaced by another: readers take no lock, and as values are decoded once for each change of them, what
//! it takes to add one matters little. An entry is believed as long as the version of its path is the one it was decoded from.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::path::ConfigPath;

/// What a reader decodes to, whatever that is.
type Decoded = Arc<dyn Any + Send + Sync>;

/// What the cache of a config server has let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCleared {
    /// How many values.
    pub entries: u64,
    /// How much they were, as [`Document::bytes`](super::Document::bytes) counts what they were decoded from. Whoever holds one of
    /// them still does.
    pub bytes: u64,
}

/// Decoded values, by path and type.
#[derive(Default)]
pub(crate) struct Cache(ArcSwap<Entries>);

#[derive(Clone, Default)]
struct Entries {
    of: HashMap<ConfigPath, Vec<Arc<Entry>>>,
    len: usize,
}

struct Entry {
    kind: TypeId,
    value: Decoded,
    /// The version of what lies at the path that it was decoded from.
    version: u64,
    bytes: u64,
    /// It was asked for since idle entries were last let go.
    used: AtomicBool,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("len", &self.len()).finish()
    }
}

impl Cache {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.0.load().len
    }

    /// The value at a path, if it was decoded from this version of what lies there.
    pub(crate) fn get<T: Send + Sync + 'static>(
        &self,
        path: &ConfigPath,
        version: u64,
    ) -> Option<Arc<T>> {
        let entries = self.0.load();
        let entry = entries.find(path, TypeId::of::<T>())?;
        if entry.version != version {
            return None;
        }
        // Written once, so that readers do not take the line from each other.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Arc::clone(&entry.value).downcast().ok()
    }

    /// Keeps a value that was decoded from this version, if there is room. Where there is none, whatever `is_stale` says is let go.
    pub(crate) fn put<T: Send + Sync + 'static>(
        &self,
        path: &ConfigPath,
        version: u64,
        (value, bytes): (Arc<T>, u64),
        max: u32,
        is_stale: impl Fn(&ConfigPath, u64) -> bool,
    ) {
        let entry = Arc::new(Entry {
            kind: TypeId::of::<T>(),
            value,
            version,
            bytes,
            used: AtomicBool::new(true),
        });
        self.0.rcu(|present| {
            let mut next = Entries::clone(present);
            let is_new = next.find(path, entry.kind).is_none();
            if is_new && next.len >= max as usize {
                next.keep(|path, entry| !is_stale(path, entry.version));
            }
            if !is_new || next.len < max as usize {
                next.put(path, &entry);
            }
            next
        });
    }

    /// Lets go all values.
    pub(crate) fn clear(&self) -> CacheCleared {
        self.0.swap(Arc::default()).size()
    }

    /// Lets go the values that nobody has asked for since this was last done, and those that are stale.
    pub(crate) fn clear_idle(&self, is_stale: impl Fn(&ConfigPath, u64) -> bool) -> CacheCleared {
        let keeps = |path: &ConfigPath, entry: &Entry| {
            entry.used.load(Ordering::Relaxed) && !is_stale(path, entry.version)
        };
        let mut kept = CacheCleared::default();
        let before = self.0.rcu(|present| {
            let mut next = Entries::clone(present);
            next.keep(keeps);
            kept = next.size();
            next
        });
        for entry in self.0.load().of.values().flatten() {
            entry.used.store(false, Ordering::Relaxed);
        }
        let all = before.size();
        CacheCleared {
            entries: all.entries.saturating_sub(kept.entries),
            bytes: all.bytes.saturating_sub(kept.bytes),
        }
    }
}

impl Entries {
    fn find(&self, path: &ConfigPath, kind: TypeId) -> Option<&Arc<Entry>> {
        self.of.get(path)?.iter().find(|entry| entry.kind == kind)
    }

    /// In place of the one of the same path and type, unless that is of a later version.
    fn put(&mut self, path: &ConfigPath, entry: &Arc<Entry>) {
        let list = self.of.entry(path.clone()).or_default();
        match list.iter_mut().find(|present| present.kind == entry.kind) {
            Some(present) if present.version > entry.version => {}
            Some(present) => *present = Arc::clone(entry),
            None => {
                list.push(Arc::clone(entry));
                self.len += 1;
            }
        }
    }

    fn keep(&mut self, keeps: impl Fn(&ConfigPath, &Entry) -> bool) {
        self.of.retain(|path, list| {
            list.retain(|entry| keeps(path, entry));
            !list.is_empty()
        });
        self.len = self.of.values().map(Vec::len).sum();
    }

    fn size(&self) -> CacheCleared {
        CacheCleared {
            entries: self.len as u64,
            bytes: self.of.values().flatten().map(|entry| entry.bytes).sum(),
        }
    }
}

#[cfg(test)]
mod tests;
